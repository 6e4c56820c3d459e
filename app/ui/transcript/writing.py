"""Leaves to text documents, through a cursor: no HTML exists on the way, so nothing is parsed.

Main thread. A `Written` says where each leaf and span ended up, so that painting can find inline
code, copying can find the TeX behind a picture, and a search hit its characters.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextImageFormat,
    QTextLength,
    QTextTable,
    QTextTableFormat,
)

from app.ui.theme import color
from app.ui.transcript.document import Document
from app.ui.transcript.formats import Look
from app.ui.transcript.formulas import Ask, Typesetter
from app.ui.transcript.leaves import Formula, Leaf, Rule, Span, Spans, Table, Text

_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute,
}
_LINE_SEPARATOR = "\u2028"


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Where one span lies: characters `start` to `end` of the document."""

    start: int
    end: int
    leaf: int
    span: Span
    cell: tuple[int, int] | None = None


class Written(msgspec.Struct):
    pieces: list[Piece] = []
    starts: list[int] = []  # first character of each leaf
    pending: bool = False  # a formula is still being drawn


class Writer:
    """Fills one document."""

    def __init__(
        self, document: Document, look: Look, typesetter: Typesetter, scale: float
    ) -> None:
        self._document = document
        self._look = look
        self._typesetter = typesetter
        self._scale = scale
        self._cursor = QTextCursor(document)
        self._written = Written()
        self._cell: tuple[int, int] | None = None

    def prose(self, leaves: tuple[Leaf, ...], kept: int = 0) -> Written:
        """Write these leaves; the first `kept` of them are there, what followed them goes."""
        self._cursor.beginEditBlock()
        reused = self._cut(kept)
        before = leaves[kept - 1] if kept else None
        for index, leaf in enumerate(leaves[kept:], kept):
            form = self._look.paragraph(leaf, before)
            if isinstance(leaf, Formula):
                form.setAlignment(Qt.AlignmentFlag.AlignHCenter)
                form.setLineHeight(0, QTextBlockFormat.LineHeightTypes.SingleHeight.value)
            if isinstance(leaf, Rule):
                full = QTextLength(QTextLength.Type.PercentageLength, 100)
                form.setProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth, full)
                form.setBackground(color(self._look.theme.colors.border))
            if reused:
                self._cursor.setBlockFormat(form)
                reused = False
            else:
                self._cursor.insertBlock(form)
            self._cursor.setBlockCharFormat(self._look.span(Span(""), 0, False))
            self._written.starts.append(self._cursor.position())
            self._leaf(index, leaf)
            before = leaf
        self._cursor.endEditBlock()
        return self._written

    def _cut(self, kept: int) -> bool:
        """Empty the paragraph of the first leaf that is not kept, if there is one."""
        written, end = self._written, QTextCursor.MoveOperation.End
        there = kept < max(1, len(written.starts))
        if written.starts[kept:]:
            self._cursor.setPosition(written.starts[kept])
            self._cursor.movePosition(end, QTextCursor.MoveMode.KeepAnchor)
            self._cursor.removeSelectedText()
        self._cursor.movePosition(end)
        pieces = [piece for piece in written.pieces if piece.leaf < kept]
        self._written = Written(pieces, written.starts[:kept], written.pending and kept > 0)
        return there

    def _leaf(self, index: int, leaf: Leaf) -> None:
        match leaf:
            case Text():
                quoted = any(one.kind == "quote" for one in leaf.within)
                self._spans(index, leaf.spans, leaf.level, quoted)
            case Formula():
                self._spans(index, (Span(leaf.tex, "display"),), 0, False)
            case _:
                pass

    def table(self, leaf: Table) -> tuple[Written, QTextTable]:
        self._cursor.beginEditBlock()
        self._written.starts.append(0)
        table = self._cursor.insertTable(
            len(leaf.rows), max(1, len(leaf.aligns)), self._table_format(leaf)
        )
        self._rows(table, leaf, 0)
        self._cursor.endEditBlock()
        return self._written, table

    def more_rows(self, table: QTextTable, leaf: Table, kept: int) -> Written:
        """Write these rows; the first `kept` of them are there, what followed them goes."""
        pieces = [p for p in self._written.pieces if p.cell is not None and p.cell[0] < kept]
        self._written = Written(pieces, self._written.starts, self._written.pending)
        self._cursor.beginEditBlock()
        if table.rows() > kept:
            table.removeRows(kept, table.rows() - kept)
        if len(leaf.rows) > kept:
            table.appendRows(len(leaf.rows) - kept)
        self._rows(table, leaf, kept)
        self._cursor.endEditBlock()
        return self._written

    def _rows(self, table: QTextTable, leaf: Table, kept: int) -> None:
        for row, cells in enumerate(leaf.rows[kept:], kept):
            for column, spans in enumerate(cells[: len(leaf.aligns)]):
                self._cursor = table.cellAt(row, column).firstCursorPosition()
                self._cell = (row, column)
                form = QTextBlockFormat()
                align = leaf.aligns[column]
                if align != "auto":
                    form.setAlignment(_ALIGN[align])
                self._cursor.setBlockFormat(form)
                bold = tuple(msgspec.structs.replace(s, bold=True) for s in spans)
                header = row == 0 and not leaf.continues
                self._spans(0, bold if header else spans, 0, False, plain=spans)

    def set_columns(self, table: QTextTable, widths: Sequence[float]) -> None:
        form = table.format().toTableFormat()
        lengths = [QTextLength(QTextLength.Type.FixedLength, width) for width in widths]
        if form.columnWidthConstraints() != lengths:
            form.setColumnWidthConstraints(lengths)
            table.setFormat(form)

    def _table_format(self, leaf: Table) -> QTextTableFormat:
        form = QTextTableFormat()
        form.setBorder(0)
        form.setCellPadding(self._look.theme.px(7))
        form.setCellSpacing(0)
        form.setHeaderRowCount(0 if leaf.continues else 1)
        return form

    def _spans(
        self, leaf: int, spans: Spans, level: int, quoted: bool, plain: Spans | None = None
    ) -> None:
        for number, (shown, said) in enumerate(zip(spans, plain or spans, strict=True)):
            start = self._cursor.position()
            form = self._look.span(msgspec.structs.replace(shown, text=""), level, quoted)
            if shown.kind in ("math", "display"):
                self._formula(shown, form)
            elif shown.kind == "break":
                self._cursor.insertText(_LINE_SEPARATOR, form)
            else:
                self._words(shown.text, form, beside_code=_beside_code(spans, number))
            piece = Piece(start, self._cursor.position(), leaf, said, self._cell)
            self._written.pieces.append(piece)

    def _words(self, text: str, form: QTextCharFormat, *, beside_code: tuple[bool, bool]) -> None:
        """The space beside inline code is wider by what the code's ground takes of it."""
        wide = QTextCharFormat(form)
        wide.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        wide.setFontLetterSpacing(self._look.theme.px(2))
        after, before = beside_code
        start = 1 if after and text.startswith(" ") else 0
        end = len(text) - 1 if before and len(text) > start and text.endswith(" ") else len(text)
        for piece, shape in ((text[:start], wide), (text[start:end], form), (text[end:], wide)):
            if piece:
                self._cursor.insertText(_one_line(piece), shape)

    def _formula(self, span: Span, form: QTextCharFormat) -> None:
        look = self._look
        display = span.kind == "display"
        pixels = round(look.metrics.height() * (0.95 if display else 0.86), 1)
        ask = Ask(span.text, display, pixels, look.text_color)
        picture = self._typesetter.picture(ask)
        if picture is None or picture == "waiting":
            self._written.pending |= picture is not None
            self._cursor.insertText(_one_line(span.text), form)
            return
        # On the baseline Qt puts an image's bottom edge at the descent of the *image's* font:
        # a font with just the formula's descent puts the formula's own baseline on the line's.
        font, descent = _font_descending(look.font, picture.descent)
        image_form = QTextImageFormat()
        name = f"formula:{hash((ask, self._scale))}"
        self._document.keep_image(name, picture.image(self._scale, descent - picture.descent))
        image_form.setName(name)
        image_form.setWidth(picture.width)
        image_form.setHeight(picture.ascent + descent)
        image_form.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignBaseline)
        image_form.setFont(font)
        self._cursor.insertImage(image_form)


