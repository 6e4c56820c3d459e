"""How far a download is and how fast: adds up its files, measures the last seconds.

On the thread that transfers. Always true: a subscriber hears of it at most ten times a second,
except that a new reason to wait is told at once.
"""

import time
from collections import deque
from collections.abc import Callable

import msgspec

from app.core.downloads import Download, DownloadState, RemoteFile

INTERVAL_S = 0.1
_SPEED_WINDOW_S = 3.0

Clock = Callable[[], float]


class Arrived(msgspec.Struct, frozen=True):
    received: int
    total: int
    note: str = ""  # why it waits, when it does


class Progress:
    def __init__(
        self,
        download: Download,
        post: Callable[[DownloadState], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self._download, self._post, self._clock = download, post, clock
        self._before = 0
        self._posted_at = -INTERVAL_S
        self._note: str = ""
        self._seen: deque[tuple[float, int]] = deque()

    def finish(self, file: RemoteFile) -> None:
        self._before += file.size
        self._seen.clear()

    def arrived(self, arrived: Arrived) -> None:
        now = self._clock()
        if now - self._posted_at < INTERVAL_S and arrived.note in ("", self._note):
            return
        self._posted_at, self._note = now, arrived.note
        received = self._before + arrived.received
        speed = self._speed(now, received)
        self._post(DownloadState(self._download, received, speed, arrived.note))

    def _speed(self, now: float, received: int) -> float:
        if self._seen and received < self._seen[-1][1]:
            self._seen.clear()  # something arrived damaged and comes again
        self._seen.append((now, received))
        while self._seen[0][0] < now - _SPEED_WINDOW_S:
            self._seen.popleft()
        since, first = self._seen[0]
        return (received - first) / (now - since) if now > since else 0.0
