"""How tests ask a pool and wait for what comes back, never longer than a bound."""

import queue
import threading
from pathlib import Path
from typing import Any, Generic, TypeVar

from app.core.errors import from_info
from app.core.ids import RequestId, SessionId, WorkerId, new_request_id
from app.core.messages import Message
from app.core.protocol import (
    CHAT,
    Delta,
    Failed,
    Finished,
    Generate,
    Loaded,
    ModelInfo,
    ModelSpec,
    Request,
    RequestEvent,
    is_terminal,
)
from app.core.sampling import GREEDY
from app.workers.events import PoolEvent
from app.workers.pool import Pool

PATIENCE_S = 20.0

E = TypeVar("E")


class Answer:
    """A sink that keeps everything it got."""

    def __init__(self, request_id: RequestId = RequestId("")) -> None:
        self.id = request_id
        self.events: list[RequestEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: RequestEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    @property
    def tokens(self) -> int:
        return sum(event.tokens for event in self.events if isinstance(event, Delta))

    @property
    def pids(self) -> set[int]:
        """Which scripted engines wrote this reply."""
        return {int(word.split(":")[0]) for word in self.text.split()}

    def wait_for_tokens(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.tokens >= count or self._over, PATIENCE_S), (
                f"no {count} tokens: {self.events}"
            )

    def end(self, timeout_s: float = PATIENCE_S) -> RequestEvent:
        with self._changed:
            assert self._changed.wait_for(lambda: self._over, timeout_s), "no end came"
            return self.events[-1]

    def finished(self) -> Finished:
        end = self.end()
        if isinstance(end, Failed):
            raise from_info(end.error)
        assert isinstance(end, Finished)
        return end

    def loaded(self) -> ModelInfo:
        end = self.end()
        if isinstance(end, Failed):
            raise from_info(end.error)
        assert isinstance(end, Loaded)
        return end.info

    def error(self) -> Failed:
        end = self.end()
        assert isinstance(end, Failed), end
        return end

    @property
    def _over(self) -> bool:
        return bool(self.events) and is_terminal(self.events[-1])


def load(pool: Pool, path: str = "ok=1", role: str = CHAT, **options: Any) -> ModelInfo:
    answer = Answer()
    pool.load(ModelSpec(path=path), role, answer, **options)
    return answer.loaded()


def load_tiny(pool: Pool, model: Path, role: str = CHAT, **options: Any) -> ModelInfo:
    """The real engine with the tiny model; one thread each, there may be several."""
    answer = Answer()
    pool.load(ModelSpec(path=str(model), chat_ctx=2048, threads=1), role, answer, **options)
    return answer.loaded()


def chat(
    pool: Pool, text: str = "hello", session: str = "", max_tokens: int = 16, model: str = CHAT
) -> Answer:
    """A reply of exactly `max_tokens` tokens from the real engine, the same every time."""
    request = Generate(
        request_id=new_request_id(),
        session=SessionId(session),
        model=model,
        messages=(Message(role="user", content=text),),
        sampling=GREEDY,
        max_tokens=max_tokens,
        ignore_eos=True,
    )
    return submit(pool, request)


def ask(
    pool: Pool, prompt: str = "tokens=3", session: str = "", model: str = CHAT, worker: str = ""
) -> Answer:
    request = Generate(
        request_id=new_request_id(),
        session=SessionId(session),
        model=model,
        worker=WorkerId(worker),
        prompt=prompt,
    )
    return submit(pool, request)


def submit(pool: Pool, request: Request) -> Answer:
    answer = Answer(request.request_id)
    pool.submit(request, answer)
    return answer


class Until(Generic[E]):
    """Waits for the next event of one kind."""

    def __init__(self, pool: Pool, kind: type[E]) -> None:
        self._events: queue.SimpleQueue[PoolEvent] = queue.SimpleQueue()
        self._kind = kind
        pool.subscribe(self._events.put)

    def wait(self) -> E:
        while True:
            event = self._events.get(timeout=PATIENCE_S)
            if isinstance(event, self._kind):
                return event

    @staticmethod
    def ticks(pool: Pool, count: int) -> None:
        """Lets the pool's clock run: each tick publishes a new state."""
        for _ in range(count):
            before = pool.state
            deadline = threading.Event()
            while pool.state is before:
                deadline.wait(0.01)
