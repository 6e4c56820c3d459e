"""Whether somebody waits for the engines: a chat that is answered, a wind, a model that loads.

A generator before the real one, used from any thread. What can wait asks it before each step.
"""

import threading

from app.core.generator import Generator, Sink
from app.core.ids import RequestId, SessionId
from app.core.protocol import Generate, Request, RequestEvent, is_terminal


class Traffic:
    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._changed = threading.Condition()
        self._live = 0

    def submit(self, request: Request, sink: Sink) -> None:
        if isinstance(request, Generate):
            sink = self.counted(sink)
        self._generator.submit(request, sink)

    def cancel(self, request_id: RequestId) -> None:
        self._generator.cancel(request_id)

    def purge(self, session: SessionId) -> None:
        self._generator.purge(session)

    def counted(self, sink: Sink) -> Sink:
        """From now on there is traffic, until this sink hears the end."""
        with self._changed:
            self._live += 1

        def counting(event: RequestEvent) -> None:
            sink(event)
            if is_terminal(event):
                with self._changed:
                    self._live -= 1
                    self._changed.notify_all()

        return counting

    def is_quiet(self, wait_s: float = 0.0) -> bool:
        """Waits so long for it to become so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._live, wait_s)
