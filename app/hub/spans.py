"""Which bytes of a file are there: a set of half-open ranges. Pure; the owner locks it.

Always true: the ranges are in order, none is empty, and no two touch.
"""

from collections.abc import Iterator


class Spans:
    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._ranges)

    @property
    def total(self) -> int:
        return sum(stop - start for start, stop in self._ranges)

    @property
    def frontier(self) -> int:
        """Everything before it is there."""
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 0 else 0

    def add(self, start: int, stop: int) -> None:
        if start >= stop:
            return
        kept: list[tuple[int, int]] = []
        for low, high in self._ranges:
            if high < start or stop < low:
                kept.append((low, high))
            else:
                start, stop = min(start, low), max(stop, high)
        self._ranges = sorted([*kept, (start, stop)])

    def remove(self, start: int, stop: int) -> None:
        if start >= stop:
            return
        cut = [
            piece
            for low, high in self._ranges
            for piece in ((low, min(high, start)), (max(low, stop), high))
        ]
        self._ranges = [(low, high) for low, high in cut if low < high]

    def gaps(self, size: int) -> Iterator[tuple[int, int]]:
        at = 0
        for low, high in self._ranges:
            if at < low:
                yield at, min(low, size)
            at = high
        if at < size:
            yield at, size
