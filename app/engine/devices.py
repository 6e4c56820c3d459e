"""What the loaded library can compute on, with live memory; asked afresh each time."""

import ctypes
from collections.abc import Sequence
from typing import Any, Literal

import psutil

from app.core.errors import ModelLoadFailed
from app.core.protocol import Device
from app.engine.llama.library import native

_KINDS: dict[int, Literal["cpu", "gpu", "accelerator"]] = {
    0: "cpu",
    1: "gpu",
    2: "gpu",  # integrated: shares the machine's memory
    3: "accelerator",
}


def list_devices() -> tuple[Device, ...]:
    ggml = native()
    count = ggml.ggml_backend_dev_count
    count.restype = ctypes.c_size_t
    return tuple(_describe(ggml, index) for index in range(count()))


def find_devices(names: Sequence[str]) -> list[int]:
    """The library's own handles of the devices a user chose, in that order."""
    find = native().ggml_backend_dev_by_name
    find.argtypes, find.restype = [ctypes.c_char_p], ctypes.c_void_p
    handles = {name: find(name.encode()) for name in names}
    if missing := [name for name, handle in handles.items() if not handle]:
        raise ModelLoadFailed(
            f"The device {missing[0]} is not there any more. Choose another one in Settings."
        )
    return list(handles.values())


def _describe(ggml: Any, index: int) -> Device:
    get = ggml.ggml_backend_dev_get
    get.argtypes, get.restype = [ctypes.c_size_t], ctypes.c_void_p
    pointer = ctypes.c_void_p(get(index))
    kind = _KINDS.get(_call(ggml.ggml_backend_dev_type, ctypes.c_int, pointer), "accelerator")
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    ggml.ggml_backend_dev_memory(pointer, ctypes.byref(free), ctypes.byref(total))
    name = _call(ggml.ggml_backend_dev_name, ctypes.c_char_p, pointer)
    description = _call(ggml.ggml_backend_dev_description, ctypes.c_char_p, pointer)
    memory = psutil.virtual_memory()
    return Device(
        name=name.decode(),
        description=description.decode("utf-8", "replace"),
        kind=kind,
        # The library reports a CPU's total as its free memory.
        total_bytes=memory.total if kind == "cpu" else total.value,
        free_bytes=memory.available if kind == "cpu" else free.value,
    )


def _call(function: Any, result: Any, pointer: ctypes.c_void_p) -> Any:
    function.argtypes, function.restype = [ctypes.c_void_p], result
    return function(pointer)
