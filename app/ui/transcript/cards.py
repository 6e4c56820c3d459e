"""Code cards: what is wider than the column scrolls sideways inside its own frame.

Main thread. A code card keeps its highlighter, so streaming text is coloured from the last line
that cannot change any more.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTextCursor

from app.ui.theme import CARD_RADIUS, SMALL, color, paint_icon
from app.ui.transcript.blocks import (
    Block,
    Marks,
    line_top,
    paint_scroll,
    set_text_width,
)
from app.ui.transcript.deeds import CopyText, Spot, Toggle
from app.ui.transcript.document import Document
from app.ui.transcript.formats import Look
from app.ui.transcript.items import SaveCode
from app.ui.transcript.leaves import Code, Leaf, Span
from app.ui.transcript.lexing import Highlighter, Lexers, tone_color
from app.ui.transcript.writing import Piece, Written, as_lines

FIRST_LINES = 300  # of a long listing; the rest comes on request


class CodeCard(Block):
    def __init__(
        self,
        look: Look,
        leaf: Code,
        lexers: Lexers,
        toggle: Callable[[str], Toggle],
        opened: frozenset[str],
    ) -> None:
        super().__init__(look)
        self._lexers = lexers
        self._toggle = toggle
        self._wrapped = "wrap" in opened
        self._whole = "whole" in opened
        self._changed = 0  # the first character that was written anew
        self.document = Document(look.mono, wrap=self._wrapped)
        self._begin(leaf)
        self.show(leaf)

    def _begin(self, leaf: Code) -> None:
        lexer = self._lexers.find(leaf.language)
        self._waits = lexer == "waiting"
        self._language = leaf.language
        self._highlighter = Highlighter(None if lexer == "waiting" else lexer)
        self._shown = ""

    def grow(self, leaves: tuple[Leaf, ...]) -> bool:
        leaf = leaves[0]
        if not isinstance(leaf, Code) or leaf.plain:
            return False
        self.show(leaf)
        self.width = -1.0
        return True

    def show(self, leaf: Code) -> None:
        """Show this code; only what may have changed since the last call is written again."""
        assert self.document is not None
        shown = self._visible_part(leaf.code)
        if self._waits or leaf.language != self._language or not shown.startswith(self._shown):
            self._begin(leaf)
        self.leaves = (leaf,)
        start, runs = self._highlighter.feed(shown)
        units = len(shown[:start].encode("utf-16-le", "surrogatepass")) // 2
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        self._changed = min(units, self.document.length)
        cursor.setPosition(self._changed)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        syntax = self.look.theme.syntax
        for text, tone in runs:
            cursor.insertText(as_lines(text), self.look.code(tone_color(syntax, tone)))
        cursor.endEditBlock()
        self._shown = shown
        end = self.document.length
        self.written = Written([Piece(0, end, 0, Span(shown, "code"))], [0], self._waits)

    def _visible_part(self, code: str) -> str:
        lines = code.split("\n", FIRST_LINES)
        self._hidden_lines = 0
        if self._whole or len(lines) <= FIRST_LINES:
            return code
        self._hidden_lines = lines[-1].count("\n") + 1
        return "\n".join(lines[:-1])

    @property
    def _header(self) -> float:
        return self.look.theme.px(32)

    @property
    def _inset(self) -> float:
        return len(self.leaves[0].within) * self.look.indent

    @property
    def origin(self) -> QPointF:
        pad = self.look.theme.px(14)
        return QPointF(self._inset + pad - self.scrolled, self._header + self.look.theme.px(10))

    @property
    def overflow(self) -> float:
        return max(0.0, self._content - self._body)

    def layout(self, width: float) -> None:
        assert self.document is not None
        px = self.look.theme.px
        self.width = width
        self._body = width - self._inset - 2 * px(14)
        set_text_width(self.document, self._body if self._wrapped else -1)
        size = self.document.size()
        self._content = size.width()
        self.natural = self._content + self._inset + 2 * px(14)
        more = px(30) if self._hidden_lines else 0
        self.height = self._header + px(20) + size.height() + more
        self.scrolled = min(self.scrolled, self.overflow)
        changed = self.origin.y() + line_top(self.document, self._changed)
        self.changed_from = changed if self._changed else 0.0

    def spots(self) -> list[Spot]:
        px = self.look.theme.px
        leaf = self.leaves[0]
        assert isinstance(leaf, Code)
        side = px(26)
        found: list[Spot] = []
        x = self.width - px(6)
        for deed, name, icon in (
            (CopyText(leaf.code), "Copy code", "copy"),
            (SaveCode(leaf.code, leaf.language), "Save code as a file", "save"),
            (self._toggle("wrap"), "Wrap long lines", "wrap"),
        ):
            x -= side
            found.append(Spot(QRectF(x, px(3), side, side), deed, name, icon))
        if self._hidden_lines:
            box = QRectF(self._inset, self.height - px(32), self.width - self._inset, px(30))
            label = f"Show {self._hidden_lines:,} more lines"
            found.append(Spot(box, self._toggle("whole"), label, label=label))
        return found

    def paint(self, painter: QPainter, marks: Marks) -> None:
        look, colors, px = self.look, self.look.theme.colors, self.look.theme.px
        whole = QRectF(0, 0, self.width, self.height)
        self.paint_bars_around(painter)
        frame = whole.adjusted(self._inset + 0.5, 0.5, -0.5, -0.5)
        paint_frame(painter, look, frame, marks.focused_block)
        painter.setFont(look.theme.font(SMALL))
        painter.setPen(color(colors.muted))
        head = QRectF(frame.left() + px(14), 0, frame.width() / 2, self._header)
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, self._language[:30] or "text")
        paint_spots(painter, look, self.spots(), marks)
        line = QPointF(frame.left(), self._header), QPointF(frame.right(), self._header)
        painter.setPen(QPen(color(colors.border), 1))
        painter.drawLine(*line)
        body = frame.adjusted(1, self._header, -1, -px(32) if self._hidden_lines else -1)
        painter.save()
        painter.setClipRect(body, Qt.ClipOperation.IntersectClip)
        self.draw_document(painter, marks, body)
        paint_scroll(painter, look, self, body)
        painter.restore()


def paint_frame(painter: QPainter, look: Look, frame: QRectF, focused: bool) -> None:
    colors = look.theme.colors
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color(colors.accent if focused else colors.border), 1))
    painter.setBrush(color(colors.code))
    painter.drawRoundedRect(frame, CARD_RADIUS, CARD_RADIUS)
    painter.restore()


def paint_spots(painter: QPainter, look: Look, spots: list[Spot], marks: Marks) -> None:
    """Quiet buttons: an icon or a label, a ground under the pointer, a ring when focused."""
    colors, px = look.theme.colors, look.theme.px
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(look.theme.font(SMALL))
    for spot in spots:
        hot, focused = spot.deed == marks.hot, spot.deed == marks.focused
        done = spot.deed == marks.done
        inner = spot.rect.adjusted(1, 1, -1, -1)
        if (hot and spot.enabled) or focused:
            painter.setPen(QPen(color(colors.accent), 1.5) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(color(colors.hover))
            painter.drawRoundedRect(inner, 6, 6)
        tint = colors.text if hot else colors.muted
        tint = colors.ready if done else tint if spot.enabled else colors.faint
        if spot.icon:
            side = px(16)
            box = QRectF(0, 0, side, side)
            box.moveCenter(spot.rect.center())
            if spot.label:
                box.moveLeft(spot.rect.left() + px(6))
            paint_icon(painter, "check" if done else spot.icon, tint, box)
        if spot.label:
            painter.setPen(color(tint))
            room = spot.rect.adjusted(px(28) if spot.icon else 0, 0, 0, 0)
            flags = Qt.AlignmentFlag.AlignVCenter
            if not spot.icon:
                flags |= Qt.AlignmentFlag.AlignHCenter
            painter.drawText(room, flags, spot.label)
    painter.restore()
