"""The reins of running transfers: stop now, and how fast together.

Any thread may pull; the transferring thread checks between chunks. Always true: after `stop`, a
read that waits for the network returns at once.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

Clock = Callable[[], float]


class Stopped(Exception):
    """The transfer was asked to stop; what has arrived stays for the next time."""


class Control:
    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            _hang_up(self._socket)

    def attach(self, connection: socket.socket | None) -> None:
        """The connection that is read from now on; `stop` hangs it up."""
        with self._lock:
            self._socket = connection
            if self._stopped.is_set():
                _hang_up(connection)

    def check(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped


def _hang_up(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):  # it has ended by itself
            connection.shutdown(socket.SHUT_RDWR)


class Throttle:
    """A bandwidth limit that several transfers share; 0 means none."""

    def __init__(self, bytes_per_s: int = 0, clock: Clock = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._rate = bytes_per_s
        self._free_at = 0.0

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
