"""One engine process: how it is started, what it says on stderr, how it ends.

Started as our own executable with explicit pipes in its own session, so that Ctrl-C in a
terminal is ours alone to answer and one kill reaches what it started too. It ends by itself
at the end of its stdin: a killed app leaves no orphan. A thread of its own keeps the last
lines of stderr and copies all of them to the rotating engine log.
"""

import logging
import logging.handlers
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

import msgspec

from app.workers.job import contain, release

_TAIL_LINES = 40
_LINE_BYTES = 4096
_LINGER_S = 1.0
_LARGEST_EXIT_CODE = 255
_HINT_WORDS = ("assert", "error", "failed", "out of memory", "abort", "exception")
_HINT_LENGTH = 200
_MEMORY_WORDS = ("out of memory", "failed to allocate", "mem_buffer", "bad_alloc", "memoryerror")
_FOLDERS = re.compile(r"(?:[A-Za-z]:)?(?:[/\\][^/\\:\s]+)*[/\\](?=[^/\\:\s]+:)")
_ENGINE_ENVIRONMENT = {
    "GOMP_SPINCOUNT": "3000",  # threads that spin longer starve everything else on the machine
    "GGML_NO_BACKTRACE": "1",  # an abort would attach a debugger
}


class Launch(msgspec.Struct, frozen=True):
    """What to start; tests start a scripted engine instead."""

    command: tuple[str, ...]
    environment: dict[str, str]


def engine_launch() -> Launch:
    if getattr(sys, "frozen", False):
        return Launch((sys.executable, "worker"), _ENGINE_ENVIRONMENT)
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, (root, inherited)))
    # -P: a folder named `app` in the current directory must not shadow ours.
    command = (sys.executable, "-P", "-m", "app", "worker")
    return Launch(command, _ENGINE_ENVIRONMENT | {"PYTHONPATH": path})


class EngineLog:
    """One rotating file for the stderr of all engine processes, apart from the app's own log."""

    def __init__(self, file: Path | None) -> None:
        self._file: logging.Handler = logging.NullHandler()
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = logging.handlers.RotatingFileHandler(
                file, maxBytes=2_000_000, backupCount=2, encoding="utf-8", delay=True
            )
            self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def write(self, name: str, line: str) -> None:
        self._file.handle(logging.makeLogRecord({"msg": f"[{name}] {line}"}))

    def close(self) -> None:
        self._file.close()


class Exit(msgspec.Struct, frozen=True):
    """How a process ended: `code` is negative when a signal ended it."""

    code: int
    tail: tuple[str, ...] = ()

    @property
    def signal_name(self) -> str:
        if self.code >= 0:
            return ""
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"

    @property
    def how(self) -> str:
        # Windows ends a crashed process with a status such as 0xC0000005.
        code = f"0x{self.code:08X}" if self.code > _LARGEST_EXIT_CODE else f"{self.code}"
        return self.signal_name or f"exit code {code}"

    @property
    def hint(self) -> str:
        """The last line of stderr that looks like a reason."""
        telling = (
            line
            for line in reversed(self.tail)
            if any(word in line.lower() for word in _HINT_WORDS)
        )
        line = _FOLDERS.sub("", next(telling, ""))
        return line[:_HINT_LENGTH].rstrip(". ")

    @property
    def lacked_memory(self) -> bool:
        return any(word in line.lower() for line in self.tail for word in _MEMORY_WORDS)


class EngineProcess:
    def __init__(self, name: str, launch: Launch, log: EngineLog, memory_bytes: int) -> None:
        self._name = name
        self._log = log
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._popen = _popen(launch.command, os.environ | launch.environment)
        self._job = 0
        if sys.platform == "win32":
            self._job = contain(int(getattr(self._popen, "_handle")), memory_bytes)  # noqa: B009
        self.stdin = cast(IO[bytes], self._popen.stdin)
        self.stdout = cast(IO[bytes], self._popen.stdout)
        self._stderr = cast(IO[bytes], self._popen.stderr)
        self._drain = threading.Thread(
            target=self._drain_stderr, name=f"{name}-stderr", daemon=True
        )
        self._drain.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def kill(self) -> None:
        """The process and what it started; nothing happens when it has ended already."""
        if self._popen.poll() is not None:
            return
        if sys.platform == "win32":
            self._popen.kill()
            return
        try:
            # Safe from a reused pid: the process is not reaped yet, so its id is still its own.
            os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._popen.kill()

    def finish(self, *, at_once: bool) -> Exit:
        """Blocks until the process has ended and its pipes are read.

        An engine whose stdout ended is about to exit and says why with its exit code;
        one that lingers is killed, and `at_once` kills it without asking.
        """
        if at_once:
            self.kill()
        try:
            code = self._popen.wait(_LINGER_S)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._popen.wait()
        # A grandchild may hold stderr open: the tail so far is enough then.
        self._drain.join(_LINGER_S)
        self.stdout.close()
        if self._job:
            release(self._job)
        return Exit(code, tuple(self._tail))

    def _drain_stderr(self) -> None:
        with self._stderr:
            for raw in iter(lambda: self._stderr.readline(_LINE_BYTES), b""):
                line = raw.decode("utf-8", "replace").rstrip()
                if line:
                    self._tail.append(line)
                    self._log.write(self._name, line)


def _popen(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    windowless = 0
    if sys.platform == "win32":
        windowless = subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        creationflags=windowless,
    )
