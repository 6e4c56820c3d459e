"""One row of the list: the blocks of an item, laid out in the reading column.

Main thread. A row is built when it comes near the viewport and dropped when it is far away; its
key and its item stay. What a user said sits in a bubble no wider than its words.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, zip_longest
from math import inf

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from app.ui.theme import color
from app.ui.transcript.blocks import Block
from app.ui.transcript.building import (
    REASONING,
    Flow,
    Means,
    between,
    head_blocks,
    quiet,
    quoted,
    tail_blocks,
    wind_blocks,
)
from app.ui.transcript.capped import SHOW_ANYWAY
from app.ui.transcript.caps import Part, link_definitions, parts
from app.ui.transcript.chrome import Fold, Footer
from app.ui.transcript.items import Item, MessageItem
from app.ui.transcript.leaves import Capped, Code, Group, Leaf, Table, Text, same_start
from app.ui.transcript.markdown import parse
from app.ui.transcript.pieces import in_pieces
from app.ui.transcript.selection import RowKey

_BUBBLE_SHARE = 0.86
_ROW_GAP = 10
_PART_GAP = 12
_AT_ONCE = 2  # pieces of a table
_PARAGRAPH = Text(())


class Row:
    def __init__(self, key: RowKey, item: Item, part: Part, definitions: str = "") -> None:
        self.key = key
        self.item = item
        self.blocks: list[Block] = []
        self.built = False
        self.streaming = False
        self.closes = True  # the last row of its item
        self.width = -1.0
        self.height = 0.0
        self.bubble: QRectF | None = None
        self.changed_from = 0.0  # what lies above looks as it did before the last layout
        self._part = part
        self._definitions = definitions
        self._text, self._thought = Flow(), Flow()
        self._in_place = 0  # so many blocks are, and lie, where the last layout put them
        self._laid_out = -1.0  # the width of that layout

    @property
    def text(self) -> str:
        return self._part.text

    def groups(self) -> list[Group]:
        """What the row's text means, whether the row is built or not."""
        part = self._part
        if part.plain:
            return [(Code(part.text, plain=True),)]
        if part.reason:
            return [(Capped(part.text, part.reason),)]
        breaks = isinstance(self.item, MessageItem) and self.item.role == "user"
        return _of_part(part, breaks=breaks, definitions=self._definitions)

    def build(self, means: Means, *, last: bool) -> None:
        item = self.item
        self.built = True
        self._text, self._thought = Flow(), Flow()
        if isinstance(item, MessageItem):
            self._fill(item, self.groups(), parse(item.reasoning), means, last=last)
        else:
            self.blocks, self.width = wind_blocks(item, means), -1.0

    def stream(
        self, item: MessageItem, groups: list[Group], thoughts: list[Group], means: Means
    ) -> None:
        """Take the item's newest text, keeping every block that did not change."""
        self.item, self._part = item, Part(item.text)
        self.built = self.streaming = True
        self._fill(item, groups, thoughts, means, last=True)

    def redraw_pending(self, means: Means) -> None:
        """Formulas were drawn, lexers loaded: write the blocks that wait for one again."""
        for flow in (self._text, self._thought):
            for number, block in enumerate(flow.blocks):
                if block.written.pending:
                    fresh = flow.made(number, means)
                    fresh.space_before = block.space_before
                    fresh.shared_quotes = block.shared_quotes
                    fresh.scrolled = block.scrolled
                    self.blocks[self.blocks.index(block)] = fresh
        self.width, self._in_place = -1.0, 0
        if self.pending:
            self.drop()  # inside a tool or a recalled passage: rare, so the row is built again

    def _fill(
        self,
        item: MessageItem,
        groups: list[Group],
        thoughts: list[Group],
        means: Means,
        *,
        last: bool,
    ) -> None:
        first = self.key.part == 0
        thought: list[Block] = []
        if first and REASONING in means.opened(item.id):
            thought = self._thought.follow(quoted(thoughts), item.id, "thought", quiet(means))
        head = head_blocks(item, thought, means) if first else []
        known = self.blocks[: len(head)]
        head = [_kept(old, new) for old, new in zip_longest(known, head) if new]
        text = self._text.follow(groups, item.id, f"{self.key.part}", means)
        if item.continues and text:
            text[0].space_before = text[0].look.space_before(text[0].leaves[0], _PARAGRAPH)
        tail = tail_blocks(item, means, last=last) if self.closes else []
        blocks = [*head, *text, *tail]
        above = len(head) - len(thought) + self._thought.kept if thought else inf
        same = same_start(self.blocks, blocks)
        self._in_place = int(min(self._in_place, same, above, len(head) + self._text.kept))
        self.blocks, self.width = blocks, -1.0

    def drop(self) -> None:
        self.blocks, self.built, self.width = [], False, -1.0
        self._text, self._thought, self._in_place = Flow(), Flow(), 0

    @property
    def pending(self) -> bool:
        """Whether a formula of this row was still being drawn."""
        return any(block.written.pending for block in self.blocks)

    def layout(self, width: float, means: Means) -> None:
        px = means.look.theme.px
        self._take_up_stale()
        bubbled = isinstance(self.item, MessageItem) and self.item.role == "user"
        pad = px(14) if bubbled else 0.0
        inner = width * _BUBBLE_SHARE - 2 * pad if bubbled else width
        grew = width == self._laid_out and not bubbled
        start = self._in_place if grew else 0
        fresh = next((block for block in self.blocks[start:] if block.width <= 0), None)
        body = [b for b in self.blocks[start:] if not isinstance(b, Footer)]
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
        above = self.blocks[start - 1] if start else None
        if above:
            y = above.top + above.height
        for before, block in zip([above, *body], body, strict=False):
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
        self._in_place, self._laid_out = len(self.blocks), width
        self.changed_from = _first_change(fresh) if grew and fresh else 0.0
        # Whole pixels, so that what is painted can be moved instead of painted again.
        self.width, self.height = width, float(round(y + px(self._gap)))

    def _take_up_stale(self) -> None:
        """The columns of a growing table have moved: its last pieces follow at once, and those
        above, which are likely out of sight, a few with each step."""
        stale = [number for number, block in enumerate(self.blocks) if block.stale]
        for number in stale[-_AT_ONCE:]:
            self.blocks[number].width = -1.0
            self._in_place = min(self._in_place, number)

    @property
    def _gap(self) -> float:
        if isinstance(self.item, MessageItem) and not self.item.footer:
            return 0.0  # each piece of a document keeps its distance itself
        if self._part.below:
            return 0.0  # the next one goes on with its table
        return _ROW_GAP if self.closes else _PART_GAP

    def paint_bubble(self, painter: QPainter, means: Means) -> None:
        if self.bubble:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(means.look.theme.colors.bubble))
            painter.drawRoundedRect(self.bubble, 16, 16)

    def text_blocks(self) -> list[Block]:
        """The blocks of the message's own text, without folds and footers."""
        return self._text.blocks

    def leaves(self) -> Iterable[Leaf]:
        """What its blocks show, whether the row is built or not."""
        if self.built:
            return chain.from_iterable(block.leaves for block in self.blocks)
        return in_pieces(chain.from_iterable(self.groups()))

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


