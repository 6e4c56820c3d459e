"""Long tables in pieces that are laid out apart, and pieces as one table again. Pure.

Qt lays out all rows of a table when one is added or when it is first shown, so that a long table
is several short ones under each other. They look like one, because the widths of all of them come
from one sample: the header and, of each column, the few cells that decide how wide it is.
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import nlargest
from typing import TypeVar

from msgspec.structs import replace

from app.ui.transcript.leaves import Leaf, Spans, Table, same_start

Cell = TypeVar("Cell")

_CELLS = 60  # of a piece: it is laid out anew for each row that is added to it
LEAST_ROWS = 4
_LOOKED_AT = 8  # cells with the most letters, of which two are the widest
_NARROW = str.maketrans("", "", "ijlrtfI.,:;'|!()[] ")


def piece_rows(columns: int) -> int:
    """So many rows below the header, or below the piece before, are one piece."""
    return max(LEAST_ROWS, _CELLS // max(1, columns))


def widest(cells: Sequence[Cell], read: Callable[[Cell], str]) -> list[Cell]:
    """Those of a column that decide how wide it is: the two longest, and one for a long word."""
    if len(cells) <= 2:
        return list(cells)
    texts = list(map(read, cells))
    lengths = list(map(len, texts))
    long = nlargest(_LOOKED_AT, range(len(cells)), key=lengths.__getitem__)
    found = nlargest(2, long, key=lambda number: _width(texts[number]))
    words = [max(map(len, text.split()), default=0) for text in texts]
    return [cells[number] for number in (*found, words.index(max(words)))]


def _width(text: str) -> int:
    """Roughly, in halves of a letter."""
    wide = 0 if text.isascii() else 2 * sum(letter > "\u10ff" for letter in text)
    return len(text) + len(text.translate(_NARROW)) + wide


_Known = tuple[Sequence[object], list[tuple[Spans, ...]]]  # rows, and cells of each column
_NOTHING: _Known = ((), [])


class Samples:
    """Those of the tables of a text that may grow: only new rows are looked at."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def of(self, number: int, leaf: Table) -> Table:
        rows, columns = self._known.get(number, _NOTHING)
        same = same_start(rows, leaf.rows)
        if same < len(rows) - 1 or not columns:  # more than its last row reads otherwise
            same, columns = 1, [()] * len(leaf.aligns)
        more = zip(*leaf.rows[same:], strict=False) if leaf.rows[same:] else [()] * len(columns)
        new = zip(columns, more, strict=True)
        columns = [tuple(widest((*cells, *some), _read)) for cells, some in new]
        self._known[number] = leaf.rows, columns
        return replace(leaf, rows=(leaf.rows[0], *zip(*columns, strict=True)))


def _read(cell: Spans) -> str:
    return "".join(span.text for span in cell)


def in_pieces(leaves: Iterable[Leaf], samples: Samples | None = None) -> list[Leaf]:
    samples = samples or Samples()
    found: list[Leaf] = []
    for number, leaf in enumerate(leaves):
        if isinstance(leaf, Table) and len(leaf.rows) > _first_rows(leaf):
            found.extend(_pieces(leaf, leaf.sample or samples.of(number, leaf)))
        else:
            found.append(leaf)
    return found


def _first_rows(leaf: Table) -> int:
    return piece_rows(len(leaf.aligns)) + (not leaf.continues)


def _pieces(leaf: Table, sample: Table) -> Iterable[Table]:
    first, size, rows = _first_rows(leaf), piece_rows(len(leaf.aligns)), leaf.rows
    yield replace(leaf, rows=rows[:first], sample=sample, goes_on=True)
    for at in range(first, len(rows), size):
        goes_on = leaf.goes_on or at + size < len(rows)
        some = rows[at : at + size]
        yield replace(leaf, rows=some, sample=sample, continues=True, goes_on=goes_on)


def in_whole(leaves: Iterable[Leaf]) -> list[Leaf]:
    """The pieces that follow one another as the tables they are of."""
    found: list[Leaf] = []
    goes_on = False
    for leaf in leaves:
        above = found[-1] if goes_on else None
        goes_on = isinstance(leaf, Table) and leaf.goes_on
        if not isinstance(leaf, Table):
            found.append(leaf)
        elif leaf.continues and isinstance(above, Table):
            found[-1] = replace(above, rows=(*above.rows, *leaf.rows))
        else:
            found.append(replace(leaf, sample=None, continues=False, goes_on=False))
    return found
