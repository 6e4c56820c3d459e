"""How tests ask a pool and wait for what comes back, never longer than a bound."""

import threading

from app.core.errors import from_info
from app.core.ids import RequestId, SessionId, WorkerId, new_request_id
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
from app.workers.pool import Pool

PATIENCE_S = 20.0


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


def load(pool: Pool, path: str = "ok=1", role: str = CHAT, **options: int) -> ModelInfo:
    answer = Answer()
    pool.load(ModelSpec(path=path), role, answer, **options)
    return answer.loaded()


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
