"""The token lists of recent replies, found again by their text.

A sampled reply need not tokenize to itself, so a conversation that comes back as text is first
matched against what was said here, and only the rest is tokenized. Written by the decode
thread, read by the io thread. Always true: a match ends beside a control token or at the end
of a transcript, so the rest tokenizes as it would have in the whole.
"""

import re
import threading
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from app.core.ids import SessionId
from app.engine.llama.vocab import Vocab
from app.engine.prompt import Prompt

_KEPT = 64


class _Piece(NamedTuple):
    key: int | bytes  # a control token, or the text between two of them
    length: int  # in tokens (of a transcript) or characters (of a prompt)


class Transcripts:
    def __init__(self, vocab: Vocab) -> None:
        self._vocab = vocab
        self._lock = threading.Lock()
        self._said: deque[tuple[tuple[int, ...], SessionId]] = deque(maxlen=_KEPT)
        self._pieces: dict[tuple[int, ...], list[_Piece]] = {}
        self._special = {text: token for token, text in vocab.special.items() if text}
        longest_first = sorted(self._special, key=len, reverse=True)
        self._mark = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def add(self, tokens: Sequence[int], session: SessionId) -> None:
        said = tuple(tokens)
        with self._lock:
            for old in [old for old in self._said if old[0] == said[: len(old[0])]]:
                self._said.remove(old)
            self._said.append((said, session))

    def purge(self, session: SessionId) -> None:
        with self._lock:
            for old in [old for old in self._said if old[1] == session]:
                self._said.remove(old)

    def tokens_of(self, prompt: Prompt) -> list[int]:
        """The prompt's tokens: those already used for this text, then fresh ones."""
        wanted = self._pieces_of_prompt(prompt)
        with self._lock:
            said = [tokens for tokens, _ in self._said]
        self._pieces = {tokens: self._pieces_of(tokens) for tokens in said}
        best: tuple[int, tuple[int, ...], int] = (0, (), 0)
        for tokens in said:
            length, characters = self._shared(self._pieces[tokens], wanted)
            if length > best[0]:
                best = (length, tokens, characters)
        length, tokens, characters = best
        if not length:
            return prompt.tokens(self._vocab)
        if characters == len(prompt.text):  # what was said without any text is no part of it
            length = self._with_text(tokens, length)
        fresh: list[int] = []
        for text, special in prompt.after(characters).segments:
            fresh += self._vocab.tokenize(text, special=special)
        return list(tokens[:length]) + fresh

    def _with_text(self, tokens: Sequence[int], length: int) -> int:
        while length and tokens[length - 1] not in self._vocab.special:
            if self._vocab.piece(tokens[length - 1]):
                break
            length -= 1
        return length

    def _shared(self, said: list[_Piece], wanted: list[_Piece]) -> tuple[int, int]:
        """How many tokens of a transcript say how many characters of the prompt."""
        tokens = characters = 0
        for index, (mine, theirs) in enumerate(zip(said, wanted, strict=False)):
            if mine.key != theirs.key:
                if index + 1 == len(said):
                    begun = self._begun(mine.key, theirs.key)
                    if begun:
                        return tokens + mine.length, characters + begun
                break
            tokens += mine.length
            characters += theirs.length
        return tokens, characters

    def _begun(self, said: int | bytes, wanted: int | bytes) -> int:
        """Characters of the transcript's last text, where the prompt's text continues it."""
        if not isinstance(said, bytes) or not isinstance(wanted, bytes):
            return 0
        if not said or not wanted.startswith(said):
            return 0
        try:
            begun, rest = said.decode(), wanted[len(said) :].decode()
        except UnicodeDecodeError:
            return 0
        # Some vocabularies put a space before every text they are handed.
        again = self._vocab.detokenize(self._vocab.tokenize(rest, special=False))
        return len(begun) if again == rest else 0

    def _pieces_of(self, tokens: tuple[int, ...]) -> list[_Piece]:
        known = self._pieces.get(tokens)
        if known is not None:
            return known
        special = self._vocab.special
        borders = [index for index, token in enumerate(tokens) if token in special]
        pieces: list[_Piece] = []
        for before, border in pairwise([-1, *borders, len(tokens)]):
            if border - before > 1:
                text = b"".join(map(self._vocab.piece, tokens[before + 1 : border]))
                pieces.append(_Piece(text, border - before - 1))
            if border < len(tokens):
                pieces.append(_Piece(tokens[border], 1))
        return pieces

    def _pieces_of_prompt(self, prompt: Prompt) -> list[_Piece]:
        pieces: list[_Piece] = []
        for text, special in prompt.segments:
            done = 0
            for mark in self._mark.finditer(text) if special else ():
                _say(pieces, text[done : mark.start()])
                pieces.append(_Piece(self._special[mark[0]], len(mark[0])))
                done = mark.end()
            _say(pieces, text[done:])
        bos = self._vocab.bos
        if self._vocab.add_bos and (not pieces or pieces[0].key != bos):
            pieces.insert(0, _Piece(bos, 0))
        return pieces


def _say(pieces: list[_Piece], text: str) -> None:
    """Plain text joins the text before it: both lie between the same control tokens."""
    if not text:
        return
    if pieces and isinstance(before := pieces[-1].key, bytes):
        pieces[-1] = _Piece(before + text.encode(), pieces[-1].length + len(text))
    else:
        pieces.append(_Piece(text.encode(), len(text)))
