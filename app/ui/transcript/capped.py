"""Text past the caps: an excerpt with the reason, or, asked for, all of it as it is.

Main thread. Neither is parsed as Markdown; the characters are shown, wrapped, nothing else.
"""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QTextCursor

from app.ui.theme import SMALL, color, paint_icon
from app.ui.transcript.blocks import Block, Marks
from app.ui.transcript.caps import excerpt
from app.ui.transcript.cards import paint_frame, paint_spots
from app.ui.transcript.deeds import Spot, Toggle
from app.ui.transcript.document import Document
from app.ui.transcript.formats import Look
from app.ui.transcript.items import ItemId
from app.ui.transcript.leaves import Capped, Code, Span
from app.ui.transcript.writing import Piece, Written, as_lines

SHOW_ANYWAY = "anyway"


class PlainText(Block):
    """Characters as they are."""

    def __init__(self, look: Look, leaf: Code | Capped) -> None:
        super().__init__(look)
        self.leaves = (leaf,)
        shown = leaf.code if isinstance(leaf, Code) else excerpt(leaf.text)
        self.document = Document(look.font)
        QTextCursor(self.document).insertText(as_lines(shown), look.span(Span(""), 0, False))
        self.written = Written([Piece(0, self.document.length, 0, Span(shown, "code"))], [0])

    def layout(self, width: float) -> None:
        assert self.document is not None
        self.width = self.natural = width
        self.document.setTextWidth(width)
        self.height = self.document.size().height()

    def paint(self, painter: QPainter, marks: Marks) -> None:
        self.draw_document(painter, marks, QRectF(0, 0, self.width, self.height))


class CappedCard(PlainText):
    """The beginning of the text, why there is no more, and the way to see it all."""

    def __init__(self, look: Look, leaf: Capped, item: ItemId) -> None:
        super().__init__(look, leaf)
        self._reason, self._item = leaf.reason, item
        self._whole = excerpt(leaf.text) == leaf.text

    @property
    def _header(self) -> float:
        return self.look.theme.px(36)

    @property
    def origin(self) -> QPointF:
        return QPointF(self.look.theme.px(14), self._header + self.look.theme.px(8))

    def layout(self, width: float) -> None:
        pad = self.look.theme.px(14)
        super().layout(width - 2 * pad)
        self.width = self.natural = width
        self.height = self.height + self._header + self.look.theme.px(18)

    def spots(self) -> list[Spot]:
        if self._whole:
            return []
        px = self.look.theme.px
        label = "Show anyway"
        room = QFontMetricsF(self.look.theme.font(SMALL)).horizontalAdvance(label) + px(24)
        box = QRectF(self.width - room - px(5), px(5), room, px(26))
        return [Spot(box, Toggle(self._item, SHOW_ANYWAY), label, label=label)]

    def paint(self, painter: QPainter, marks: Marks) -> None:
        look, px = self.look, self.look.theme.px
        frame = QRectF(0.5, 0.5, self.width - 1, self.height - 1)
        paint_frame(painter, look, frame, marks.focused_block)
        muted = look.theme.colors.muted
        paint_icon(painter, "alert", muted, QRectF(px(12), px(10), px(16), px(16)))
        painter.setFont(look.theme.font(SMALL))
        painter.setPen(color(muted))
        words = QRectF(px(36), 0, self.width - px(36), self._header)
        shown = "shown as it was written" if self._whole else "only its beginning is shown"
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, f"{self._reason}: {shown}")
        paint_spots(painter, look, self.spots(), marks)
        painter.save()
        painter.setClipRect(frame, Qt.ClipOperation.IntersectClip)
        self.draw_document(painter, marks, frame)
        painter.restore()