@lru_cache(256)
def _font_descending(font: QFont, wanted: float) -> tuple[QFont, int]:
    """The smallest size of a font that descends this far, and how far it does."""
    sized = QFont(font)
    for pixels in range(1, 2_000):
        sized.setPixelSize(pixels)
        descent = QFontMetrics(sized).descent()
        if descent >= wanted:
            return sized, descent
    return sized, QFontMetrics(sized).descent()


def _beside_code(spans: Spans, number: int) -> tuple[bool, bool]:
    """Whether inline code comes right before and right after a span."""
    after = number > 0 and spans[number - 1].kind == "code"
    return after, number + 1 < len(spans) and spans[number + 1].kind == "code"


def _one_line(text: str) -> str:
    """A cursor would start a new paragraph at these; inside a span they are only breaks."""
    return text.translate(_BREAKS)


# U+FDD0 and U+FDD1 mark frames inside Qt's documents.
_CONTROL: dict[int, str] = dict.fromkeys((0, 0xFDD0, 0xFDD1), "\ufffd")
_BREAKS: dict[int, str] = dict.fromkeys(map(ord, "\n\r\u2029"), _LINE_SEPARATOR) | _CONTROL
_LINES = str.maketrans({"\r": "\n", "\u2029": "\n", "\u2028": "\n"})


def as_lines(text: str) -> str:
    """For code: every kind of line end starts a line, one character for one."""
    return text.translate(_LINES).translate(_CONTROL)
