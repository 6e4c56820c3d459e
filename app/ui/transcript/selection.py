"""Where a selection lies: two places, each a character of a block of a row.

Pure values. Rows are named by key, not by index, because pages are put in front of them.
"""

import msgspec

from app.ui.transcript.items import ItemId


class RowKey(msgspec.Struct, frozen=True):
    """One row of the list; a long message is several rows."""

    item: ItemId
    part: int = 0


class Place(msgspec.Struct, frozen=True):
    row: RowKey
    block: int
    position: int


class Selection(msgspec.Struct, frozen=True):
    """From where the drag began to where it is now, in either order."""

    anchor: Place
    head: Place

    @property
    def empty(self) -> bool:
        return self.anchor == self.head


class Extent(msgspec.Struct, frozen=True):
    """A selection put in order, by row index, block and character."""

    first: tuple[int, int, int]
    last: tuple[int, int, int]

    def within(self, row: int, block: int, length: int) -> tuple[int, int] | None:
        """The selected characters of one block, if any part of it is selected."""
        if not self.first[:2] <= (row, block) <= self.last[:2]:
            return None
        start = min(self.first[2], length) if (row, block) == self.first[:2] else 0
        end = min(self.last[2], length) if (row, block) == self.last[:2] else length
        return (start, end) if start < end or length == 0 else None
