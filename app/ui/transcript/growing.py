"""The finished lines of a listing, a table or a list that is still being written.

Pure, main thread. A block is kept whole until the next one begins, and may be long by then: its
finished lines are set aside as leaves, and only its head and its last lines are parsed again.
What was set aside reads as it did; that a list turns out loose is the one thing said of it later.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from app.ui.transcript.caps import MAX_CELLS, MAX_COLUMNS, TABLE_TOO_LARGE
from app.ui.transcript.leaves import Capped, Group, Leaf, Spans, Table, Text
from app.ui.transcript.markdown import group

_WORTH = 12  # finished lines, before which setting them aside costs more than it saves
_HEAD_LINES = {"fence": 1, "table_open": 2}
_LISTS = ("bullet_list_open", "ordered_list_open")


class Aside(msgspec.Struct, frozen=True):
    """The part of a block that is finished."""

    source: str = ""
    rows: tuple[tuple[Spans, ...], ...] = ()
    leaves: Group = ()
    loose: bool = False


def joined(aside: Aside, tokens: Sequence[Any], source: str) -> Group:
    """The whole block, when `tokens` are those of its head and what is not finished."""
    if tokens[0].type == "fence":
        tokens[0].content = aside.source + tokens[0].content
    rest = group(tokens, source)
    if tokens[0].type == "table_open":
        first, last = tokens[0].map
        return (_whole_table(aside, rest[0], source.split("\n")[first:last]),)
    if tokens[0].type not in _LISTS:
        return rest
    loose = aside.loose or _is_loose(rest)
    before = aside.leaves if loose == aside.loose else _loosened(aside.leaves)
    return (*before, *(_loosened(rest) if loose else rest))


def set_aside(
    aside: Aside, whole: Group, tokens: Sequence[Any], source: str
) -> tuple[Aside, int, int] | None:
    """What of the block is finished now, and the source lines, from and to, that say it."""
    kind: str = tokens[0].type
    if not whole or not tokens[0].map:
        return None
    if isinstance(whole[0], Capped) and kind != "table_open":
        return None
    start, end = map(int, tokens[0].map)
    lines = source.split("\n")
    # markdown-it reads these characters as others, and takes an indent from every line.
    if end - start < _WORTH or "\r" in source or "\0" in source or lines[start][:1].isspace():
        return None
    if kind in _LISTS:
        return _items_aside(whole, tokens, source)
    if kind not in _HEAD_LINES or end - 1 - start - _HEAD_LINES[kind] < _WORTH:
        return None
    first, last = start + _HEAD_LINES[kind], end - 1
    said = "".join(f"{line}\n" for line in lines[first:last])
    leaf, rows = whole[0], aside.rows
    if isinstance(leaf, Table):
        known = 1 + len(rows)
        rows = (*rows, *leaf.rows[known : known + last - first])
    return Aside(aside.source + said, rows), first, last


def _items_aside(whole: Group, tokens: Sequence[Any], source: str) -> tuple[Aside, int, int] | None:
    """All items but the last two: a line to come may still belong to one of those."""
    items = [n for n, one in enumerate(tokens) if one.type == "list_item_open" and one.level == 1]
    if len(items) < 3:
        return None
    first, last = tokens[0].map[0], tokens[items[-2]].map[0]
    rest = len(group(tokens[items[-2] :], source))
    return Aside(leaves=whole[:-rest], loose=_is_loose(whole)), first, last


def _whole_table(aside: Aside, leaf: Leaf, lines: list[str]) -> Leaf:
    if isinstance(leaf, Table) and len(aside.rows) == aside.source.count("\n"):
        rows = (leaf.rows[0], *aside.rows, *leaf.rows[1:])
        if len(rows) * len(leaf.aligns) <= MAX_CELLS or _can_be_cut(leaf, aside, lines):
            return replace(leaf, rows=rows)
    whole = [*lines[:2], *aside.source.split("\n")[:-1], *lines[2:]]
    return Capped("\n".join(whole), TABLE_TOO_LARGE)


def _can_be_cut(leaf: Table, aside: Aside, lines: list[str]) -> bool:
    """Whether `caps` will cut it between its rows once it is finished."""
    bars = f"\n{aside.source}".count("\n|") == aside.source.count("\n")
    return bars and all(line.startswith("|") for line in lines) and len(leaf.aligns) <= MAX_COLUMNS


def _is_loose(leaves: Group) -> bool:
    return any(_direct(leaf) and not leaf.tight for leaf in leaves if isinstance(leaf, Text))


def _loosened(leaves: Group) -> Group:
    return tuple(
        replace(leaf, tight=False) if isinstance(leaf, Text) and _direct(leaf) else leaf
        for leaf in leaves
    )


def _direct(leaf: Text) -> bool:
    """A paragraph of an item of the list itself, not of something inside the item."""
    return bool(leaf.spans) and not leaf.level and len(leaf.within) == 1
