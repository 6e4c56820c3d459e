"""Texts to vectors, several texts a pass.

Used on the decode thread. Always true: vectors have length one, come back in the order of the
texts, and do not depend on which texts shared a pass (beyond rounding).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from app.core.errors import ContextLimitExceeded, InvalidRequest
from app.engine.llama.embedding import TEXTS_PER_PASS, EmbeddingContext, Vector
from app.engine.llama.vocab import Vocab

_WIDEST_PASS = 2048


class Embedder:
    """`model` is the library's model pointer."""

    def __init__(self, model: Any, vocab: Vocab, *, trained_ctx: int, threads: int) -> None:
        self._vocab = vocab
        self._context = EmbeddingContext(
            model, limit=max(TEXTS_PER_PASS, min(trained_ctx, _WIDEST_PASS)), threads=threads
        )

    def embed(self, texts: Sequence[str]) -> tuple[tuple[bytes, ...], int]:
        """The vectors as little-endian float32, and how many tokens were read."""
        if not texts:
            raise InvalidRequest("There is no text to embed.")
        tokenized = [self._tokens(text) for text in texts]
        vectors = [
            vector
            for batch in passes(tokenized, self._context.limit)
            for vector in self._context.vectors(batch)
        ]
        return tuple(map(_packed, vectors)), sum(map(len, tokenized))

    def _tokens(self, text: str) -> list[int]:
        tokens = self._vocab.tokenize_whole(text)
        if not text or not tokens:
            raise InvalidRequest("A text to embed is empty.")
        if len(tokens) > self._context.limit:
            raise ContextLimitExceeded(
                f"A text to embed has {len(tokens):,} tokens but the model reads at most "
                f"{self._context.limit:,}. Split it.",
                maximum=self._context.limit,
                required=len(tokens),
            )
        return tokens

    def close(self) -> None:
        self._context.close()


def passes(texts: Sequence[list[int]], limit: int) -> Iterator[list[list[int]]]:
    """The texts in order, as many to a pass as fit."""
    batch: list[list[int]] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == TEXTS_PER_PASS or size + len(text) > limit):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _packed(vector: Vector) -> bytes:
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return (vector / (length or 1.0)).astype("<f4").tobytes()
