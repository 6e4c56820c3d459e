"""Starts the extraction process and watches it from outside; blocks its caller's thread.

Always true: it returns within the time limit and a moment, holds no more of the answer than
the cap, and leaves no process behind.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec
import psutil

from app.chat.extract import (
    ARGUMENT,
    MAX_CHARACTERS,
    MAX_FILE_BYTES,
    MEMORY_BYTES,
    SECONDS,
    Extracted,
    Source,
)

_MAX_ANSWER = MAX_CHARACTERS * 6 + 4096  # JSON may write a character as six bytes
_LOOK_EVERY_S = 0.05
_GRACE_S = 2.0  # the process ends itself first, and knows better why
_KILLED = "This document takes too much time or memory to be read."


def extract_text(path: Path, *, seconds: float = SECONDS, command: Sequence[str] = ()) -> Extracted:
    """`command` is what to start instead of our own extraction process."""
    if problem := _refusal(path):
        return Extracted(problem=problem)
    try:
        answer = _run(command or _command(), Source(str(path), seconds), seconds + _GRACE_S)
        return msgspec.json.decode(answer, type=Extracted)
    except msgspec.DecodeError:  # cut off: it was killed, or died
        return Extracted(problem=_KILLED)
    except OSError as error:
        return Extracted(problem=f"The document could not be read ({error.strerror}).")


def _refusal(path: Path) -> str:
    try:
        if not path.is_file():  # a folder, a pipe, a device: reading one may never end
            return "Only files can be attached."
        size = path.stat().st_size
    except OSError as error:
        return f"The document could not be read ({error.strerror})."
    if size > MAX_FILE_BYTES:
        return f"The document is larger than {MAX_FILE_BYTES >> 20} MB and cannot be attached."
    return "" if size else "The document is empty."


def _run(command: Sequence[str], source: Source, seconds: float) -> bytes:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    watch = threading.Thread(target=_watch, args=(process, time.monotonic() + seconds))
    watch.start()
    try:
        return _ask(process, msgspec.json.encode(source))
    finally:
        process.kill()
        watch.join()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _ask(process: "subprocess.Popen[bytes]", question: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(question)
        process.stdin.close()
    except BrokenPipeError:  # it died at once; its answer is empty
        return b""
    return process.stdout.read(_MAX_ANSWER + 1)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:
            return


def _watch(process: "subprocess.Popen[bytes]", deadline: float) -> None:
    """Kills what is too slow or too large; on macOS and Windows nothing else bounds memory."""
    while True:
        try:
            process.wait(_LOOK_EVERY_S)
            return
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline or _resident_bytes(process.pid) > MEMORY_BYTES:
                process.kill()


def _resident_bytes(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    return [sys.executable, "-m", "app", ARGUMENT]


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return os.environ | {"PYTHONPATH": path}
