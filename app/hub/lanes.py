"""The connections of one transfer: each a thread that fetches pieces and writes them in place.

`Lanes` is driven by the thread that transfers; it alone decides how many there are, when one is
started again after trouble, and what trouble ends the transfer.
"""

import threading
import time
from collections.abc import Iterator
from io import FileIO
from queue import SimpleQueue

import httpx2

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.asking import MAX_WAIT_S, Another, Asking, Retry, chunks, etag_of
from app.hub.control import Control, Stopped, Throttle
from app.hub.pace import Pace
from app.hub.part import Part
from app.hub.patience import Patience
from app.hub.plan import Piece, Plan

_NOTE_BYTES, _NOTE_S = 1 << 18, 0.2
_DOUBTS = 2  # answers with another version before it is believed


class Lanes:
    def __init__(
        self,
        client: httpx2.Client,
        file: RemoteFile,
        part: Part,
        control: Control,
        *,
        token: str,
        throttle: Throttle,
        patience: Patience,
    ) -> None:
        self._part, self._control, self._throttle = part, control, throttle
        self._patience = patience
        self._asking = Asking(client, file, token, patience.stall_s)
        self._plan = Plan(part)
        self._pace = Pace(time.monotonic(), patience.connections, patience.trial_s)
        self._ended: SimpleQueue[tuple[threading.Thread, Exception | None]] = SimpleQueue()
        self._running: set[threading.Thread] = set()
        self._news = threading.Event()
        self._begun = (time.monotonic(), part.received)
        self._not_before = 0.0
        self._fruitless = self._others = 0
        self._last = part.received
        self.note = ""  # why it waits, when it does
        self.most = 0  # connections at once so far

    def steer(self, *, limited: bool) -> None:
        """Starts what should run; raises what ends the transfer."""
        while not self._ended.empty():
            thread, trouble = self._ended.get()
            self._running.discard(thread)
            thread.join()
            if trouble:
                self._heed(trouble)
        now, received = time.monotonic(), self._part.received
        wanted = self._pace.wanted(now, received, limited=limited or self._throttle.rate > 0)
        since, base = self._begun
        self._plan.share(wanted, max(0, received - base) / max(now - since, 0.1))
        if now < self._not_before:
            return
        while len(self._running) < wanted and (piece := self._plan.take()):
            self.note = ""
            self._start(piece)

    def wait(self, seconds: float) -> None:
        """Until something came, or this long."""
        self._news.wait(seconds)
        self._news.clear()

    def close(self) -> None:
        self._control.stop()
        for thread in self._running:
            thread.join()

    def _start(self, piece: Piece) -> None:
        thread = threading.Thread(target=self._run, args=(piece,), name="download-lane")
        self._running.add(thread)
        self.most = max(self.most, len(self._running))
        thread.start()

    def _heed(self, trouble: Exception) -> None:
        if not isinstance(trouble, Retry):
            raise trouble
        self._others += isinstance(trouble, Another)
        if self._others >= _DOUBTS:
            raise trouble
        received = self._part.received
        self._fruitless = 0 if received > self._last else self._fruitless + 1
        self._last = received
        if self._fruitless >= self._patience.attempts:
            raise HubError(f"The download does not go on: {trouble.reason}.") from None
        now = time.monotonic()
        self._pace.setback(now)
        if not self._running or trouble.wait_s:
            wait = trouble.wait_s or self._patience.backoff_s * 2 ** min(self._fruitless, 6)
            self._not_before, self.note = now + min(wait, MAX_WAIT_S), trouble.reason

    # ---------------------------------------------------------------- on a lane's own thread

    def _run(self, piece: Piece | None) -> None:
        trouble: Exception | None = None
        try:
            while piece:
                try:
                    self._fetch(piece)
                finally:
                    self._plan.give_back(piece)
                piece = self._plan.take()
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - the transferring thread decides
            trouble = error
        self._ended.put((threading.current_thread(), trouble))
        self._news.set()

    def _fetch(self, piece: Piece) -> None:
        etag = self._part.etag
        with self._asking.range(piece.start, piece.stop, etag, self._control) as answer:
            response, begins = answer
            if begins != piece.start and not self._plan.alone:
                raise Retry("the server does not serve parts")  # the first one goes on
            if not etag and (etag := etag_of(response)):
                self._part.set_etag(etag)
            self._write(piece, response, skip=piece.start - begins)
        if piece.at < piece.stop:
            raise Retry("the connection ended early")

    def _write(self, piece: Piece, response: httpx2.Response, skip: int) -> None:
        watch = _Watch(self._patience)
        noted = written = piece.at
        noted_at = time.monotonic()
        with self._part.path.open("r+b", buffering=0) as opened:
            opened.seek(piece.at)
            try:
                for data in chunks(response):
                    self._control.check()
                    mine = memoryview(data)[min(skip, len(data)) :]
                    skip -= len(data) - len(mine)
                    taken = self._plan.advance(piece, len(mine))
                    # On a disk that is filling up a write takes less than it was given, then fails.
                    for data_left in _rests(opened, mine[:taken]):
                        written = piece.at - data_left
                    now = time.monotonic()
                    if written - noted >= _NOTE_BYTES or now - noted_at >= _NOTE_S:
                        self._part.got(noted, written)
                        noted, noted_at = written, now
                        self._news.set()
                    if piece.at == piece.stop:
                        break
                    if delay := self._throttle.delay(len(data)):
                        self._control.sleep(delay)
                    watch.came(len(data), time.monotonic() - delay)
            finally:
                self._part.got(noted, written)


def _rests(opened: FileIO, data: memoryview) -> Iterator[int]:
    """Writes all of it; after each write how much is left."""
    while data:
        data = data[opened.write(data) :]
        yield len(data)


class _Watch:
    """Notices a server that hardly sends anything."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since, self._bytes = time.monotonic(), 0

    def came(self, count: int, now: float) -> None:
        self._bytes += count
        if now - self._since >= self._patience.stall_s:
            if self._bytes < self._patience.floor_bytes_per_s * (now - self._since):
                raise Retry("the server hardly sends anything")
            self._since, self._bytes = now, 0
