"""One reply as something to read: a sink that can be iterated, from any thread or event loop.

Keeps every event of its request, so each reader starts at the beginning whenever it comes.
Delivery never waits for a reader. A failed reply raises its error where it is read.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

from app.core.errors import from_info
from app.core.generator import Generator
from app.core.ids import RequestId
from app.core.protocol import (
    Answer,
    Delta,
    Failed,
    Finished,
    LoadProgress,
    Progress,
    Request,
    RequestEvent,
    is_terminal,
)


class TokenStream:
    def __init__(self, request_id: RequestId) -> None:
        self.request_id = request_id
        self._events: list[RequestEvent] = []
        self._changed = threading.Condition()
        self._loops: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @classmethod
    def of(cls, generator: Generator, request: Request) -> "TokenStream":
        stream = cls(request.request_id)
        generator.submit(request, stream)
        return stream

    def __call__(self, event: RequestEvent) -> None:
        """The sink."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()
            for wake, loop in self._loops.items():
                loop.call_soon_threadsafe(wake.set)

    @property
    def events(self) -> tuple[RequestEvent, ...]:
        with self._changed:
            return tuple(self._events)

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    @property
    def reasoning(self) -> str:
        return "".join(event.reasoning for event in self.events if isinstance(event, Delta))

    @property
    def tokens(self) -> int:
        return sum(event.tokens for event in self.events if isinstance(event, Delta))

    @property
    def is_over(self) -> bool:
        with self._changed:
            return self._is_over()

    def __iter__(self) -> Iterator[RequestEvent]:
        """Every event from the first to the terminal one."""
        at = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda at=at: len(self._events) > at)
                event = self._events[at]
            yield event
            at += 1
            if is_terminal(event):
                return

    async def __aiter__(self) -> AsyncIterator[RequestEvent]:
        wake = asyncio.Event()
        with self._changed:
            self._loops[wake] = asyncio.get_running_loop()
        try:
            at = 0
            while True:
                wake.clear()
                # Taken after the clear: an event that comes now sets it again.
                for event in self.events[at:]:
                    yield event
                    at += 1
                    if is_terminal(event):
                        return
                await wake.wait()
        finally:
            with self._changed:
                del self._loops[wake]

    def answer(self, timeout_s: float | None = None) -> Answer:
        """Waits for the end; a failure is raised."""
        with self._changed:
            if not self._changed.wait_for(self._is_over, timeout_s):
                raise TimeoutError(f"request {self.request_id} has not ended")
            event = self._events[-1]
        if isinstance(event, Failed):
            raise from_info(event.error)
        assert not isinstance(event, LoadProgress | Progress | Delta)
        return event

    def finished(self, timeout_s: float | None = None) -> Finished:
        """`answer` for a generation."""
        event = self.answer(timeout_s)
        assert isinstance(event, Finished)
        return event

    def _is_over(self) -> bool:
        return bool(self._events) and is_terminal(self._events[-1])
