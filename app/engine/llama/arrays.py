"""Our own arrays behind a llama_batch: filled by slice assignment, never freed by the library."""

import ctypes
from typing import Any

import numpy as np

from app.engine.batch import Batch
from app.engine.llama.library import lib


class BatchArrays:
    """What `fill` returns is overwritten by the next one. The caller checks the size."""

    def __init__(self, size: int) -> None:
        self._token = np.zeros(size, np.int32)
        self._position = np.zeros(size, np.int32)
        self._sequence = np.zeros(size, np.int32)
        self._wanted = np.zeros(size, np.int8)
        self._one = np.ones(size, np.int32)
        self._places = self._sequence.ctypes.data + 4 * np.arange(size, dtype=np.uint64)
        int32 = ctypes.POINTER(ctypes.c_int32)
        self._batch = lib.llama_batch(
            0,
            self._token.ctypes.data_as(int32),
            None,
            self._position.ctypes.data_as(int32),
            self._one.ctypes.data_as(int32),
            ctypes.cast(self._places.ctypes.data, ctypes.POINTER(int32)),
            self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def fill(self, batch: Batch, *, every: bool = False) -> Any:
        """`every` wants something of each token, not only of a slice's last."""
        end = 0
        for part in batch.slices:
            begin, end = end, end + len(part.tokens)
            self._token[begin:end] = part.tokens
            self._position[begin:end] = range(part.start, part.start + len(part.tokens))
            self._sequence[begin:end] = part.sequence
            self._wanted[begin:end] = every
            self._wanted[end - 1] |= part.wants_logits
        self._batch.n_tokens = end
        return self._batch
