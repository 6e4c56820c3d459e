"""Find in the conversation: every visible match, in reading order, found a little at a time.

Main thread. What a row shows comes from its leaves, so a match may span bold and plain words but
never markup; most rows are ruled out by their source without being parsed. Formulas are opaque.
"""

import re
from collections.abc import Callable, Iterable
from itertools import chain
from weakref import WeakKeyDictionary

import msgspec

from app.ui.transcript.blocks import Block
from app.ui.transcript.building import chunks
from app.ui.transcript.caps import excerpt
from app.ui.transcript.items import ItemId
from app.ui.transcript.leaves import Capped, Code, Leaf, Span, Table, Text
from app.ui.transcript.rows import Row
from app.ui.transcript.selection import RowKey

_WORD = re.compile(r"\w+")
_MARKUP = str.maketrans("", "", "*_~`\\[]()")
_BREAKS = str.maketrans(dict.fromkeys("\u2028\u2029\ufdd0\ufdd1", "\n"))
_FORMULA = "\ufffc"


Stretch = tuple[int, int]  # characters from and to
Places = Callable[[str], list[list[Stretch]]]  # where each of several words stands in a text


class Match(msgspec.Struct, frozen=True):
    """The `ordinal`th match in the `block`th text block of a row, both from zero."""

    row: RowKey
    block: int
    ordinal: int


class Finder:
    """One search."""

    def __init__(self, needle: str) -> None:
        self.needle = needle
        self._pattern = re.compile(re.escape(needle), re.IGNORECASE)
        self._words = [word.casefold() for word in _WORD.findall(needle.translate(_MARKUP))]
        self._matches: dict[RowKey, list[Match]] = {}

    def look_at(self, row: Row) -> None:
        found: list[Match] = []
        if self.needle and self._may_match(row.text):
            for number, leaves in enumerate(chunks(row.groups())):
                many = len(self._pattern.findall(visible_text(leaves)))
                found.extend(Match(row.key, number, n) for n in range(many))
        self._matches[row.key] = found

    def knows(self, row: Row) -> bool:
        return row.key in self._matches

    def forget(self, row: Row) -> None:
        self._matches.pop(row.key, None)

    def matches(self, rows: Iterable[Row]) -> list[Match]:
        return list(chain.from_iterable(self._matches.get(row.key, ()) for row in rows))

    def ranges(self, block: Block) -> list[Stretch]:
        """Where the matches lie in a block's document, in order."""
        if block.document is None or not self.needle:
            return []
        text = _read(block)
        return _in_document(block, text, (each.span() for each in self._pattern.finditer(text)))

    def _may_match(self, source: str) -> bool:
        if "&" in source:
            return True  # an entity hides its character
        bare = source.translate(_MARKUP).casefold()
        return all(word in bare for word in self._words)


class Words:
    """What a search of all chats found in one message: marked in it, wherever it stands."""

    def __init__(self, item: ItemId, places: Places) -> None:
        self.item = item
        self._places = places
        self._known: WeakKeyDictionary[Block, tuple[int, list[Stretch]]] = WeakKeyDictionary()

    def ranges(self, block: Block) -> list[Stretch]:
        if block.document is None:
            return []
        revision, known = self._known.get(block, (-1, []))
        if revision != block.document.revision():
            text = _read(block)
            known = _in_document(block, text, sorted(chain.from_iterable(self._places(text))))
            self._known[block] = (block.document.revision(), known)
        return known

    def best(self, rows: Iterable[Row]) -> Match | None:
        """The rarest word in the block that has the most of them."""
        most, best = 0, None
        for row in rows:
            if _count(self._places(row.text)) <= most:
                continue  # its blocks have no more than all of it
            for number, leaves in enumerate(chunks(row.groups())):
                found = self._places(visible_text(leaves))
                if _count(found) > most:
                    most = _count(found)
                    (rarest, *_) = min(filter(None, found), key=len)
                    ordinal = sorted(chain.from_iterable(found)).index(rarest)
                    best = Match(row.key, number, ordinal)
        return best


def _count(places: list[list[Stretch]]) -> int:
    return sum(map(bool, places))


def _read(block: Block) -> str:
    assert block.document is not None
    return block.document.toRawText().translate(_BREAKS)


def _in_document(block: Block, text: str, stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same in Qt's units, without what lies in a formula."""
    opaque = [p for p in block.written.pieces if p.span.kind in ("math", "display")]
    found: list[Stretch] = []
    for first, last in stretches:
        start = _units(text, first)
        end = start + _units(text[first:last], last - first)
        if not any(piece.start < end and piece.end > start for piece in opaque):
            found.append((start, end))
    return found


def visible_text(leaves: tuple[Leaf, ...]) -> str:
    """What a block's document reads, with formulas as one opaque character."""
    return "\n".join(map(_leaf_text, leaves))


def _leaf_text(leaf: Leaf) -> str:
    match leaf:
        case Text():
            return "".join(map(_shown, leaf.spans))
        case Code():
            return leaf.code
        case Capped():
            return excerpt(leaf.text)
        case Table():
            return "\n".join("".join(map(_shown, cell)) for row in leaf.rows for cell in row)
        case _:
            return ""


def _shown(span: Span) -> str:
    return _FORMULA if span.kind in ("math", "display") else span.text


def _units(text: str, characters: int) -> int:
    """Qt counts in UTF-16."""
    if text.isascii():
        return characters
    return len(text[:characters].encode("utf-16-le", "surrogatepass")) // 2
