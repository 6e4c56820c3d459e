"""How well a message answers a search; pure, called by FTS5 on the reading thread.

Stands in for FTS5's bm25, which counts every row that contains a word before it ranks the
first one, so that a common word costs more the more has ever been said. Here the caller says
what each piece is worth.
"""

from typing import Protocol

_TYPICAL_TERMS = 60
_LENGTH_WEIGHT = 0.75
_SATURATION = 1.2


class Match(Protocol):
    """What FTS5 tells of the row at hand."""

    def column_size(self, col: int = -1) -> int: ...
    def phrase_locations(self, phrase: int) -> list[list[int]]: ...


def relevance(match: Match, *worths: float) -> float:
    """The sum over the pieces of worth × how often, saturating, the less the longer the text."""
    length = match.column_size(0) / _TYPICAL_TERMS
    damping = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * length)
    score = 0.0
    for phrase, worth in enumerate(worths):
        often = len(match.phrase_locations(phrase)[0])
        score += worth * often / (often + damping)
    return score
