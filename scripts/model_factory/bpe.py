"""Byte-level byte-pair encoding: trains merges and encodes text, as the GPT-2 family does.

The split pattern follows the `qwen2` pre-tokenizer closely enough that llama.cpp, given our
merges, cuts ordinary text the same way.
"""

import heapq
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

Pair = tuple[str, str]

_LONGEST = 16  # bytes in a token: a phrase the corpus repeats must not become one
_PIECES = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+|\d| ?[^\s\w]+|\s+(?!\S)|\s+")


def _byte_alphabet() -> dict[int, str]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in set(printable)]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


ALPHABET = _byte_alphabet()


def spell(text: str) -> list[str]:
    return [ALPHABET[b] for b in text.encode()]


class _Trainer:
    """Words as symbol lists, with the count and whereabouts of every adjacent pair."""

    def __init__(self, text: str) -> None:
        counts = Counter(_PIECES.findall(text))
        self._words = [(spell(word), count) for word, count in counts.items()]
        self._pairs: Counter[Pair] = Counter()
        self._where: defaultdict[Pair, set[int]] = defaultdict(set)
        for index in range(len(self._words)):
            self._count(index, +1)
        self._heap = [(-count, pair) for pair, count in self._pairs.items()]
        heapq.heapify(self._heap)

    def best(self) -> Pair | None:
        while self._heap:
            negative, pair = heapq.heappop(self._heap)
            count = self._pairs[pair]
            if len(pair[0]) + len(pair[1]) > _LONGEST:
                continue
            if count == -negative and count > 1:
                return pair
            if count > 1:  # the entry is stale: put the true count back in its place
                heapq.heappush(self._heap, (-count, pair))
        return None

    def merge(self, pair: Pair) -> None:
        touched: set[Pair] = set()
        for index in sorted(self._where[pair]):
            touched |= self._count(index, -1)
            symbols, count = self._words[index]
            self._words[index] = (_join(symbols, pair), count)
            touched |= self._count(index, +1)
        for changed in touched:
            if self._pairs[changed] > 1:
                heapq.heappush(self._heap, (-self._pairs[changed], changed))

    def _count(self, index: int, sign: int) -> set[Pair]:
        symbols, count = self._words[index]
        pairs = set(itertools.pairwise(symbols))
        for pair in itertools.pairwise(symbols):
            self._pairs[pair] += sign * count
        for pair in pairs:
            if sign > 0:
                self._where[pair].add(index)
            else:
                self._where[pair].discard(index)
        return pairs


def _join(symbols: list[str], pair: Pair) -> list[str]:
    joined: list[str] = []
    i = 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            joined.append(pair[0] + pair[1])
            i += 2
        else:
            joined.append(symbols[i])
            i += 1
    return joined


def train(text: str, count: int) -> list[Pair]:
    """Up to `count` merges, each of which makes a new token."""
    trainer = _Trainer(text)
    merges: list[Pair] = []
    known: set[str] = set()
    while len(merges) < count and (pair := trainer.best()):
        trainer.merge(pair)
        if pair[0] + pair[1] not in known:
            known.add(pair[0] + pair[1])
            merges.append(pair)
    return merges


class Encoder:
    def __init__(self, merges: Iterable[Pair], ids: dict[str, int]) -> None:
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._ids = ids
        self._cache: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        return [token for piece in _PIECES.findall(text) for token in self._piece(piece)]

    def _piece(self, piece: str) -> list[int]:
        if piece not in self._cache:
            symbols = spell(piece)
            while pair := self._first(symbols):
                symbols = _join(symbols, pair)
            self._cache[piece] = [self._ids[s] for s in symbols]
        return self._cache[piece]

    def _first(self, symbols: list[str]) -> Pair | None:
        pairs = [p for p in itertools.pairwise(symbols) if p in self._ranks]
        return min(pairs, key=self._ranks.__getitem__, default=None)
