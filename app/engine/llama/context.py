"""One llama context: decoding, the sequence memory, sequence states and the abort switch.

Owned by the decode thread; only `abort` may be called from another one. Every guard here
stands before a call that would end the process instead of failing (an oversized batch, a
sequence id past the end, logits that were not asked for).
"""

import ctypes
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.errors import BugError, KnownError, ModelLoadFailed, OutOfMemory
from app.core.protocol import FlashAttention, KvType
from app.engine.batch import Batch
from app.engine.llama.arrays import BatchArrays
from app.engine.llama.library import lib, recent_lines
from app.engine.llama.model import Model

_KV_TYPES: dict[KvType, int] = {"f16": 1, "q8_0": 8, "q4_0": 2}
_FLASH: dict[FlashAttention, int] = {"auto": -1, "off": 0, "on": 1}

OK, NO_ROOM, ABORTED = 0, 1, 2


class ContextShape(NamedTuple):
    cells: int
    sequences: int
    ubatch: int = 512
    threads: int = 1
    type_k: KvType = "f16"
    type_v: KvType = "f16"
    flash_attention: FlashAttention = "auto"
    full_window: bool = True  # keep sliding-window layers as long as the others
    offload_kv: bool = True


class Context:
    def __init__(self, model: Model, shape: ContextShape) -> None:
        pointer = lib.llama_init_from_model(model.pointer, _params(shape))
        if not pointer:
            raise _failure()
        memory = lib.llama_get_memory(pointer)
        self.pointer = pointer
        self.model = model
        self.shape = shape
        # Models without a cache (pure encoders) have no memory object.
        self._memory = memory or lib.llama_memory_t(0)
        self._row: Any = ctypes.c_float * model.vocabulary
        self._arrays = BatchArrays(shape.ubatch)
        self._abort = ctypes.create_string_buffer(2)
        # A Python callback beside busy Python threads makes a step thirty times slower.
        # strlen of this buffer is 0 or 1: a C function with the right signature.
        self._strlen = ctypes.cast(_c_library().strlen, lib.ggml_abort_callback)
        lib.llama_set_abort_callback(
            pointer, self._strlen, ctypes.cast(self._abort, ctypes.c_void_p)
        )

    # ------------------------------------------------------------ decoding

    def decode(self, batch: Batch) -> int:
        """OK, NO_ROOM or ABORTED; anything else the library says is a bug of ours."""
        if not 0 < batch.size <= self.shape.ubatch:
            raise BugError(f"a batch of {batch.size} tokens does not fit")
        code = lib.llama_decode(self.pointer, self._arrays.fill(batch))
        if code not in (OK, NO_ROOM, ABORTED):
            raise BugError(f"llama_decode returned {code}")
        return code

    def synchronize(self) -> None:
        lib.llama_synchronize(self.pointer)

    def logits(self, index: int) -> NDArray[np.float32]:
        """A view of the logits at one place of the last batch; valid until the next step."""
        row = lib.llama_get_logits_ith(self.pointer, index)
        if not row:
            raise BugError(f"no logits at {index}")
        # as_array takes ten times as long, which counts for every token of every reply.
        return np.frombuffer(self._row.from_address(ctypes.addressof(row.contents)), np.float32)

    def set_threads(self, count: int) -> None:
        lib.llama_set_n_threads(self.pointer, count, count)

    def use_adapters(self, scales: tuple[float, ...]) -> None:
        self.model.apply_adapters(self.pointer, scales)

    def abort(self) -> None:
        self._abort[0] = b"\1"

    def rearm(self) -> None:
        self._abort[0] = b"\0"

    # ------------------------------------------------------------ sequence memory

    def copy(self, source: int, target: int, start: int = -1, end: int = -1) -> None:
        lib.llama_memory_seq_cp(self._memory, source, target, start, end)

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool:
        return bool(lib.llama_memory_seq_rm(self._memory, sequence, start, end))

    def first_position(self, sequence: int) -> int:
        """-1 when the sequence is empty."""
        return lib.llama_memory_seq_pos_min(self._memory, sequence)

    def last_position(self, sequence: int) -> int:
        return lib.llama_memory_seq_pos_max(self._memory, sequence)

    def clear(self) -> None:
        lib.llama_memory_clear(self._memory, True)

    # ------------------------------------------------------------ states

    def state_of(self, sequence: int) -> bytes:
        self._check_sequence(sequence)
        size = lib.llama_state_seq_get_size(self.pointer, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = lib.llama_state_seq_get_data(self.pointer, buffer, size, sequence)
        return bytes(memoryview(buffer)[:written])

    def restore_state(self, sequence: int, data: bytes) -> bool:
        # The library takes an id past the end without a word.
        self._check_sequence(sequence)
        source = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        return lib.llama_state_seq_set_data(self.pointer, source, len(data), sequence) > 0

    def state_size(self) -> int:
        return lib.llama_state_get_size(self.pointer)

    def _check_sequence(self, sequence: int) -> None:
        if not 0 <= sequence < self.shape.sequences:
            raise BugError(f"no sequence {sequence}")

    def close(self) -> None:
        lib.llama_free(self.pointer)


def _failure() -> KnownError:
    said = [line.strip() for line in recent_lines() if line.strip()]
    reason = said[-1].rpartition(": ")[2] if said else ""
    if not reason or "alloc" in reason:
        return OutOfMemory(
            "There is not enough memory for this model's context. Choose a smaller chat context "
            "or a smaller model."
        )
    return ModelLoadFailed(
        f"The model cannot run with these settings ({reason}). Change them in Settings."
    )


def _params(shape: ContextShape) -> Any:
    params = lib.llama_context_default_params()
    params.n_ctx = shape.cells
    params.n_batch = params.n_ubatch = shape.ubatch
    params.n_seq_max = shape.sequences
    params.n_threads = params.n_threads_batch = shape.threads
    params.type_k = _KV_TYPES[shape.type_k]
    params.type_v = _KV_TYPES[shape.type_v]
    params.flash_attn_type = _FLASH[shape.flash_attention]
    params.swa_full = shape.full_window
    params.kv_unified = True
    params.offload_kqv = shape.offload_kv
    params.no_perf = True
    return params


def _c_library() -> Any:
    return ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
