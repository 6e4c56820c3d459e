"""From points on the screen to characters, and back.

Main thread. Points are in viewport coordinates; every row is laid out in the centred column.
"""

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QTextCursor

from app.ui.transcript.blocks import Block
from app.ui.transcript.deeds import Spot
from app.ui.transcript.rowlist import RowList
from app.ui.transcript.rows import Row
from app.ui.transcript.selection import Extent, Place, Selection


class Hit(msgspec.Struct, frozen=True):
    """What is under a point; `point` is in the block's coordinates."""

    row: Row
    block: int
    point: QPointF

    @property
    def target(self) -> Block:
        return self.row.blocks[self.block]

    @property
    def spot(self) -> Spot | None:
        spots = self.target.spots()
        return next((s for s in spots if s.enabled and s.rect.contains(self.point)), None)

    @property
    def link(self) -> str:
        document = self.target.document
        if document is None or not self.target.rect.translated(
            -self.target.left, -self.target.top
        ).contains(self.point):
            return ""
        return document.documentLayout().anchorAt(self.point - self.target.origin)


class Surface:
    def __init__(self, rows: RowList) -> None:
        self._list = rows

    @property
    def left(self) -> float:
        return round((self._list.page.width() - self._list.column) / 2)

    def row_corner(self, index: int) -> QPointF:
        return QPointF(self.left, round(self._list.heights.top(index) - self._list.top))

    def row_rect(self, index: int) -> QRectF:
        corner = self.row_corner(index)
        return QRectF(corner.x(), corner.y(), self._list.column, self._list.heights.height(index))

    def hit(self, point: QPointF) -> Hit | None:
        """The block under a point, or the one above it in the same row."""
        if not self._list.rows:
            return None
        index = self._list.heights.row_at(point.y() + self._list.top)
        row = self._list.rows[index]
        local = point - self.row_corner(index)
        number = row.block_at(local)
        if number is None:
            return None
        block = row.blocks[number]
        return Hit(row, number, local - QPointF(block.left, block.top))

    def place(self, point: QPointF) -> Place | None:
        """The character nearest to a point."""
        hit = self.hit(point)
        if hit is None:
            return None
        block, at = hit.target, hit.point
        if block.document is None:
            return self._nearest_text(hit)
        position = block.document.documentLayout().hitTest(
            at - block.origin, Qt.HitTestAccuracy.FuzzyHit
        )
        return Place(hit.row.key, hit.block, max(0, position))

    def _nearest_text(self, hit: Hit) -> Place | None:
        """Below the last text of a row is its end; above its first, its beginning."""
        texts = list(hit.row.texts())
        above = [(n, b) for n, b in texts if n < hit.block]
        if above:
            number, block = above[-1]
            assert block.document is not None
            return Place(hit.row.key, number, block.document.length)
        return Place(hit.row.key, texts[0][0], 0) if texts else None

    def extent(self, selection: Selection | None) -> Extent | None:
        if selection is None or selection.empty:
            return None
        ends = [self._order(place) for place in (selection.anchor, selection.head)]
        if None in ends:
            return None
        first, last = sorted(end for end in ends if end is not None)
        return Extent(first, last)

    def before(self, one: Place, other: Place) -> bool:
        orders = self._order(one), self._order(other)
        return orders[0] is not None and orders[1] is not None and orders[0] < orders[1]

    def _order(self, place: Place) -> tuple[int, int, int] | None:
        index = self._list.index_of(place.row)
        return None if index is None else (index, place.block, place.position)

    def around(self, place: Place, unit: QTextCursor.SelectionType) -> tuple[Place, Place]:
        """The word or paragraph at a place."""
        index = self._list.index_of(place.row)
        assert index is not None
        document = self._list.rows[index].blocks[place.block].document
        assert document is not None
        cursor = QTextCursor(document)
        cursor.setPosition(min(place.position, document.length))
        if unit == QTextCursor.SelectionType.BlockUnderCursor:
            # Qt's own selection would take the break before the paragraph with it.
            cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock)
            end = QTextCursor.MoveOperation.EndOfBlock
            cursor.movePosition(end, QTextCursor.MoveMode.KeepAnchor)
        else:
            cursor.select(unit)
        return (
            Place(place.row, place.block, cursor.selectionStart()),
            Place(place.row, place.block, cursor.selectionEnd()),
        )
