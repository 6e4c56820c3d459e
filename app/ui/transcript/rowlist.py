"""The rows of a conversation and where the reader is among them; no widget, no painting.

Main thread. Rows near the viewport are built and measured, the others estimated. The reader's
place is an anchor, or the end while `following`; whatever is put in, measured or taken out, the
anchor row stays where it is on the screen.
"""

from collections.abc import Iterable

from PySide6.QtCore import QSizeF

from app.ui.transcript.blocks import Block
from app.ui.transcript.building import Means
from app.ui.transcript.caps import Part
from app.ui.transcript.geometry import Anchor, Heights
from app.ui.transcript.items import Item, ItemId, MessageItem
from app.ui.transcript.rows import Row, rows_of
from app.ui.transcript.selection import RowKey

KEPT_ROWS = 80  # built rows, beyond which distant ones are dropped
END_PX = 16  # before the first row and after the last


class RowList:
    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.heights = Heights()
        self.anchor = Anchor()
        self.following = True
        self.column = 0.0
        self.page = QSizeF()
        self.gone: list[Block] = []  # of a stream that ended, to be let go a few at a time
        self._first: dict[ItemId, int] = {}

    # -- contents

    def reset(self, items: Iterable[Item], means: Means) -> None:
        self.rows = [row for item in items for row in rows_of(item, means)]
        self.heights.reset([_estimate(row) for row in self.rows])
        self.anchor, self.following = Anchor(), True
        self._reindex()

    def insert(self, at: int, items: Iterable[Item], means: Means) -> None:
        last = self.last_item
        rows = [row for item in items for row in rows_of(item, means)]
        self.rows[at:at] = rows
        self.heights.insert(at, [_estimate(row) for row in rows])
        # An anchor above the first row marks the gap before it: there is nothing to hold on to.
        if at <= self.anchor.row and len(self.rows) > len(rows):
            self.anchor = Anchor(self.anchor.row + len(rows), self.anchor.offset)
        self._reindex()
        self._close_again(last)

    def replace(self, item: Item, means: Means) -> None:
        old = self.rows_of(item.id)
        rows = rows_of(item, means)
        guesses = [_estimate(row) for row in rows]
        if len(rows) == len(old):
            # Most updates change little: the old height is the better guess.
            guesses = [self.heights.height(n) for n in old]
        elif self.rows[old.start].streaming:
            # What was one row is several now: where the reader is, they should be as high as it.
            self.gone += self.rows[old.start].blocks
            weights = [_weight(row) for row in rows]
            share = self.heights.height(old.start) / sum(weights)
            guesses = [share * weight for weight in weights]
        self.rows[old.start : old.stop] = rows
        self.heights.remove(old.start, len(old))
        self.heights.insert(old.start, guesses)
        if self.anchor.row >= old.stop:
            self.anchor = Anchor(self.anchor.row + len(rows) - len(old), self.anchor.offset)
        elif self.anchor.row >= old.start + len(rows):
            self.anchor = Anchor(old.start + len(rows) - 1, self.anchor.offset)
        self._reindex()

    def join(self, item_id: ItemId) -> None:
        """While its text grows, an item is one row."""
        rows = self.rows_of(item_id)
        if len(rows) > 1:
            height = sum(self.heights.height(n) for n in rows)
            first = self.rows[rows.start]
            whole = Row(RowKey(item_id), first.item, Part(""))
            self.rows[rows.start : rows.stop] = [whole]
            self.heights.remove(rows.start, len(rows))
            self.heights.insert(rows.start, [height])
            if self.anchor.row >= rows.stop:
                self.anchor = Anchor(self.anchor.row - len(rows) + 1, self.anchor.offset)
            elif self.anchor.row > rows.start:
                self.anchor = Anchor(rows.start)
            self._reindex()

    def remove(self, item_id: ItemId) -> None:
        old = self.rows_of(item_id)
        del self.rows[old.start : old.stop]
        self.heights.remove(old.start, len(old))
        if self.anchor.row >= old.stop:
            self.anchor = Anchor(self.anchor.row - len(old), self.anchor.offset)
        elif self.anchor.row >= old.start:
            self.anchor = Anchor(max(0, min(old.start, len(self.rows) - 1)))
        self._reindex()
        self._close_again(self.last_item)

    def _close_again(self, item_id: ItemId | None) -> None:
        """The last message's footer shows more: it was last, or is now."""
        if item_id is None or item_id not in self:
            return
        row = self.rows[self.rows_of(item_id).stop - 1]
        if not isinstance(row.item, MessageItem) or row.item.footer:
            row.drop()

    def _reindex(self) -> None:
        self._first = {row.key.item: n for n, row in enumerate(self.rows) if row.key.part == 0}

    def __contains__(self, item_id: ItemId) -> bool:
        return item_id in self._first

    def rows_of(self, item_id: ItemId) -> range:
        start = stop = self._first[item_id]
        while stop < len(self.rows) and self.rows[stop].key.item == item_id:
            stop += 1
        return range(start, stop)

    def index_of(self, key: RowKey) -> int | None:
        first = self._first.get(key.item)
        if first is None:
            return None
        return min(first + key.part, self.rows_of(key.item).stop - 1)

    @property
    def last_item(self) -> ItemId | None:
        return self.rows[-1].key.item if self.rows else None

    # -- the reader's place

    @property
    def top(self) -> float:
        """The list's y coordinate at the top of the viewport."""
        if not self.rows:
            return 0.0
        lowest = max(-float(END_PX), self.heights.total + END_PX - self.page.height())
        if self.following:
            return lowest
        return max(-float(END_PX), min(self.heights.y_of(self.anchor), lowest))

    @property
    def way(self) -> int:
        """How far the viewport can be scrolled, in pixels."""
        return max(0, round(self.heights.total + 2 * END_PX - self.page.height()))

    def move_to(self, y: float) -> None:
        """Bring this height to the top, holding on to a row that is measured already.

        What comes into view may turn out higher than thought; the row that was seen before must
        move by the distance asked for and no other.
        """
        if not self.rows:
            return
        far = abs(y - self.top) > self.page.height()
        seen = [n for n in self.visible() if self.fits(n)]
        row = seen[0] if seen and not far else self.heights.row_at(y)
        self.following = False
        self.anchor = self.heights.anchor(row, y)

    def hold(self, row: int, offset: float) -> None:
        """Keep this row at the top of the viewport."""
        self.following = False
        self.anchor = Anchor(row, offset)

    @property
    def first_read(self) -> int:
        """The row at the top of the page; a sliver of the one before does not count."""
        return self.heights.row_at(self.top + END_PX + 1)

    def visible(self, around: float = 0.0) -> range:
        return self.heights.span(self.top - around, self.page.height() + 2 * around)

    # -- measuring

    def resize(self, column: float, page: QSizeF) -> None:
        self.column, self.page = column, page

    def fits(self, index: int) -> bool:
        return self.rows[index].built and self.rows[index].width == self.column

    def measure(self, index: int, means: Means) -> bool:
        """Build a row for this column; True when its height is not what was thought."""
        row = self.rows[index]
        if not row.built:
            row.build(means, last=row.key.item == self.last_item)
        if row.width != self.column:
            row.layout(self.column, means)
        return self.heights.set(index, row.height)

    def settle(self, means: Means) -> set[int]:
        """Measure what is visible until nothing moves, and say which rows that were."""
        measured: set[int] = set()
        held, offset = self.anchor.row, self.anchor.offset
        inside = bool(self.rows) and 0 <= offset <= self.heights.height(held)
        moved = True
        while moved:
            if inside and self.anchor.offset > self.heights.height(held):
                self.anchor = Anchor(held, self.heights.height(held))  # it shrank
            stale = [n for n in reversed(self.visible()) if not self.fits(n)]
            measured.update(stale)
            moved = False
            for index in stale:
                moved = self.measure(index, means) or moved
        if self.rows:
            self.anchor = self.heights.anchor(self.first_read, self.top)
        self._drop_distant()
        return measured

    def _drop_distant(self) -> None:
        built = [n for n, row in enumerate(self.rows) if row.built]
        if len(built) > KEPT_ROWS:
            near = self.visible(3 * self.page.height())
            for index in built:
                if index not in near and not self.rows[index].streaming:
                    self.rows[index].drop()

    def next_stale(self) -> int | None:
        """A row around the viewport that is still an estimate, so scrolling would meet it."""
        around = self.visible(self.page.height())
        return next((n for n in reversed(around) if not self.fits(n)), None)


def _estimate(row: Row) -> float:
    if not isinstance(row.item, MessageItem):
        return 48.0
    return (90.0 if row.closes else 12.0) + _weight(row)


def _weight(row: Row) -> float:
    """A row of a table is higher than its words."""
    return 1.0 + len(row.text) * 0.33 + 28.0 * row.text.count("\n|")
