"""What a row is made of: pieces that lay themselves out, paint themselves and own their spots.

Main thread. A block's coordinates start at its own top left corner; a block with a `document`
can be selected, and `origin` says where that document begins. Qt ignores padding, borders and
radii in documents, so frames, bars and backgrounds are painted here.
"""

from collections.abc import Iterator

import msgspec
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFontMetricsF,
    QPainter,
    QPalette,
    QTextCharFormat,
    QTextCursor,
    QTextLine,
)

from app.ui.theme import color
from app.ui.transcript.deeds import Deed, Spot
from app.ui.transcript.document import Document
from app.ui.transcript.formats import Look
from app.ui.transcript.leaves import Leaf, Within
from app.ui.transcript.writing import Written

OUT_PX = 2.0  # so far a ring, a ground or a bar may stand out of its block


class Marks(msgspec.Struct, frozen=True):
    """What is special about a block while it is painted."""

    selected: tuple[int, int] | None = None
    found: tuple[tuple[int, int], ...] = ()
    current: tuple[int, int] | None = None
    hot: Deed | None = None  # under the pointer
    focused: Deed | None = None
    done: Deed | None = None  # just copied
    hovered_row: bool = False
    focused_block: bool = False


class Block:
    leaves: tuple[Leaf, ...] = ()
    document: Document | None = None
    written: Written = Written()
    space_before: float = 0.0
    shared_quotes: int = 0  # with the block before: their bars run through the space between
    changed_from: float = 0.0  # what lies above looks as it did before the text grew

    def __init__(self, look: Look) -> None:
        self.look = look
        self.left = self.top = self.width = self.height = 0.0
        self.natural = 0.0  # the width it would like to have
        self._scrolled = 0.0

    def layout(self, width: float) -> None:
        """Take this width and find the height."""
        raise NotImplementedError

    def paint(self, painter: QPainter, marks: Marks) -> None:
        raise NotImplementedError

    def grow(self, leaves: tuple[Leaf, ...]) -> bool:
        """Show these leaves instead, writing only what is new; False when that is no less work.

        A block that looks otherwise now has no width until it is laid out.
        """
        return False

    def spots(self) -> list[Spot]:
        return []

    @property
    def origin(self) -> QPointF:
        return QPointF(0, 0)

    @property
    def overflow(self) -> float:
        """How far the content can be scrolled sideways."""
        return 0.0

    @property
    def scrolled(self) -> float:
        """How far it is."""
        return self._scrolled

    @scrolled.setter
    def scrolled(self, pixels: float) -> None:
        self._scrolled = pixels

    @property
    def continues(self) -> bool:
        """Whether it is one thing with the block above."""
        return False

    @property
    def stale(self) -> bool:
        """Whether it should be laid out anew, though nothing in it changed."""
        return False

    def is_part_of(self, other: "Block") -> bool:
        return self is other

    @property
    def spoken(self) -> str:
        return self.document.toPlainText() if self.document else ""

    @property
    def rect(self) -> QRectF:
        return QRectF(self.left, self.top, self.width, self.height)

    def paint_bars_around(
        self, painter: QPainter, *, height: float = 0.0, mirrored: bool = False
    ) -> None:
        """The bars of the quotes this block begins in, over `height` or all of it."""
        paint_bars(
            painter,
            self.look,
            self.leaves[0].within,
            QRectF(0, 0, self.width, height or self.height),
            gap=self.space_before + 1,
            shared=self.shared_quotes,
            mirrored=mirrored,
        )

    def draw_document(self, painter: QPainter, marks: Marks, clip: QRectF) -> None:
        assert self.document is not None
        colors = self.look.theme.colors
        context = QAbstractTextDocumentLayout.PaintContext()
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Text, color(self.look.text_color))
        context.palette = palette
        ranges = [(found, colors.match) for found in marks.found]
        if marks.current:
            ranges.append((marks.current, colors.current_match))
        if marks.selected:
            ranges.append((marks.selected, colors.selection))
        context.selections = [self._painted(*span, color(name)) for span, name in ranges]
        painter.save()
        # Stacked marks stay out of the blocks above and below; an overhanging letter is whole.
        around = clip.adjusted(-self.look.indent, -OUT_PX, self.look.indent, OUT_PX)
        painter.setClipRect(around, Qt.ClipOperation.IntersectClip)
        context.clip = clip.intersected(painter.clipBoundingRect()).translated(-self.origin)
        painter.translate(self.origin)
        self.document.documentLayout().draw(painter, context)
        painter.restore()

    def _painted(
        self, start: int, end: int, background: QColor
    ) -> QAbstractTextDocumentLayout.Selection:
        assert self.document is not None
        cursor = QTextCursor(self.document)
        cursor.setPosition(min(start, self.document.length))
        cursor.setPosition(min(end, self.document.length), QTextCursor.MoveMode.KeepAnchor)
        form = QTextCharFormat()
        form.setBackground(background)
        selection = QAbstractTextDocumentLayout.Selection()
        selection.cursor = cursor
        selection.format = form
        return selection


