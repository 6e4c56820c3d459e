"""One accepted request on its way: its sink is called in order and ended exactly once.

Any thread may deliver (the reader its events, the pool's thread an end of its own); whoever
comes after the end is ignored. That is how Stop answers in time on an engine that hangs.
"""

import logging
import threading
import time
from collections.abc import Callable

from app.core.errors import AppError, to_info
from app.core.generator import Sink
from app.core.protocol import Delta, Failed, Finished, Request, RequestEvent, Stats, is_terminal

_log = logging.getLogger(__name__)
_delivering = threading.local()


def is_in_sink() -> bool:
    """Whether this thread is delivering an event: then others wait for it to come back."""
    return getattr(_delivering, "depth", 0) > 0


class Ticket:
    def __init__(
        self,
        request: Request,
        sink: Sink,
        settled: Callable[["Ticket"], None] = lambda _: None,
    ) -> None:
        self.request = request
        self.resubmitted = False
        self.cancelled = False  # Stop was asked for: it is never asked again
        self.ended: RequestEvent | None = None
        self.tokens = 0
        # 0.0: it has not come to that
        self.submitted_at = time.monotonic()
        self.sent_at = 0.0
        self.first_at = 0.0
        self.ended_at = 0.0
        self._sink = sink
        self._settled = settled
        # Reentrant: a sink may cancel or submit from inside.
        self._lock = threading.RLock()

    @property
    def produced(self) -> bool:
        """Whether anything was shown: then it is never asked again."""
        return self.first_at > 0

    def deliver(self, event: RequestEvent) -> None:
        with self._lock:
            if self.ended is not None:
                return
            if isinstance(event, Delta):
                self.tokens += event.tokens
                self.first_at = self.first_at or time.monotonic()
            elif is_terminal(event):
                self.ended = event
                self.ended_at = time.monotonic()
            _delivering.depth = getattr(_delivering, "depth", 0) + 1
            try:
                self._sink(event)
            except Exception:  # noqa: BLE001  (a sink's bug must not end the reader)
                _log.exception("a sink failed")
            finally:
                _delivering.depth -= 1
        if self.ended is event:
            self._settled(self)

    def fail(self, error: AppError) -> None:
        self.deliver(Failed(request_id=self.request.request_id, error=to_info(error)))

    def finish_cancelled(self) -> None:
        self.deliver(
            Finished(request_id=self.request.request_id, reason="cancelled", stats=Stats())
        )
