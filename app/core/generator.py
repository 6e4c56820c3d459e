"""The one seam between those who ask (chat, server, command line) and those who answer (pools)."""

from collections.abc import Callable
from typing import Protocol

from app.core.ids import RequestId, SessionId
from app.core.protocol import Request, RequestEvent

# Called on the answering side's thread, in order, ending with exactly one terminal event.
# A sink must not block and must not raise.
Sink = Callable[[RequestEvent], None]


class Generator(Protocol):
    """Whatever can answer requests: the local pool, or an endpoint elsewhere."""

    def submit(self, request: Request, sink: Sink) -> None:
        """Accept the request and return at once; every outcome, refusal too, reaches the sink."""
        ...

    def cancel(self, request_id: RequestId) -> None:
        """Ask for an end; an unknown id is a no-op. The state changes when Finished comes."""
        ...

    def purge(self, session: SessionId) -> None:
        """Forget what is cached of a session, on disk too."""
        ...
