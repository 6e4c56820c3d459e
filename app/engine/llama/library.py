"""The native library: its environment, its log and its versions.

Importing this module loads the library, so the environment it reads while loading is set
first. The log callback runs on whichever native thread logs; it only appends to a deque and
writes to stderr.
"""

import ctypes
import os
import sys
from collections import deque
from importlib.metadata import version
from typing import Any

# libgomp spins between parallel regions by default, which starves every other process;
# ggml_abort would attach a debugger for its backtrace.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
os.environ.setdefault("GGML_NO_BACKTRACE", "1")

from app.engine.llama import runtime

runtime.prepare()
try:
    from llama_cpp import llama_cpp
except runtime.CANNOT_LOAD as error:
    runtime.leave(error)

# Its annotations are incomplete and partly wrong; what crosses it is typed by our callers.
lib: Any = llama_cpp

_WARN, _ERROR = 3, 4
_CONTINUED = 5

_lines: deque[str] = deque(maxlen=400)
_last_level = [0]


@lib.llama_log_callback
def _keep(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    line = text.decode("utf-8", "replace")
    level = _last_level[0] if level == _CONTINUED else level
    _last_level[0] = level
    _lines.append(line)
    if level in (_WARN, _ERROR) and sys.stderr is not None:
        sys.stderr.write(line)


def start() -> None:
    lib.llama_log_set(_keep, ctypes.c_void_p(0))
    lib.llama_backend_init()
    runtime.loaded()


def recent_lines() -> list[str]:
    """What the library logged lately, oldest first; errors and sizes are read from it."""
    return list(_lines)


def forget_lines() -> None:
    _lines.clear()


def versions() -> dict[str, str]:
    return {
        "llama_cpp_python": version("llama_cpp_python"),
        "llama.cpp": lib.llama_version().decode(),
        "runtime": runtime.name(),
        "system": lib.llama_print_system_info().decode(),
    }


def native() -> Any:
    """The loaded library's own symbols, ggml's included: never a second copy of libggml."""
    if sys.platform == "win32":  # GetProcAddress does not look into dependencies
        return ctypes.CDLL("ggml.dll")
    return lib._lib
