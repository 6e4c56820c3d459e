"""Tables: rows that grow at their end; a long one is several of these blocks under each other.

Main thread. The pieces of one table (see `pieces`) share its `Columns`: all are as wide as their
sample and scroll sideways together. Qt knows no table whose first column is at the right.
"""

from collections.abc import Callable, Hashable
from weakref import WeakValueDictionary

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from app.ui.theme import CARD_RADIUS, color
from app.ui.transcript.blocks import (
    OUT_PX,
    Block,
    Marks,
    code_boxes,
    paint_code_boxes,
    paint_scroll,
    set_text_width,
)
from app.ui.transcript.document import Document
from app.ui.transcript.formats import Look
from app.ui.transcript.formulas import Typesetter
from app.ui.transcript.leaves import Leaf, Table, same_start
from app.ui.transcript.writing import Writer, Written


class Widths(msgspec.Struct, frozen=True):
    columns: tuple[float, ...]
    content: float


class Columns:
    """How wide the columns of one table are, and how far it is scrolled sideways."""

    def __init__(self, sample: Callable[[], "TableBlock"] | None = None) -> None:
        self._sample = sample
        self._known: dict[float, Widths] = {}
        self.scrolled = 0.0
        self.pending = False  # the sample waits for a formula, and may be wider with it

    def widths(self, limit: float) -> Widths:
        if limit not in self._known:
            assert self._sample is not None
            block = self._sample()
            self.pending = block.written.pending
            self._known = {limit: block.measured(limit)}
        return self._known[limit]


class Tables:
    """The tables that are in pieces somewhere."""

    def __init__(self) -> None:
        self._columns: WeakValueDictionary[Hashable, Columns] = WeakValueDictionary()

    def columns(self, name: Hashable, sample: Callable[[], "TableBlock"]) -> Columns:
        known = self._columns.get(name)
        if known is None or known.pending:
            known = self._columns[name] = Columns(sample)
        return known


Shared = Callable[[Table], Columns]  # asked with a sample


