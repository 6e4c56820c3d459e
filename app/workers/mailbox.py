"""The pool's one thread: runs what is posted to it in order, and timed jobs when they are due.

Everything that decides in this room runs here, so its state needs no lock. A job must not
block. A job that raises is a bug of ours: it is logged and the thread goes on.
"""

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable

Job = Callable[[], None]

_log = logging.getLogger(__name__)


class Mailbox:
    def __init__(self, name: str) -> None:
        self._posted: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._timed: list[tuple[float, int, Job]] = []
        self._count = itertools.count()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def post(self, job: Job) -> None:
        self._posted.put(job)

    def after(self, delay_s: float, job: Job) -> None:
        """From the mailbox's own thread only; a job asks whether it is still wanted."""
        heapq.heappush(self._timed, (time.monotonic() + delay_s, next(self._count), job))

    def close(self, timeout_s: float) -> None:
        """What was posted before still runs; timed jobs do not."""
        self._posted.put(None)
        self._thread.join(timeout_s)

    def is_own_thread(self) -> bool:
        return threading.get_ident() == self._thread.ident

    def _run(self) -> None:
        while True:
            job = self._next()
            if job is None:
                break
            self._do(job)
        while not self._posted.empty():
            if job := self._posted.get():
                self._do(job)

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001  (one request's bug must not end all the others)
            _log.exception("a job of the pool failed")

    def _next(self) -> Job | None:
        while True:
            wait_s = None
            if self._timed:
                wait_s = self._timed[0][0] - time.monotonic()
                if wait_s <= 0:
                    return heapq.heappop(self._timed)[2]
            try:
                return self._posted.get(timeout=wait_s)
            except queue.Empty:
                continue
