"""Paragraphs, headings, lists, quotes, rules and formulas: everything that flows.

Main thread. List markers, quote bars and the ground of inline code are painted, not part of the
document: they mirror for right-to-left paragraphs and never end up in a selection twice.
"""

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from app.ui.theme import color, paint_icon
from app.ui.transcript.blocks import (
    Block,
    Marks,
    baseline,
    code_boxes,
    line_top,
    paint_bars,
    paint_code_boxes,
    paint_scroll,
    set_text_width,
)
from app.ui.transcript.document import Document
from app.ui.transcript.formats import Look
from app.ui.transcript.formulas import Typesetter
from app.ui.transcript.leaves import (
    Capped,
    Code,
    Inside,
    Leaf,
    Table,
    Text,
    Within,
    same_start,
    shared_quotes,
)
from app.ui.transcript.writing import Writer

_BULLETS = ("•", "◦", "▪")


class Prose(Block):
    def __init__(
        self, look: Look, leaves: tuple[Leaf, ...], typesetter: Typesetter, scale: float
    ) -> None:
        super().__init__(look)
        self.leaves = leaves
        self.document = Document(look.font)
        self.document.setIndentWidth(look.indent)
        self._writer = Writer(self.document, look, typesetter, scale)
        self.written = self._writer.prose(leaves)
        self._changed = 0  # the first character that reads otherwise than before
        self._content = 0.0
        self._code_boxes: list[QRectF] = []

    def grow(self, leaves: tuple[Leaf, ...]) -> bool:
        kept = same_start(self.leaves, leaves)
        if kept == len(leaves) or isinstance(leaves[0], (Code, Table, Capped)):
            return False
        self._changed = self._first_change(leaves[kept], kept)
        self.leaves, self.width = leaves, -1.0
        self.written = self._writer.prose(leaves, kept)
        return True

    def _first_change(self, leaf: Leaf, number: int) -> int:
        assert self.document is not None
        if number == len(self.written.starts):
            return self.document.length
        at, old = self.written.starts[number], self.leaves[number]
        if not isinstance(leaf, Text) or not isinstance(old, Text):
            return at
        if replace(leaf, spans=old.spans) != old or self.written.pending:
            return at  # it may stand elsewhere now, or have pictures where TeX was
        pieces = (piece for piece in self.written.pieces if piece.leaf == number)
        for piece, span in zip(pieces, leaf.spans, strict=False):
            longer = replace(piece.span, text=span.text) == span and span.kind == "text"
            if piece.span != span and not (longer and span.text.startswith(piece.span.text)):
                break
            at = piece.end
            if piece.span != span:
                break
        return at

    def layout(self, width: float) -> None:
        assert self.document is not None
        self.width = width
        set_text_width(self.document, width)
        size = self.document.size()
        self.height, self._content = size.height(), size.width()
        self.natural = self.document.idealWidth()
        self._code_boxes = code_boxes(self.document, self.written, self.look)
        self.scrolled = min(self.scrolled, self.overflow)
        self.changed_from = line_top(self.document, self._changed)

    @property
    def overflow(self) -> float:
        """A formula may be wider than the column."""
        over = self._content - self.width
        return over if over > 1 else 0.0

    @property
    def origin(self) -> QPointF:
        return QPointF(-self.scrolled, 0)

    def paint(self, painter: QPainter, marks: Marks) -> None:
        assert self.document is not None
        clip = QRectF(0, 0, self.width, self.height)
        first = self.document.firstBlock()
        box = self.document.documentLayout().blockBoundingRect(first)
        self.paint_bars_around(
            painter,
            height=box.bottom(),
            mirrored=first.textDirection() == Qt.LayoutDirection.RightToLeft,
        )
        for index, leaf in enumerate(self.leaves):
            if leaf.within:
                self._containers(painter, index, leaf.within)
        paint_code_boxes(painter, self.look, self._code_boxes)
        if self.overflow:
            painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
        self.draw_document(painter, marks, clip)
        paint_scroll(painter, self.look, self, clip)

    def _containers(self, painter: QPainter, index: int, within: Within) -> None:
        assert self.document is not None
        start = self.written.starts[index]
        if index:
            layout = self.document.documentLayout()
            block = self.document.findBlock(start)
            box = layout.blockBoundingRect(block)
            shared = shared_quotes(self.leaves[index - 1].within, within)
            gap = box.top() - layout.blockBoundingRect(block.previous()).bottom()
            box.setWidth(self.width)
            box.moveLeft(0)
            mirrored = block.textDirection() == Qt.LayoutDirection.RightToLeft
            paint_bars(painter, self.look, within, box, gap=gap, shared=shared, mirrored=mirrored)
        for level, inside in enumerate(within):
            if inside.first:
                self._marker(painter, start, level, inside, within)

    def _marker(
        self, painter: QPainter, start: int, level: int, inside: Inside, within: Within
    ) -> None:
        assert self.document is not None
        look, colors = self.look, self.look.theme.colors
        block = self.document.findBlock(start)
        point = baseline(self.document, start)
        gap = look.theme.px(7)
        offset = (len(within) - level - 1) * look.indent
        rtl = block.textDirection() == Qt.LayoutDirection.RightToLeft
        if inside.checked is not None:
            side = look.metrics.ascent() * 0.95
            x = self.width - point.x() if rtl else point.x() - offset - gap - side
            if rtl:
                x = self.width - look.indent * (level + 1) + gap
            self._box(painter, QRectF(x, point.y() - side * 0.88, side, side), inside.checked)
            return
        depth = sum(one.kind == "bullet" for one in within[: level + 1])
        text = _BULLETS[min(depth, 3) - 1] if inside.kind == "bullet" else inside.marker
        width = QFontMetricsF(look.font).horizontalAdvance(text)
        x = (
            self.width - look.indent * (level + 1) + gap
            if rtl
            else point.x() - offset - gap - width
        )
        painter.setFont(look.font)
        painter.setPen(color(colors.muted))
        painter.drawText(QPointF(x, point.y()), text)

    def _box(self, painter: QPainter, box: QRectF, checked: bool) -> None:
        colors = self.look.theme.colors
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color(colors.accent if checked else colors.faint), 1.3))
        painter.setBrush(color(colors.accent) if checked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 3, 3)
        if checked:
            inner = box.adjusted(1.5, 1.5, -1.5, -1.5)
            paint_icon(painter, "check", colors.on_accent, inner)
        painter.restore()