class TableBlock(Block):
    def __init__(
        self,
        look: Look,
        leaf: Table,
        typesetter: Typesetter,
        scale: float,
        shared: Shared | None = None,
    ) -> None:
        super().__init__(look)
        self._columns = Columns()
        self.leaves = (leaf,)
        self.document = Document(look.font)
        self._shared = shared
        self._edges: list[float] = []
        self._lefts: list[float] = []
        self._code_boxes: list[QRectF] = []
        self._same_rows = 0  # so many read as they did at the last layout
        self._content = self._limit = 0.0
        self._widths: Widths | None = None  # at the last layout
        self._writer = Writer(self.document, look, typesetter, scale)
        self.written, self._table = self._writer.table(leaf)
        self._join()

    def _join(self) -> None:
        """Share the columns with the other pieces, if there are any."""
        if self._leaf.sample is not None and self._shared is not None:
            before, self._columns = self._columns, self._shared(self._leaf.sample)
            self._columns.scrolled = self._columns.scrolled or before.scrolled

    @property
    def _leaf(self) -> Table:
        leaf = self.leaves[0]
        assert isinstance(leaf, Table)
        return leaf

    @property
    def continues(self) -> bool:
        return self._leaf.continues

    @property
    def stale(self) -> bool:
        if self._leaf.sample is None or self._widths is None:
            return False
        return self._columns.widths(self._limit) != self._widths

    def is_part_of(self, other: Block) -> bool:
        return isinstance(other, TableBlock) and other._columns is self._columns

    @property
    def scrolled(self) -> float:
        return min(self._columns.scrolled, self.overflow)

    @scrolled.setter
    def scrolled(self, pixels: float) -> None:
        self._columns.scrolled = pixels

    @property
    def _inset(self) -> float:
        return len(self._leaf.within) * self.look.indent

    @property
    def _room(self) -> float:
        return self.width - self._inset

    @property
    def origin(self) -> QPointF:
        return QPointF(self._inset - self.scrolled, 0)

    @property
    def overflow(self) -> float:
        return max(0.0, self._content - self._room)

    def grow(self, leaves: tuple[Leaf, ...]) -> bool:
        """The rows that are new are put below those that are not."""
        leaf, old = leaves[0], self._leaf
        if not isinstance(leaf, Table):
            return False
        same = same_start(old.rows, leaf.rows)
        place = leaf.aligns, leaf.within, leaf.continues
        if not same or place != (old.aligns, old.within, old.continues):
            return False
        self.leaves = leaves
        if leaf.sample != old.sample:
            self._join()
        if (leaf.rows, leaf.goes_on) != (old.rows, old.goes_on):
            self._same_rows, self.width = same, -1.0
            self.written = self._writer.more_rows(self._table, leaf, same)
        return True

    def layout(self, width: float) -> None:
        assert self.document is not None
        self.width = width
        # A table may squeeze its words to fit, but a column narrower than a word scrolls instead.
        least = max(1, self._table.columns()) * self.look.theme.px(110)
        self._limit = max(self._room, least)
        self._widths = widths = self._fitted(self._limit)
        self._content = widths.content
        self.natural = self._content + self._inset
        self.height = self.document.size().height()
        # The next piece begins where this one ends; the last one has a line below it.
        self.height = float(round(self.height)) if self._leaf.goes_on else self.height + 1
        self._measure_rows()

    def _fitted(self, limit: float) -> Widths:
        if self._leaf.sample is None:
            return self.measured(limit)
        assert self.document is not None
        widths = self._columns.widths(limit)
        self.written.pending |= self._columns.pending
        self._writer.set_columns(self._table, widths.columns)
        set_text_width(self.document, widths.content)  # and in most other rooms nothing moves
        return widths

    def measured(self, limit: float) -> Widths:
        """How wide a table is that stands alone: it takes no more of the room than it needs."""
        assert self.document is not None
        set_text_width(self.document, limit)
        frame = self.document.documentLayout().frameBoundingRect(self._table)
        lefts = [cell.left() - self._pad for cell in self._cells(0)]
        ends = [*lefts[1:], frame.width()]
        columns = tuple(end - left for left, end in zip(lefts, ends, strict=True))
        return Widths(columns, min(limit, self.document.idealWidth() + 2))

    def paint(self, painter: QPainter, marks: Marks) -> None:
        look, colors, leaf = self.look, self.look.theme.colors, self._leaf
        self.paint_bars_around(painter)
        frame = QRectF(self._inset + 0.5, 0.5, min(self._content, self._room) - 1, self.height - 1)
        # Above and below other pieces the frame goes on.
        above = CARD_RADIUS if leaf.continues else 0
        below = CARD_RADIUS if leaf.goes_on else 0
        around = QPainterPath()
        around.addRoundedRect(frame.adjusted(0, -above, 0, below), CARD_RADIUS, CARD_RADIUS)
        mine = QRectF(-OUT_PX, 0, self.width + 2 * OUT_PX, self.height)
        mine.adjust(0, 0 if leaf.continues else -OUT_PX, 0, 1 if leaf.goes_on else OUT_PX)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(mine, Qt.ClipOperation.IntersectClip)
        painter.save()
        painter.setClipPath(around, Qt.ClipOperation.IntersectClip)
        if self._edges and not leaf.continues:
            head = QRectF(frame.left(), 0, frame.width(), self._edges[0])
            painter.fillRect(head, color(colors.code))
        painter.setPen(QPen(color(colors.border), 1))
        for y in (0.5, *self._edges) if leaf.continues else self._edges:
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        self._code_grounds(painter)
        self.draw_document(painter, marks, frame.adjusted(0, -above, 0, below))
        if not leaf.goes_on:
            paint_scroll(painter, look, self, frame)
        painter.restore()
        painter.setPen(QPen(color(colors.accent if marks.focused_block else colors.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(around)
        painter.restore()

    def _measure_rows(self) -> None:
        """Where each row begins and inline code lies; rows above new ones lie where they did."""
        assert self.document is not None
        lefts = [cell.left() for cell in self._cells(0)]
        known = self._same_rows if lefts == self._lefts else 0
        self._lefts, self._same_rows = lefts, 0
        kept = [box for box in self._code_boxes if known > 1 and box.top() < self._edges[known - 2]]
        self._edges = self._edges[: max(0, known - 1)]
        for row in range(max(1, known), self._table.rows()):
            top = min(cell.top() for cell in self._cells(row))
            self._edges.append(round(top - self._pad) + 0.5)
        self.changed_from = self._edges[known - 2] if known > 1 else 0.0
        fresh = [p for p in self.written.pieces if p.cell is None or p.cell[0] >= known - 1]
        self._code_boxes = [*kept, *code_boxes(self.document, Written(fresh), self.look)]

    @property
    def _pad(self) -> float:
        return self.look.theme.px(7)

    def _cells(self, row: int) -> list[QRectF]:
        """The first paragraph of each cell."""
        assert self.document is not None
        layout = self.document.documentLayout()
        cells = (self._table.cellAt(row, column) for column in range(self._table.columns()))
        return [layout.blockBoundingRect(c.firstCursorPosition().block()) for c in cells]

    def _code_grounds(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(self.origin)
        paint_code_boxes(painter, self.look, self._code_boxes)
        painter.restore()
