"""One ranking out of several that cannot be compared by their scores. Pure."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_FLAT = 60  # how little a first place counts more than a second: the customary constant


def fused(*rankings: Iterable[T]) -> list[T]:
    """Reciprocal rank fusion, best first: what several rankings agree on comes before the rest."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for place, item in enumerate(dict.fromkeys(ranking)):
            scores[item] = scores.get(item, 0.0) + 1 / (_FLAT + place + 1)
    return sorted(scores, key=lambda item: -scores[item])
