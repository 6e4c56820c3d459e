"""The few words around a match, without their Markdown, and where in them the match is; pure.

Works on a text a block at a time, so a match in a huge message costs only the way to it.
"""

import bisect

import msgspec

from app.storage import tokenizer
from app.storage.plain import ends_in_code, plainly
from app.storage.query import Piece

Mark = tuple[int, int]

_BLOCK = 2_000
_OVERLAP = 200
_MAX_SCAN = 100_000
_BEFORE, _LENGTH = 60, 200
_LOOKED_AT = 600  # characters before and after a match, for what a reader would see of them


class Snippet(msgspec.Struct, frozen=True):
    """`marks` are (start, end) in characters of `text`."""

    text: str
    marks: tuple[Mark, ...] = ()


def cut(text: str, pieces: tuple[Piece, ...]) -> Snippet:
    """The first place where the most pieces stand together."""
    best: list[Mark] = []
    best_start, most = 0, 0
    for start in range(0, min(len(text), _MAX_SCAN), _BLOCK):
        found = places(text[start : start + _BLOCK + _OVERLAP], pieces)
        count = sum(bool(marks) for marks in found)
        if count > most:
            most, best_start = count, start
            best = sorted(mark for marks in found for mark in marks)
        if most == len(pieces):
            break
    return _around(text, [(best_start + a, best_start + b) for a, b in best])


def mark_all(text: str, pieces: tuple[Piece, ...]) -> tuple[Mark, ...]:
    """Every match in a short text, as a title."""
    return _merged(sorted(mark for marks in places(text[:_BLOCK], pieces) for mark in marks))


def _around(text: str, marks: list[Mark]) -> Snippet:
    first = marks[0][0] if marks else 0
    begin = max(0, first - _LOOKED_AT)
    if begin:  # at the start of a line, where there is one
        begin = text.find("\n", begin, first) + 1 or begin
    stop = min(len(text), first + _LOOKED_AT)
    near = [(a - begin, min(b, stop) - begin) for a, b in marks if a < stop]
    words, near = plainly(text[begin:stop], near, in_code=ends_in_code(text[:begin]))
    words, near = _flat(words, near)
    start = max(0, near[0][0] - _BEFORE) if near else 0
    if start:
        space = words.find(" ", start, near[0][0])
        start = space + 1 if space >= 0 else start
    end = min(len(words), max(start + _LENGTH, near[0][1] if near else 0))
    lead = "…" if start or text[:begin].strip() else ""
    trail = "…" if end < len(words) or stop < len(text) else ""
    shift = len(lead) - start
    inside = [(a + shift, min(b, end) + shift) for a, b in near if a < end]
    return Snippet(f"{lead}{words[start:end]}{trail}", _merged(inside))


def _flat(text: str, marks: list[Mark]) -> tuple[str, list[Mark]]:
    """One line with single spaces."""
    shown: list[str] = []
    new_at = [0] * (len(text) + 1)
    length = 0
    for at, char in enumerate(text):
        new_at[at] = length
        space = char.isspace()
        if not space or (shown and shown[-1] != " "):
            shown.append(" " if space else char)
            length += 1
    new_at[-1] = length
    return "".join(shown), [(new_at[a], new_at[b]) for a, b in marks]


def places(text: str, pieces: tuple[Piece, ...]) -> list[list[Mark]]:
    """Where each piece stands in a text."""
    terms = tokenizer.terms(text.encode(), for_index=True)
    found = [_places_of(terms, piece) for piece in pieces]
    if text.isascii() or not any(found):
        return found
    starts = _char_starts(text)
    at = bisect.bisect_left
    return [[(at(starts, a), at(starts, b)) for a, b in marks] for marks in found]


def _places_of(terms: list[tokenizer.Term], piece: Piece) -> list[Mark]:
    width = len(piece.terms)
    if width == 1:
        return [(term[0], term[1]) for term in terms if piece.matches(0, term[2:])]
    return [
        (terms[i][0], terms[i + width - 1][1])
        for i in range(len(terms) - width + 1)
        if all(piece.matches(k, terms[i + k][2:]) for k in range(width))
    ]


def _char_starts(text: str) -> list[int]:
    starts, at = [0], 0
    for char in text:
        at += len(char.encode())
        starts.append(at)
    return starts


def _merged(marks: list[Mark]) -> tuple[Mark, ...]:
    merged: list[Mark] = []
    for start, end in marks:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
