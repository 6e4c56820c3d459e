"""What the speaking models say: three sentences of nine clauses, as a graph without a cycle.

A reply walks a chain of slots, each a set of words; words of different slots are distinct
tokens, so the last token alone says where in the reply it is. Some slots may be skipped, none
comes twice: every reply ends with the end-of-turn token after some 25 to 85 tokens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scripts.model_factory import corpus
from scripts.model_factory.vocab import THINK, THINK_END, TURN_END, Vocabulary

_NEWLINE = "Ċ"


@dataclass
class Slot:
    tokens: list[str]
    skip: float = 0.0  # how often the walk passes it by
    leaps: dict[int, float] = field(default_factory=dict[int, float])  # extra targets, with weights


def _spaced(words: Sequence[str]) -> list[str]:
    return [f"Ġ{word}" for word in words]


def _openings() -> list[list[str]]:
    """The first words of the nine clauses: sentences open at 0, 3 and 6 with a capital."""
    words = corpus.DETERMINERS
    capital = [word.capitalize() for word in words]
    return [
        capital[:4],
        _spaced(words[:2]),
        _spaced(words[2:4]),
        _spaced(capital[:4]),
        _spaced(words[4:6]),
        _spaced(words[6:8]),
        capital[4:8],
        _spaced(words[8:10]),
        _spaced(words[10:12]),
    ]


def _clause(index: int, opening: list[str]) -> Iterator[Slot]:
    def share(words: list[str], count: int, offset: int = 0) -> list[str]:
        first = (2 * index + offset) * count
        return _spaced(words[first : first + count])

    yield Slot(opening)
    yield Slot(share(corpus.ADJECTIVES, 3), skip=0.4)
    yield Slot(share(corpus.NOUNS, 6))
    yield Slot(_spaced(corpus.ADVERBS[2 * index : 2 * index + 2]), skip=0.5)
    yield Slot(_spaced(corpus.VERBS[4 * index : 4 * index + 4]))
    yield Slot(_spaced(corpus.DETERMINERS[12 + index : 13 + index]))
    yield Slot(share(corpus.ADJECTIVES, 3, offset=1), skip=0.4)
    yield Slot(share(corpus.NOUNS, 6, offset=1))


def slots(*, thinks: bool = False) -> list[Slot]:
    """With `thinks` the first sentence is a thought, between the tags."""
    chain = [Slot([THINK])] if thinks else list[Slot]()
    openings = _openings()
    starts: list[int] = []
    links = iter(corpus.LINKS)
    for index, opening in enumerate(openings):
        starts.append(len(chain))
        chain += _clause(index, opening)
        match index:
            case 2:
                chain.append(Slot([THINK_END if thinks else "!"]))
            case 5:
                chain += [Slot(["?"]), Slot(["ĊĊ"])]
            case 8:
                chain += [Slot(["."]), Slot([TURN_END])]
            case _:
                chain.append(Slot(_spaced([next(links), next(links)])))
    for first in (0, 3, 6):  # a link may leap over the middle clause of its sentence
        chain[starts[first + 1] - 1].leaps[starts[first + 2]] = 0.4
    chain[starts[6] - 3].leaps[len(chain) - 2] = 0.4  # or the second sentence is the last
    return chain


def _targets(chain: list[Slot], index: int) -> dict[int, float]:
    """Where the walk may go from a slot, with how often."""
    targets = dict(chain[index].leaps)
    weight = 1.0
    for following in range(index + 1, len(chain)):
        targets[following] = weight * (1 - chain[following].skip)
        weight *= chain[following].skip
        if not weight:
            break
    return targets


def successors(vocabulary: Vocabulary, *, thinks: bool = False) -> NDArray[np.float32]:
    """The share [a, b] of b among what follows a, zero where b never does."""
    chain = slots(thinks=thinks)
    share = np.zeros((len(vocabulary), len(vocabulary)), np.float32)
    for index, slot in enumerate(chain):
        for target, weight in _targets(chain, index).items():
            words = [vocabulary.ids[token] for token in chain[target].tokens]
            for token in slot.tokens:
                share[vocabulary.ids[token], words] = weight / len(words)
    share[vocabulary.ids[TURN_END], vocabulary.ids[_NEWLINE]] = 1
    opening = [vocabulary.ids[token] for token in chain[0].tokens]
    silent = share.sum(axis=1) == 0
    share[np.ix_(silent, opening)] = 1  # after anything never said, a reply begins
    return share / share.sum(axis=1, keepdims=True)
