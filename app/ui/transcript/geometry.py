"""Heights of rows and the place the reader holds on to: the arithmetic of a virtual list.

Pure, main thread. Rows far away have estimated heights; the anchor is a row and an offset into
it, so that nothing the reader sees moves when an estimate above becomes a measurement.
"""

from bisect import bisect_right
from itertools import accumulate

import msgspec


class Anchor(msgspec.Struct, frozen=True):
    """A row the reader sees, and how far below its top the viewport starts (or above)."""

    row: int = 0
    offset: float = 0.0


class Heights:
    def __init__(self) -> None:
        self._heights: list[float] = []
        self._tops: list[float] = [0.0]
        self._stale_from: int | None = None

    def __len__(self) -> int:
        return len(self._heights)

    def reset(self, heights: list[float]) -> None:
        self._heights = list(heights)
        self._stale_from = 0

    def insert(self, at: int, heights: list[float]) -> None:
        self._heights[at:at] = heights
        self._touch(at)

    def remove(self, at: int, count: int = 1) -> None:
        del self._heights[at : at + count]
        self._touch(at)

    def set(self, row: int, height: float) -> bool:
        if self._heights[row] == height:
            return False
        self._heights[row] = height
        self._touch(row)
        return True

    def _touch(self, row: int) -> None:
        self._stale_from = row if self._stale_from is None else min(row, self._stale_from)

    def _fresh(self) -> list[float]:
        if self._stale_from is not None:
            start = self._stale_from
            head = self._tops[: start + 1]
            self._tops = head[:-1] + list(accumulate(self._heights[start:], initial=head[-1]))
            self._stale_from = None
        return self._tops

    def height(self, row: int) -> float:
        return self._heights[row]

    def top(self, row: int) -> float:
        return self._fresh()[row]

    @property
    def total(self) -> float:
        return self._fresh()[-1]

    def row_at(self, y: float) -> int:
        """The row that covers this height, or the nearest; there must be one."""
        return max(0, min(len(self._heights) - 1, bisect_right(self._fresh(), y) - 1))

    def span(self, y: float, height: float) -> range:
        if not self._heights:
            return range(0)
        return range(self.row_at(y), self.row_at(y + height) + 1)

    def anchor(self, row: int, y: float) -> Anchor:
        return Anchor(row, y - self.top(row))

    def y_of(self, anchor: Anchor) -> float:
        return self.top(anchor.row) + anchor.offset
