"""Which build of the library this process loads: the one it was given, else the app's own.

The app names a verified folder in the environment; this runs before anything native is loaded.
Always true: a build that cannot be loaded, or that ended two processes while it was being loaded,
is left aside with a note of the reason, and the process goes on with the app's own.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil

FOLDER = "LLAMA_CHAT_RUNTIME"  # of its libraries
NAME = "LLAMA_CHAT_RUNTIME_NAME"
NOTE = "LLAMA_CHAT_RUNTIME_NOTE"  # the file for the reason why it was left aside
_LIBRARY_PATH = "LLAMA_CPP_LIB_PATH"
_CRASHED = "it ended the engine each time it was loaded"
_CRASHES = 2  # one may be a process that was killed from outside

CANNOT_LOAD = (OSError, RuntimeError, AttributeError, ImportError)


def prepare() -> None:
    """Before the library is imported."""
    if not name():
        return
    if _left_before():
        _forget()
        return
    if len(_marks_of_the_dead()) >= _CRASHES:
        _refuse(_CRASHED)
        return
    os.environ[_LIBRARY_PATH] = os.environ[FOLDER]
    with suppress(OSError):
        _mark(os.getpid()).touch()


def loaded() -> None:
    """The library is up: what happens from here on is not the loading of it."""
    if name():
        for file in (_mark(os.getpid()), *_marks_of_the_dead()):
            file.unlink(missing_ok=True)


def leave(error: BaseException) -> NoReturn:
    """Begins this process anew without the runtime: parts of it may be loaded already, and two
    builds in one process call into each other."""
    if not name():
        raise error
    with suppress(OSError):
        _mark(os.getpid()).unlink(missing_ok=True)
    _refuse(f"{type(error).__name__}: {error}".splitlines()[0][:300])
    if sys.platform == "win32":
        raise error  # exec is a new process there, whose pipes nobody holds; the next one is clean
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def name() -> str:
    """Of the runtime in use; empty: the app's own build."""
    return os.environ.get(NAME, "") if os.environ.get(FOLDER) else ""


def _refuse(reason: str) -> None:
    with suppress(OSError):
        Path(os.environ[NOTE]).write_text(f"{name()}\n{reason}\n", encoding="utf-8")
    for file in _marks():
        file.unlink(missing_ok=True)
    _forget()


def _forget() -> None:
    del os.environ[FOLDER]
    os.environ.pop(_LIBRARY_PATH, None)


def _left_before() -> bool:
    """By an engine of this app's run: the app itself learns of it at its next start."""
    try:
        return Path(os.environ[NOTE]).read_text("utf-8").partition("\n")[0] == name()
    except (OSError, UnicodeDecodeError):
        return False


def _mark(pid: int) -> Path:
    return Path(f"{os.environ[NOTE]}.{pid}")


def _marks() -> list[Path]:
    note = Path(os.environ[NOTE])
    found = note.parent.glob(f"{note.name}.*")
    return [file for file in found if file.suffix[1:].isdigit()]


def _marks_of_the_dead() -> list[Path]:
    return [file for file in _marks() if not psutil.pid_exists(int(file.suffix[1:]))]
