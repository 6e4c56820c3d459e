"""Side jobs of one thread: background requests, one at a time, that closing ends.

Keeps account of what they cost the engine beyond its cache. `ask` is called on that one thread.
"""

import threading
from collections.abc import Sequence

from app.chat.ask import Answered, ask
from app.core.errors import Stopped
from app.core.generator import Generator
from app.core.ids import RequestId, SessionId, new_request_id
from app.core.messages import Message, Tool
from app.core.protocol import CHAT, Generate
from app.core.sampling import GREEDY

_DEADLINE_MS = 600_000  # nobody waits: a slow machine may take its time


class Aside:
    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._lock = threading.Lock()
        self._running: RequestId | None = None
        self._closed = False
        self.prefilled = 0  # tokens, since its owner last set it to zero

    def ask(
        self,
        said: Sequence[Message],
        max_tokens: int,
        *,
        model: str = "",
        session: SessionId = SessionId(""),
        tools: Sequence[Tool] = (),
    ) -> Answered:
        """`max_tokens=0` only brings the prompt into the engine's cache.

        With a `session`, what is cached of it counts for more than a reply without thinking.
        """
        request = Generate(
            request_id=new_request_id(),
            session=session,
            model=model or CHAT,
            messages=tuple(said),
            tools=tuple(tools),
            reasoning=False if max_tokens else None,
            spare_prefix=bool(session),
            sampling=GREEDY,
            max_tokens=max_tokens,
            priority="background",
            deadline_ms=_DEADLINE_MS,
        )
        with self._lock:
            if self._closed:
                raise Stopped("The app is closing.")
            self._running = request.request_id
        try:
            answer = ask(self._generator, request).result()
            if answer.reason == "cancelled":
                raise Stopped("The model was unloaded before it had answered. Try again.")
            self.prefilled += answer.stats.prompt_tokens - answer.stats.reused_tokens
            return answer
        finally:
            with self._lock:
                self._running = None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            running = self._running
        if running is not None:
            self._generator.cancel(running)
