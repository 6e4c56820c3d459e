"""The passages of a long document that a question is about. Pure.

A question is compared by the same terms as the search index has, so every script works. Terms
that most passages share say nothing; without one that tells them apart nothing is relevant.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from app.storage.documents import Excerpt
from app.storage.passages import split
from app.storage.tokenizer import terms

_SATURATION = 1.5
_COMMON_SHARE = 0.2
_OPENING_SHARE = 0.3
_GAP = "\n[…]\n"


class _Index(msgspec.Struct, frozen=True):
    passages: tuple[str, ...]
    counts: tuple[Counter[str], ...]
    spread: Counter[str]  # in how many passages each term is


def excerpt(
    name: str, text: str, question: str, characters: int, *, opening: bool
) -> Excerpt | None:
    """`opening`: with its beginning, which says what it is; None when nothing is relevant."""
    index = _index(text)
    first = _opening(index.passages, int(characters * _OPENING_SHARE)) if opening else []
    room = characters - sum(len(index.passages[i]) for i in first)
    chosen = set(first)
    for place in _ranked(index, question):
        size = len(index.passages[place])
        if place not in chosen and size <= room:
            room -= size
            chosen.add(place)
    if not chosen:
        return None
    extent = f"{len(chosen)} of {len(index.passages)} parts"
    return Excerpt(name, extent, _joined(index.passages, sorted(chosen)))


@lru_cache(maxsize=8)
def _index(text: str) -> _Index:
    passages = split(text)
    counts = tuple(Counter(_terms(passage)) for passage in passages)
    return _Index(passages, counts, Counter(term for count in counts for term in count))


def _terms(text: str) -> list[str]:
    return [term for _, _, *found in terms(text.encode(), for_index=True) for term in found]


def _ranked(index: _Index, question: str) -> list[int]:
    most = max(1, int(len(index.passages) * _COMMON_SHARE))
    asked = [term for term in set(_terms(question)) if 0 < index.spread[term] <= most]
    worth = {term: math.log(1 + len(index.passages) / index.spread[term]) for term in asked}
    scores = {
        place: sum(worth[t] * count[t] / (count[t] + _SATURATION) for t in asked)
        for place, count in enumerate(index.counts)
    }
    relevant = [place for place, score in scores.items() if score > 0]
    return sorted(relevant, key=lambda place: (-scores[place], place))


def _opening(passages: Sequence[str], characters: int) -> list[int]:
    chosen: list[int] = []
    for place, passage in enumerate(passages):
        characters -= len(passage)
        if characters < 0 and chosen:
            break
        chosen.append(place)
    return chosen


def _joined(passages: Sequence[str], places: Sequence[int]) -> str:
    parts = [passages[places[0]]]
    for before, place in pairwise(places):
        parts.append("\n\n" if place == before + 1 else _GAP)
        parts.append(passages[place])
    return "".join(parts)
