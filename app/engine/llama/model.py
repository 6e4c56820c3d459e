"""One loaded model file: weights, metadata, vocabulary and its LoRA adapters.

Built and closed on the decode thread; the vocabulary may be read on any thread.
"""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.core.errors import ModelLoadFailed, OutOfMemory
from app.core.protocol import Adapter, Memory
from app.engine.llama.library import forget_lines, lib, recent_lines

# Repacked weights are copied anyway, so mapping the file as well would hold them twice.
_LOAD_MODES: dict[Memory, int] = {"auto": 0, "copy": 0, "map": 1, "lock": 2}


class LoadCancelled(Exception):
    pass


class Model:
    def __init__(self, pointer: Any, path: str) -> None:
        self.pointer = pointer
        self.path = path
        self.vocabulary: int = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(pointer))
        self.trained_ctx: int = lib.llama_model_n_ctx_train(pointer)
        self.layers: int = lib.llama_model_n_layer(pointer)
        self.sliding_window: int = lib.llama_model_n_swa(pointer)
        self.recurrent = bool(
            lib.llama_model_is_recurrent(pointer) or lib.llama_model_is_hybrid(pointer)
        )
        self.embedding_length: int = lib.llama_model_n_embd_out(pointer)
        self.parameters: int = lib.llama_model_n_params(pointer)
        self._adapters: list[Any] = []

    def metadata(self, key: str) -> str | None:
        buffer = ctypes.create_string_buffer(1)
        size = lib.llama_model_meta_val_str(self.pointer, key.encode(), buffer, 1)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        lib.llama_model_meta_val_str(self.pointer, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")

    @property
    def architecture(self) -> str:
        return self.metadata("general.architecture") or ""

    def chat_template(self) -> str | None:
        raw = lib.llama_model_chat_template(self.pointer, None)
        return raw.decode("utf-8", "replace") if raw else None

    def load_adapters(self, adapters: Sequence[Adapter]) -> None:
        for adapter in adapters:
            if not Path(adapter.path).is_file():
                raise ModelLoadFailed(
                    f"The adapter {Path(adapter.path).name} is not there any more. "
                    "Choose another one or load the model without it."
                )
            pointer = lib.llama_adapter_lora_init(self.pointer, adapter.path.encode())
            if not pointer:
                raise ModelLoadFailed(
                    f"The adapter {Path(adapter.path).name} does not fit this model. "
                    "Choose another one or load the model without it."
                )
            self._adapters.append(pointer)

    def apply_adapters(self, context: Any, scales: Sequence[float]) -> None:
        count = len(self._adapters)
        pointers = (lib.llama_adapter_lora_p_ctypes * count)(*self._adapters)
        values = (ctypes.c_float * count)(*scales)
        if lib.llama_set_adapters_lora(context, pointers, count, values):
            raise ModelLoadFailed("The adapters could not be applied to this model.")

    def close(self) -> None:
        lib.llama_model_free(self.pointer)  # frees its adapters too


def load_model(
    path: str,
    *,
    gpu_layers: int,
    memory: Memory = "auto",
    devices: Sequence[int] = (),
    weights: bool = True,
    progress: Callable[[float], bool] = lambda fraction: True,
) -> Model:
    """`devices` are handles; without any the library chooses.

    `weights=False` reads metadata only and simulates allocation, for exact buffer sizes.
    """
    cancelled = False

    @lib.llama_progress_callback
    def report(fraction: float, _: ctypes.c_void_p) -> bool:
        nonlocal cancelled
        cancelled = cancelled or not progress(fraction)
        return not cancelled

    params = lib.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    chosen = (ctypes.c_void_p * (len(devices) + 1))(*devices, None)
    if devices:
        params.devices = ctypes.cast(chosen, ctypes.c_void_p)
    params.load_mode = _LOAD_MODES[memory]
    params.no_alloc = not weights
    params.progress_callback = report
    forget_lines()
    pointer = lib.llama_model_load_from_file(path.encode(), params)
    if cancelled:
        if pointer:
            lib.llama_model_free(pointer)
        raise LoadCancelled
    if not pointer:
        if any("allocate" in line or "bad_alloc" in line for line in recent_lines()):
            raise OutOfMemory(
                "There is not enough memory for this model. Close other programs or choose a "
                "smaller one."
            )
        raise ModelLoadFailed(_load_failure(path))
    return Model(pointer, path)


def _load_failure(path: str) -> str:
    said = [line.strip() for line in recent_lines() if "error" in line.lower()]
    reason = said[0].split("error loading model: ")[-1][:200] if said else "no reason given"
    return (
        f"The model {Path(path).name} could not be loaded ({reason}). "
        "Download it again or choose another file."
    )
