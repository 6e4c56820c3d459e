"""The reins of running transfers: stop now, and how fast together.

Any thread may pull; the transferring threads check between chunks. Always true: after `stop`, a
read that waits for the network returns at once, on every connection of the transfer.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

Clock = Callable[[], float]


class Stopped(Exception):
    """The transfer was asked to stop; what has arrived stays for the next time."""


class Control:
    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._inner: set[Control] = set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            for connection in self._sockets:
                _hang_up(connection)
            inner = list(self._inner)
        for control in inner:
            control.stop()

    @contextmanager
    def within(self) -> Generator["Control"]:
        """Reins of a part of the work: stopped with the whole, and when the block ends."""
        inner = Control()
        with self._lock:
            self._inner.add(inner)
            if self._stopped.is_set():
                inner.stop()
        try:
            yield inner
        finally:
            with self._lock:
                self._inner.discard(inner)
            inner.stop()

    @contextmanager
    def reading(self, connection: socket.socket | None) -> Generator[None]:
        """While this connection is read, `stop` hangs it up."""
        with self._lock:
            if connection is not None:
                self._sockets.add(connection)
                if self._stopped.is_set():
                    _hang_up(connection)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(connection)  # type: ignore[arg-type]

    def check(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        connection.shutdown(socket.SHUT_RDWR)


class Throttle:
    """A bandwidth limit that several transfers share; 0 means none."""

    def __init__(self, bytes_per_s: int = 0, clock: Clock = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._rate = bytes_per_s
        self._free_at = 0.0

    @property
    def rate(self) -> int:
        with self._lock:
            return self._rate

    def set_rate(self, bytes_per_s: int) -> None:
        with self._lock:
            self._rate, self._free_at = bytes_per_s, 0.0

    def delay(self, count: int) -> float:
        """Seconds to wait after `count` bytes."""
        with self._lock:
            if not self._rate:
                return 0.0
            now = self._clock()
            self._free_at = max(now, self._free_at) + count / self._rate
            return self._free_at - now
