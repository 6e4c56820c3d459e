"""The few words around a match, and where in them the match is; pure.

Works on a text a block at a time, so a match in a huge message costs only the way to it.
"""

import bisect
import re

import msgspec

from app.storage import tokenizer
from app.storage.query import Piece

Mark = tuple[int, int]

_SPACE = re.compile(r"\s")
_BLOCK = 2_000
_OVERLAP = 200
_MAX_SCAN = 100_000
_BEFORE, _LENGTH = 60, 200


class Snippet(msgspec.Struct, frozen=True):
    """`marks` are (start, end) in characters of `text`."""

    text: str
    marks: tuple[Mark, ...] = ()


def cut(text: str, pieces: tuple[Piece, ...]) -> Snippet:
    """The first place where the most pieces stand together."""
    best: list[Mark] = []
    best_start, most = 0, 0
    for start in range(0, min(len(text), _MAX_SCAN), _BLOCK):
        found = _find(text[start : start + _BLOCK + _OVERLAP], pieces)
        count = sum(bool(marks) for marks in found)
        if count > most:
            most, best_start = count, start
            best = sorted(mark for marks in found for mark in marks)
        if most == len(pieces):
            break
    return _around(text, [(best_start + a, best_start + b) for a, b in best])


def mark_all(text: str, pieces: tuple[Piece, ...]) -> tuple[Mark, ...]:
    """Every match in a short text, as a title."""
    return _merged(sorted(mark for marks in _find(text[:_BLOCK], pieces) for mark in marks))


def _around(text: str, marks: list[Mark]) -> Snippet:
    if not marks:
        return Snippet(_flat(text[:_LENGTH]) + ("…" if len(text) > _LENGTH else ""))
    start = max(0, marks[0][0] - _BEFORE)
    if start:
        space = text.find(" ", start, marks[0][0])
        start = space + 1 if space >= 0 else start
    end = min(len(text), max(start + _LENGTH, marks[0][1]))
    lead = "…" if start else ""
    shown = lead + _flat(text[start:end]) + ("…" if end < len(text) else "")
    shift = len(lead) - start
    inside = [(a + shift, min(b, end) + shift) for a, b in marks if a < end]
    return Snippet(shown, _merged(inside))


def _flat(text: str) -> str:
    """One line of the same length, so that positions stay true."""
    return _SPACE.sub(" ", text)


def _find(text: str, pieces: tuple[Piece, ...]) -> list[list[Mark]]:
    """Where each piece stands in a text."""
    terms = tokenizer.terms(text.encode(), for_index=True)
    found = [_places(terms, piece) for piece in pieces]
    if text.isascii() or not any(found):
        return found
    starts = _char_starts(text)
    at = bisect.bisect_left
    return [[(at(starts, a), at(starts, b)) for a, b in marks] for marks in found]


def _places(terms: list[tokenizer.Term], piece: Piece) -> list[Mark]:
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
