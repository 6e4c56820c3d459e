"""One row of the list: the blocks of an item, laid out in the reading column.

Main thread. A row is built when it comes near the viewport and dropped when it is far away; its
key and its item stay. What a user said sits in a bubble no wider than its words.
"""

from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from app.ui.theme import color
from app.ui.transcript.blocks import Block
from app.ui.transcript.building import (
    Means,
    between,
    head_blocks,
    spaced,
    tail_blocks,
    text_block,
    text_blocks,
    wind_blocks,
)
from app.ui.transcript.building import chunks as block_chunks
from app.ui.transcript.cards import CodeCard
from app.ui.transcript.chrome import Footer
from app.ui.transcript.items import Item, MessageItem
from app.ui.transcript.leaves import Code, Group, Leaf
from app.ui.transcript.markdown import parse
from app.ui.transcript.selection import RowKey

_BUBBLE_SHARE = 0.86
_ROW_GAP = 18


class Row:
    def __init__(self, key: RowKey, item: Item) -> None:
        self.key = key
        self.item = item
        self.blocks: list[Block] = []
        self.built = False
        self.width = -1.0
        self.height = 0.0
        self.bubble: QRectF | None = None
        self._text_at = 0  # index of the first text block
        self._text_chunks: list[tuple[Leaf, ...]] = []

    def build(self, means: Means, *, last: bool) -> None:
        item = self.item
        self.width = -1.0
        self.built = True
        if not isinstance(item, MessageItem):
            self.blocks = wind_blocks(item, means)
            return
        head = head_blocks(item, means)
        groups = parse(item.text, breaks=item.role == "user")
        self._text_at = len(head)
        self._text_chunks = block_chunks(groups)
        text = text_blocks(groups, item.id, f"{self.key.part}.", means)
        self.blocks = [*head, *text, *tail_blocks(item, means, last=last)]

    def stream(self, item: MessageItem, groups: list[Group], means: Means) -> None:
        """Take the item's newest text, keeping every block that did not change."""
        if not self.built:
            self.build(means, last=True)
        self.item = item
        chunks = block_chunks(groups)
        old = self.blocks[self._text_at : self._text_at + len(self._text_chunks)]
        text: list[Block] = []
        for number, leaves in enumerate(chunks):
            kept = old[number] if number < len(old) else None
            text.append(self._updated(kept, leaves, number, means))
        head = head_blocks(item, means)
        self._text_at, self._text_chunks = len(head), chunks
        self.blocks = [*head, *spaced(text), *tail_blocks(item, means, last=True)]
        self.width = -1.0

    def _updated(
        self, kept: Block | None, leaves: tuple[Leaf, ...], number: int, means: Means
    ) -> Block:
        if kept is not None and kept.leaves == leaves:
            return kept
        leaf = leaves[0]
        if isinstance(kept, CodeCard) and isinstance(leaf, Code):
            kept.show(leaf)
            kept.width = -1.0
            return kept
        return text_block(leaves, self.item.id, f"{self.key.part}.{number}", means)

    def drop(self) -> None:
        self.blocks, self.built, self.width = [], False, -1.0

    @property
    def pending(self) -> bool:
        """Whether a formula of this row was still being drawn."""
        return any(block.written.pending for block in self.blocks)

    def layout(self, width: float, means: Means) -> None:
        px = means.look.theme.px
        bubbled = isinstance(self.item, MessageItem) and self.item.role == "user"
        pad = px(14) if bubbled else 0.0
        inner = width * _BUBBLE_SHARE - 2 * pad if bubbled else width
        body = [b for b in self.blocks if not isinstance(b, Footer)]
        for block in body:
            if block.width != inner:
                block.layout(inner)
        if bubbled:
            wanted = max((b.natural for b in body), default=0.0)
            fitting = min(inner, max(px(24), wanted + 1))
            for block in body:
                block.layout(fitting)
            inner = fitting
        left = width - inner - pad if bubbled else 0.0
        y = px(10) if bubbled else 0.0
        for before, block in zip([None, *body], body, strict=False):
            y += between(before, block)
            block.left, block.top = left, y
            y += block.height
        if bubbled:
            y += px(10)
            self.bubble = QRectF(left - pad, 0, inner + 2 * pad, y) if body else None
        for block in self.blocks:
            if isinstance(block, Footer):
                block.layout(width)
                block.left, block.top = 0.0, y + block.space_before
                y = block.top + block.height
        self.width, self.height = width, y + px(_ROW_GAP)

    def paint_bubble(self, painter: QPainter, means: Means) -> None:
        if self.bubble:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(means.look.theme.colors.bubble))
            painter.drawRoundedRect(self.bubble, 16, 16)

    def texts(self) -> Iterator[tuple[int, Block]]:
        """The blocks that can be selected."""
        return ((n, block) for n, block in enumerate(self.blocks) if block.document is not None)

    def block_at(self, point: QPointF) -> int | None:
        """The block under a point, or the nearest above it."""
        found = None
        for number, block in enumerate(self.blocks):
            if found is None or point.y() >= block.top:
                found = number
        return found