def set_text_width(document: Document, width: float) -> None:
    """Told a width, even the one it has, a document lays out everything again."""
    if document.textWidth() != width:
        document.setTextWidth(width)


def line_top(document: Document, position: int) -> float:
    """Where the line before the one with this character starts: a longer word may change it too.

    In a paragraph's first lines that is the end of the paragraph above, whose distance may change.
    """
    block, layout = document.findBlock(position), document.documentLayout()
    line = block.layout().lineForTextPosition(position - block.position())
    if line.isValid() and line.lineNumber() >= 2:
        top = layout.blockBoundingRect(block).top()
        return top + block.layout().lineAt(line.lineNumber() - 1).y()
    above = block.previous()
    return layout.blockBoundingRect(above).bottom() if above.isValid() else 0.0


def range_rects(document: Document, start: int, end: int) -> Iterator[QRectF]:
    """The boxes of the glyphs of some characters, one per line they touch."""
    block = document.findBlock(start)
    while block.isValid() and block.position() < end:
        layout = block.layout()
        corner = document.documentLayout().blockBoundingRect(block).topLeft()
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            first = max(start - block.position(), line.textStart())
            last = min(end - block.position(), line.textStart() + line.textLength())
            if first >= last:
                continue
            top = corner.y() + line.y() + line.ascent()
            for left, right in _stretches(line, first, last, mixed=not block.text().isascii()):
                yield QRectF(corner.x() + left, top, right - left, 0)
        block = block.next()


def _stretches(
    line: QTextLine, first: int, last: int, *, mixed: bool
) -> Iterator[tuple[float, float]]:
    """Where characters stand on a line: in mixed directions not between two cursors."""
    if not mixed:
        yield _x_of(line, first), _x_of(line, last)
        return
    for run in line.glyphRuns(first, last - first):
        box = run.boundingRect()
        yield box.left(), box.right()


def _x_of(line: QTextLine, position: int) -> float:
    # PySide returns (x, cursor position); its stub says so only in newer versions.
    found = line.cursorToX(position)
    return float(found[0] if isinstance(found, tuple) else found)  # pyright: ignore


def baseline(document: Document, position: int) -> QPointF:
    """The start of the first baseline of the paragraph at `position`."""
    block = document.findBlock(position)
    corner = document.documentLayout().blockBoundingRect(block).topLeft()
    line = block.layout().lineAt(0)
    return QPointF(corner.x() + line.x(), corner.y() + line.y() + line.ascent())


def paint_bars(
    painter: QPainter,
    look: Look,
    within: Within,
    box: QRectF,
    *,
    gap: float = 0.0,
    shared: int = 0,
    mirrored: bool = False,
) -> None:
    """The bar of every quote around a block; `shared` outer ones go on through the gap above."""
    for level, inside in enumerate(within):
        if inside.kind != "quote":
            continue
        top = box.top() - (gap if level < shared else 0)
        wide = look.theme.px(3)
        left = level * look.indent + look.theme.px(2)
        bar = QRectF(box.right() - left - wide if mirrored else left, top, wide, 0)
        bar.setBottom(box.bottom())
        painter.fillRect(bar, color(look.theme.colors.border))


def paint_scroll(painter: QPainter, look: Look, block: Block, body: QRectF) -> None:
    """A thin thumb along the bottom edge of what can be scrolled sideways."""
    if block.overflow <= 0:
        return
    room = body.width() - 12
    thumb = max(24.0, room * body.width() / (body.width() + block.overflow))
    x = body.left() + 6 + (room - thumb) * block.scrolled / block.overflow
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(look.theme.colors.faint))
    painter.drawRoundedRect(QRectF(x, body.bottom() - 6, thumb, 3), 1.5, 1.5)


def code_boxes(document: Document, written: Written, look: Look) -> list[QRectF]:
    """The grounds behind inline code: as tall as its glyphs, not as its line."""
    metrics = QFontMetricsF(look.mono)
    pad = look.theme.px(2)
    found: list[QRectF] = []
    for piece in written.pieces:
        if piece.span.kind == "code":
            for box in range_rects(document, piece.start, piece.end):
                top = box.top() - metrics.ascent() - pad / 2
                size = QSizeF(box.width() + 2 * pad, metrics.height() + pad)
                found.append(QRectF(QPointF(box.left() - pad, top), size))
    return found


def paint_code_boxes(painter: QPainter, look: Look, boxes: list[QRectF]) -> None:
    if boxes:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(look.theme.colors.inline_code))
        for box in boxes:
            painter.drawRoundedRect(box, 4, 4)
