"""A context made for embeddings: several texts in one pass, one vector each.

Used on the decode thread only; closed once. Always true: a batch never exceeds what the context
was made for (the library would abort), and every text lies whole in one micro-batch, because
pooling and non-causal attention see only that.
"""

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.errors import BugError, KnownError, OutOfMemory
from app.core.ids import RequestId
from app.engine.batch import Batch, Slice
from app.engine.llama.arrays import BatchArrays
from app.engine.llama.library import lib

Vector = NDArray[np.float32]
TEXTS_PER_PASS = 16


class EmbeddingContext:
    """`model` is the library's model pointer; `limit` the tokens of one pass."""

    def __init__(self, model: Any, *, limit: int, threads: int) -> None:
        if limit < TEXTS_PER_PASS:
            raise BugError("an embedding context too small for its sequences")
        self.limit = limit
        self._size = int(lib.llama_model_n_embd_out(model))
        self._pointer = _context(model, limit, threads, lib.LLAMA_POOLING_TYPE_UNSPECIFIED)
        if lib.llama_pooling_type(self._pointer) == lib.LLAMA_POOLING_TYPE_NONE:
            # A chat model does not say how to pool: the mean is what works without training.
            lib.llama_free(self._pointer)
            self._pointer = _context(model, limit, threads, lib.LLAMA_POOLING_TYPE_MEAN)
        self._free = weakref.finalize(self, lib.llama_free, self._pointer)
        if lib.llama_pooling_type(self._pointer) == lib.LLAMA_POOLING_TYPE_RANK:
            self.close()
            raise KnownError("This model ranks texts; it does not embed them. Choose another one.")
        self._arrays = BatchArrays(limit)
        self._memory: Any = lib.llama_get_memory(self._pointer)

    def vectors(self, texts: Sequence[Sequence[int]]) -> list[Vector]:
        """One vector for each list of tokens, not yet normalised."""
        if not 0 < len(texts) <= TEXTS_PER_PASS or not 0 < sum(map(len, texts)) <= self.limit:
            raise BugError("an embedding pass larger than its context")
        slices = (Slice(RequestId(""), n, 0, tuple(text), True) for n, text in enumerate(texts))
        batch = self._arrays.fill(Batch(tuple(slices)), every=True)
        if self._memory:
            lib.llama_memory_clear(self._memory, True)
            failed = lib.llama_decode(self._pointer, batch)
        else:
            failed = lib.llama_encode(self._pointer, batch)
        if failed:
            raise KnownError("The texts could not be embedded. Try fewer or shorter ones.")
        return [self._vector(sequence) for sequence in range(len(texts))]

    def _vector(self, sequence: int) -> Vector:
        pointer: Any = lib.llama_get_embeddings_seq(self._pointer, sequence)
        if not pointer:
            raise BugError("the model gave no embedding")
        return np.ctypeslib.as_array(pointer, (self._size,)).copy()

    def close(self) -> None:
        self._free()


def _context(model: Any, limit: int, threads: int, pooling: int) -> Any:
    params = lib.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = limit
    params.n_seq_max = TEXTS_PER_PASS
    params.n_threads = params.n_threads_batch = threads
    params.embeddings = True
    params.pooling_type = pooling
    params.kv_unified = True
    params.no_perf = True
    pointer = lib.llama_init_from_model(model, params)
    if not pointer:
        raise OutOfMemory("There is not enough memory to embed with this model. Close another one.")
    return pointer