def _first_change(block: Block) -> float:
    return block.top + (block.changed_from or -block.space_before)


def _kept(old: Block | None, new: Block) -> Block:
    """A fold that says the same as before is not laid out and painted again."""
    return old if old and isinstance(new, Fold) and new.same_as(old) else new


def _of_part(part: Part, *, breaks: bool, definitions: str) -> list[Group]:
    """What a part of a text means; rows in the middle of a table get its header to be read."""
    header = "\n".join([*part.above.split("\n", 2)[:2], ""]) if part.above else ""
    groups = parse(header + part.text, breaks=breaks, definitions=definitions)
    first = groups[0][0] if groups else None
    if part.above and isinstance(first, Table):
        sample = _parsed_sample(part.above, breaks, definitions)
        groups[0] = (replace(first, rows=first.rows[1:], sample=sample, continues=True),)
    last = groups[-1][-1] if groups else None
    if part.below and isinstance(last, Table):
        sample = _parsed_sample(part.below, breaks, definitions)
        groups[-1] = (replace(last, sample=sample, goes_on=True),)
    return groups


@lru_cache(8)
def _parsed_sample(text: str, breaks: bool, definitions: str) -> Table | None:
    leaf = parse(text, breaks=breaks, definitions=definitions)[0][0]
    return leaf if isinstance(leaf, Table) else None


def rows_of(item: Item, means: Means) -> list[Row]:
    """A long message is several rows, so that only its visible part is ever laid out."""
    if not isinstance(item, MessageItem):
        return [Row(RowKey(item.id), item, Part(item.label))]
    # A bubble is one: what a user said is not cut inside a table.
    tables = item.role != "user"
    pieces = parts(item.text, anyway=SHOW_ANYWAY in means.opened(item.id), tables=tables)
    definitions = link_definitions(item.text) if len(pieces) > 1 else ""
    rows = [Row(RowKey(item.id, n), item, part, definitions) for n, part in enumerate(pieces)]
    for row in rows[:-1]:
        row.closes = False
    return rows
