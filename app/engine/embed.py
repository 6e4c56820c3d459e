"""Texts to vectors, several texts a pass.

Texts are read on the io thread, passes are made on the decode thread, one between two steps.
Always true: vectors have length one, come back in the order of the texts, and do not depend on
which texts shared a pass (beyond rounding).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.core.errors import ContextLimitExceeded, InvalidRequest
from app.core.protocol import Embed
from app.engine.llama.embedding import TEXTS_PER_PASS, EmbeddingContext, Vector
from app.engine.llama.vocab import Vocab

_WIDEST_PASS = 2048  # and so the longest text
_USUAL_PASS = 512  # replies wait while one is made


@dataclass(eq=False)
class EmbedJob:
    """One request on its way: what is still to be read, and the vectors so far."""

    request: Embed
    passes: Iterator[list[list[int]]]
    tokens: int
    vectors: list[bytes] = field(default_factory=list[bytes])
    cancelled: bool = False


def embed_job(request: Embed, vocab: Vocab, limit: int) -> EmbedJob:
    if not request.texts:
        raise InvalidRequest("There is no text to embed.")
    texts = [_tokens(text, vocab, limit) for text in request.texts]
    return EmbedJob(request, passes(texts, min(limit, _USUAL_PASS)), sum(map(len, texts)))


def pass_limit(trained_ctx: int) -> int:
    """The tokens of one pass, and so of one text."""
    return max(TEXTS_PER_PASS, min(trained_ctx, _WIDEST_PASS))


def advance(job: EmbedJob, context: EmbeddingContext) -> bool:
    """One pass of it, little-endian float32; False when there was none left."""
    texts = next(job.passes, None)
    if texts is not None:
        job.vectors += map(_packed, context.vectors(texts))
    return texts is not None


def _tokens(text: str, vocab: Vocab, limit: int) -> list[int]:
    tokens = vocab.tokenize_whole(text)
    if not text or not tokens:
        raise InvalidRequest("A text to embed is empty.")
    if len(tokens) > limit:
        raise ContextLimitExceeded(
            f"A text to embed has {len(tokens):,} tokens but the model reads at most "
            f"{limit:,}. Split it.",
            maximum=limit,
            required=len(tokens),
        )
    return tokens


def passes(texts: Sequence[list[int]], limit: int) -> Iterator[list[list[int]]]:
    """The texts in order, as many to a pass as fit; a longer one has its own."""
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
