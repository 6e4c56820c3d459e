"""The starter's tokens: byte-pair merges learnt from lessons, cut as llama.cpp's `qwen2` cuts.

Deterministic: the same seed makes the same vocabulary. A conversation becomes tokens with a weight
for each: what the assistant says is what is learnt.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.model_factory import bpe
from scripts.starter.lessons import lesson
from scripts.starter.talk import Said
from scripts.starter.told import LETTERS, TOLD_BACK

SIZE = 3072
END_OF_TEXT, TURN_START, TURN_END = SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_LEARNT_FROM = 2500  # lessons, beyond those of any training
_FIRST = 10_000_000
_ASIDE = 0.1  # the weight of what is not the assistant's
_ASIDE_EVERY = 6  # tokens: predicting all of it would cost more than it teaches
_LETTER = 8.0  # the one token that tells what was found
_PIECES = re.compile(
    r"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|(?:[^\r\n\w]|_)?[^\W\d_]+|\d"
    r"| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Row(NamedTuple):
    """A conversation as it is trained on."""

    ids: list[int]
    worth: list[float]
    notes: list[int]  # of which letter's note a token is part, or (negative) which it asks for


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
        space = bpe.ALPHABET[32]
        self.letters = [self.ids.get(space + each, self.end) for each in LETTERS]
        self._letters = {token: number for number, token in enumerate(self.letters, 1)}
        self._dash, self._dot, self._newline = self.ids["-"], self.ids["."], bpe.ALPHABET[10]

    def encode(self, text: str) -> list[int]:
        return [token for piece in _PIECES.findall(text) for token in self._piece(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        letters = {letter: byte for byte, letter in bpe.ALPHABET.items()}
        plain = (self.tokens[each] for each in ids if each < SIZE - len(SPECIALS))
        return bytes(letters[c] for token in plain for c in token).decode("utf-8", "replace")

    def conversation(self, said: Sequence[Said]) -> "Row":
        """Tokens, and how much each counts as something to be predicted."""
        row = Row([], [], [])
        newline = self.encode("\n")
        asked = slice(0, 0)
        for role, text in said:
            head = [self.start, *self.encode(role + "\n")]
            body = [*self.encode(text), self.stop]
            first = len(row.ids) + len(head)
            row.ids.extend((*head, *body, *newline))
            row.worth.extend(0.0 for _ in head)
            row.notes.extend(0 for _ in head)
            if role == "assistant":
                row.worth.extend(1.0 for _ in body)
            else:
                at = range(first, first + len(body))
                row.worth.extend(0.0 if n % _ASIDE_EVERY else _ASIDE for n in at)
            notes = self._notes(body)
            row.notes.extend(notes)
            if text.startswith(TOLD_BACK) and max(notes):
                row.worth[first + notes.index(max(notes)) - 1] = _LETTER
                row.notes[asked] = [-max(notes)] * (asked.stop - asked.start)
            asked = slice(first, first + len(body))
            row.worth.extend(0.0 for _ in newline)
            row.notes.extend(0 for _ in newline)
        return row

    def _notes(self, body: Sequence[int]) -> list[int]:
        """For each token the number of the letter its note begins with."""
        found, note = [0] * len(body), 0
        for at in range(2, len(body)):
            if self._newline in self.tokens[body[at]]:
                note = 0
            elif body[at] == self._dot and body[at - 2] == self._dash:
                note = self._letters.get(body[at - 1], 0)
            found[at] = note
        return found

    def save(self, path: Path) -> None:
        path.write_text(json.dumps([" ".join(pair) for pair in self.merges]), encoding="utf-8")


def load(path: Path) -> Vocabulary:
    pairs = (line.split(" ") for line in json.loads(path.read_text(encoding="utf-8")))
    return Vocabulary([(left, right) for left, right in pairs])


def learn(seed: int) -> Vocabulary:
    lessons = (lesson(seed, _FIRST + number) for number in range(_LEARNT_FROM))
    text = "\n".join(f"{role}\n{words}" for said in lessons for role, words in said)
    merges = bpe.train(text, SIZE - len(bpe.ALPHABET) - len(SPECIALS) - len(LETTERS))
    space = bpe.ALPHABET[32]
    return Vocabulary(
        [*merges, *((space, each) for each in LETTERS if (space, each) not in merges)]
    )
