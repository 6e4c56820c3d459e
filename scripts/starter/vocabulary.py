"""The starter's tokens: byte-pair merges learnt from lessons, cut as llama.cpp's `qwen2` cuts.

Deterministic: the same seed makes the same vocabulary. A conversation becomes tokens with a weight
for each: what the assistant says is what is learnt.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.model_factory import bpe
from scripts.starter.lessons import lesson
from scripts.starter.talk import Said

SIZE = 3072
END_OF_TEXT, TURN_START, TURN_END = SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_LEARNT_FROM = 2500  # lessons, beyond those of any training
_FIRST = 10_000_000
_ASIDE = 0.1  # the weight of what is not the assistant's
_ASIDE_EVERY = 6  # tokens: predicting all of it would cost more than it teaches
_PIECES = re.compile(
    r"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|(?:[^\r\n\w]|_)?[^\W\d_]+|\d"
    r"| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Vocabulary(bpe.Encoder):
    """`tokens` in order of their ids; the special ones are the last."""

    def __init__(self, merges: Sequence[bpe.Pair]) -> None:
        known = dict.fromkeys([*bpe.ALPHABET.values(), *("".join(pair) for pair in merges)])
        unused = [f"[unused {n}]" for n in range(SIZE - len(known) - len(SPECIALS))]
        self.tokens = [*known, *unused, *SPECIALS]
        self.merges = list(merges)
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.end, self.start, self.stop = (self.ids[special] for special in SPECIALS)
        super().__init__(merges, self.ids)

    def encode(self, text: str) -> list[int]:
        return [token for piece in _PIECES.findall(text) for token in self._piece(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        letters = {letter: byte for byte, letter in bpe.ALPHABET.items()}
        plain = (self.tokens[each] for each in ids if each < SIZE - len(SPECIALS))
        return bytes(letters[c] for token in plain for c in token).decode("utf-8", "replace")

    def conversation(self, said: Sequence[Said]) -> tuple[list[int], list[float]]:
        """Tokens, and how much each counts as something to be predicted."""
        ids: list[int] = []
        weights: list[float] = []
        newline = self.encode("\n")
        for role, text in said:
            head = [self.start, *self.encode(role + "\n")]
            body = [*self.encode(text), self.stop]
            ids += [*head, *body, *newline]
            first = len(weights) + len(head)
            weights += [0.0] * len(head)
            if role == "assistant":
                weights += [1.0] * len(body)
            else:
                at = range(first, first + len(body))
                weights += [0.0 if n % _ASIDE_EVERY else _ASIDE for n in at]
            weights += [0.0] * len(newline)
        return ids, weights

    def save(self, path: Path) -> None:
        path.write_text(json.dumps([" ".join(pair) for pair in self.merges]), encoding="utf-8")


def load(path: Path) -> Vocabulary:
    pairs = (line.split(" ") for line in json.loads(path.read_text(encoding="utf-8")))
    return Vocabulary([(left, right) for left, right in pairs])


def learn(seed: int) -> Vocabulary:
    lessons = (lesson(seed, _FIRST + number) for number in range(_LEARNT_FROM))
    text = "\n".join(f"{role}\n{words}" for said in lessons for role, words in said)
    return Vocabulary(bpe.train(text, SIZE - len(bpe.ALPHABET) - len(SPECIALS)))
