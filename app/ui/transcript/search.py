"""Find in chat: looks through the rows in short slices and steps from match to match.

Main thread. The search starts at the row the reader sees, so the first match is a near one; the
count grows while the rest is looked through, at most a few milliseconds per event-loop turn.
"""

import time

from PySide6.QtCore import QObject, QTimer, Signal

from app.ui.transcript.blocks import Block
from app.ui.transcript.finding import Finder, Match, Places, Words
from app.ui.transcript.items import ItemId
from app.ui.transcript.rowlist import RowList
from app.ui.transcript.rows import Row

_SLICE_S = 0.006


class Search(QObject):
    counted = Signal(int, int)  # the current match from one, and how many are known
    reached = Signal(object)  # a `Match` to bring into view
    changed = Signal()  # highlights to paint again
    looked_through = Signal()  # all rows there are

    def __init__(self, rows: RowList, parent: QObject) -> None:
        super().__init__(parent)
        self._list = rows
        self._finder = Finder("")
        self._words: Words | None = None  # that led into one message
        self._current: Match | None = None
        self._leads = True  # to the nearest match, as soon as there is one
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._look_on)

    @property
    def active(self) -> bool:
        return bool(self._finder.needle)

    def start(self, needle: str) -> None:
        if needle != self._finder.needle:
            self._finder, self._current = Finder(needle), None
            self._leads = True
            self._timer.start()
            self.changed.emit()

    def restart(self) -> None:
        """Other rows: the same words are looked for in them, without leading the reader there."""
        if self.active:
            self._finder, self._current = Finder(self._finder.needle), None
            self._leads = False
            self._timer.start()

    def mark(self, item: ItemId, places: Places) -> Match | None:
        """Highlight words in one message, while nothing else is looked for; the best match."""
        self._words = Words(item, places)
        self.changed.emit()
        return self._words.best(self._list.rows[number] for number in self._list.rows_of(item))

    def unmark(self) -> None:
        if self._words is not None:
            self._words = None
            self.changed.emit()

    def forget(self, row: Row) -> None:
        """The row's text changed: look at it again."""
        self._finder.forget(row)
        self.resume()

    def resume(self) -> None:
        """There may be rows that were not looked at."""
        if self.active:
            self._timer.start()

    def step(self, by: int) -> None:
        matches = self._finder.matches(self._list.rows)
        if not matches:
            return
        if self._current in matches:
            at = (matches.index(self._current) + by) % len(matches)
        else:
            at = self._nearest(matches) if by > 0 else self._nearest(matches) - 1
        self._go(matches[at], at, len(matches))

    def highlights(self, row: Row, block: Block) -> tuple[list[tuple[int, int]], int | None]:
        """The matches in a block and which of them is the current one."""
        texts = row.text_blocks()
        words = self._words is not None and self._words.item == row.key.item
        if not (self.active or words) or block not in texts:
            return [], None
        ranges = self.ranges(block)
        now = self._current
        mine = now and now.row == row.key and now.block == texts.index(block)
        return ranges, now.ordinal if now and mine and now.ordinal < len(ranges) else None

    def ranges(self, block: Block) -> list[tuple[int, int]]:
        if self._words is not None and not self.active:
            return self._words.ranges(block)
        return self._finder.ranges(block)

    def _nearest(self, matches: list[Match]) -> int:
        seen = self._list.visible()
        for number, match in enumerate(matches):
            index = self._list.index_of(match.row)
            if index is not None and index >= seen.start:
                return number
        return 0

    def _look_on(self) -> None:
        rows = self._list.rows
        start = self._list.visible().start
        until = time.monotonic() + _SLICE_S
        for index in [*range(start, len(rows)), *range(start)]:
            if not self._finder.knows(rows[index]):
                self._finder.look_at(rows[index])
                if time.monotonic() > until:
                    break
        else:
            self._timer.stop()
            if self.active:
                self.looked_through.emit()
        self._report()

    def _report(self) -> None:
        matches = self._finder.matches(self._list.rows)
        if self._leads and self._current is None and matches and self.active:
            at = self._nearest(matches)
            self._go(matches[at], at, len(matches))
            return
        at = matches.index(self._current) + 1 if self._current in matches else 0
        self.counted.emit(at, len(matches))

    def _go(self, match: Match, at: int, count: int) -> None:
        self._current = match
        self.counted.emit(at + 1, count)
        self.reached.emit(match)
        self.changed.emit()
