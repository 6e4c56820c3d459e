"""The only writer of one engine process's pipe, on a thread of its own.

A stopped engine blocks this thread and nobody else. When the pipe breaks it ends silently:
the reader sees the same end and reports it. What is queued is bounded by the pool's bound on
requests.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import IO

from app.core.frames import BrokenFrame, encode
from app.core.protocol import Command


class Writer:
    def __init__(
        self, stream: IO[bytes], refused: Callable[[Command, BrokenFrame], None], name: str
    ) -> None:
        self._stream = stream
        self._refused = refused
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def send(self, command: Command) -> None:
        self._commands.put(command)

    def close(self) -> None:
        """After what is queued the engine sees the end of its input."""
        self._commands.put(None)

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while (command := self._commands.get()) is not None:
                try:
                    frame = encode(command)
                except BrokenFrame as error:
                    self._refused(command, error)
                    continue
                self._stream.write(frame)
                self._stream.flush()
        with contextlib.suppress(OSError):
            self._stream.close()
