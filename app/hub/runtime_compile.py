"""Compiling a build of llama.cpp on this machine: followed line by line, stopped at any moment.

Blocks for minutes on whichever thread calls. Always true: when it returns or raises, nothing it
started runs on, and nothing is left of it but the build that was installed.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import msgspec
import psutil

from app.core.errors import HubError, InvalidRequest
from app.hub.control import Control
from app.hub.runtime_builds import Build, bindings_version
from app.hub.runtime_install import unpack
from app.hub.runtimes import INCOMING, Runtimes
from app.hub.transfer import check_space

_COMPILE_S = 3600.0
_NEEDED_BYTES = 512 << 20
_LOOK_S = 0.1
_LINGER_S = 2.0
_LINE_BYTES = 4096
_KEPT_LINES = 4000
_SWEEPS = 20  # what is killed may have begun another process in the same moment
_MOST_CHARS = 300
# Ninja says how many of how many steps, make how many percent.
_STEPS = re.compile(r"\[\s*(\d+)(?:/(\d+)|%)\]")
_TELLING = re.compile(r"CMake Error|\berror( \w+)?\s*:|\bfatal\b", re.IGNORECASE)
# What the installer says about a failure is not what failed.
_EMPTY = re.compile(
    r"subprocess-exited|error originates|failed (to build|building)|could not build", re.IGNORECASE
)


class Told(msgspec.Struct, frozen=True):
    """What the compiler said last, and how far it is; a total of 0: it has not said."""

    line: str
    done: int = 0
    total: int = 0


Tell = Callable[[Told], None]


def can_compile() -> bool:
    """The bundle carries no Python that could."""
    return not getattr(sys, "frozen", False)


def compile_build(
    runtimes: Runtimes,
    build: Build,
    *,
    command: Sequence[str] = (),
    patience_s: float = _COMPILE_S,
    control: Control | None = None,
    tell: Tell = lambda told: None,
) -> str:
    """Built from source, which needs a compiler; the runtime's name. `tell`: on another thread."""
    if not can_compile() and not command:
        raise InvalidRequest("The bundled app cannot compile. Install a finished build instead.")
    version = bindings_version()
    into = runtimes.folder / INCOMING / f"{build.backend}-{os.getpid()}"
    into.mkdir(parents=True, exist_ok=True)
    # What the installer unpacks and compiles, at a short path: a stopped one leaves it behind.
    work = Path(tempfile.mkdtemp(prefix="llama-chat-"))
    # The index's hash of the source is checked by pip itself; only when asked does it show what
    # the compiler says.
    source = f"llama-cpp-python=={version}"
    pip = (sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps")
    own = (*pip, "--no-binary", "llama-cpp-python", "--no-cache-dir", source, "--wheel-dir")
    flags = f"{os.environ.get('CMAKE_ARGS', '')} {build.cmake}".strip()
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    try:
        for folder in (work, into):
            check_space(folder, _NEEDED_BYTES, "Compiling")
        code, lines = _run(
            [*(command or own), str(into)],
            os.environ | places | {"CMAKE_ARGS": flags},
            control or Control(),
            patience_s,
            tell,
        )
        if code:
            raise HubError(f"It could not be compiled: {_reason(lines)}")
        (wheel,) = into.glob("llama_cpp_python-*.whl")
        return unpack(runtimes, build, wheel, None)
    except ValueError as error:
        raise HubError("The compiler left no build behind.") from error
    finally:
        shutil.rmtree(into, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)


def _run(
    command: Sequence[str],
    environment: dict[str, str],
    control: Control,
    patience_s: float,
    tell: Tell,
) -> tuple[int, Sequence[str]]:
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # which tells every compiler it started, whoever is its parent
    )
    output = cast(IO[bytes], process.stdout)
    reader = threading.Thread(target=_follow, args=(output, lines, tell), name="compiler")
    reader.daemon = True  # a compiler's cache may stay behind and hold the pipe
    reader.start()
    end = time.monotonic() + patience_s
    try:
        while process.poll() is None:
            if time.monotonic() > end:
                raise HubError("Compiling took too long and was stopped.")
            control.sleep(_LOOK_S)
    finally:
        _end(process)
        reader.join(_LINGER_S)
    return process.returncode, lines


def _follow(output: IO[bytes], lines: deque[str], tell: Tell) -> None:
    done = total = 0
    with output:
        while raw := output.readline(_LINE_BYTES):
            line = raw.decode("utf-8", "replace").strip()
            if not line:
                continue
            lines.append(line)
            if steps := _STEPS.match(line):
                done, total = int(steps[1]), int(steps[2] or 100)
            tell(Told(line[:_MOST_CHARS], done, total))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all it started, if it still runs."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        with suppress(psutil.NoSuchProcess):
            for each in psutil.Process(process.pid).children(recursive=True):
                each.kill()
        process.kill()
    else:
        for _ in range(_SWEEPS):
            if not _kill_session(process.pid):
                break
    process.wait()


def _kill_session(session: int) -> int:
    """How many there were. Ninja puts each compiler into a process group of its own."""
    found = 0
    for each in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getsid(each.pid) == session and each.status() != psutil.STATUS_ZOMBIE:
                os.kill(each.pid, signal.SIGKILL)
                found += 1
    return found


def _reason(lines: Sequence[str]) -> str:
    """The first complaint: those after it follow from it, and the last ones are the installer's."""
    every = list(lines)
    for at, line in enumerate(every):
        if _TELLING.search(line) and not _EMPTY.search(line):
            # CMake says where on one line and what on the next.
            said = f"{line} {every[at + 1]}" if line.endswith(":") and every[at + 1 :] else line
            return said[:_MOST_CHARS]
    return every[-1][:_MOST_CHARS] if every else "the compiler said nothing."
