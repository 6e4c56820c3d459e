"""A whole answer as a Future, for side jobs: summaries, titles, counts.

Never for what people watch: that streams (see `reply`).
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import msgspec

from app.core.errors import BugError, InvalidRequest, from_info
from app.core.generator import Generator
from app.core.ids import RequestId, new_request_id
from app.core.protocol import (
    CHAT,
    Count,
    Counted,
    Delta,
    Embed,
    Embedded,
    Failed,
    Finished,
    FinishReason,
    Generate,
    Priority,
    Request,
    RequestEvent,
    Stats,
    Tokenize,
    Tokenized,
    is_terminal,
)

E = TypeVar("E")
T = TypeVar("T")


class Answered(msgspec.Struct, frozen=True):
    text: str
    reason: FinishReason
    stats: Stats


def ask(generator: Generator, request: Generate) -> "Future[Answered]":
    answer: Future[Answered] = Future()
    parts: list[str] = []

    def sink(event: RequestEvent) -> None:
        match event:
            case Delta():
                parts.append(event.text)
            case Finished():
                answer.set_result(Answered("".join(parts), event.reason, event.stats))
            case Failed():
                answer.set_exception(from_info(event.error))
            case _:
                pass

    generator.submit(request, sink)
    return answer


def count(generator: Generator, request: Count) -> "Future[Counted]":
    return _single(generator, request, Counted)


def embed(
    generator: Generator,
    texts: tuple[str, ...],
    priority: Priority = "interactive",
    request_id: RequestId | None = None,
) -> "Future[tuple[bytes, ...]]":
    request = Embed(request_id=request_id or new_request_id(), texts=texts, priority=priority)
    return _then(_single(generator, request, Embedded), lambda answer: answer.vectors)


def token_count(generator: Generator, text: str, model: str = CHAT) -> "Future[int]":
    request = Tokenize(request_id=new_request_id(), text=text, model=model)
    return _then(_single(generator, request, Tokenized), lambda answer: len(answer.tokens))


def _then(asked: "Future[E]", use: Callable[[E], T]) -> "Future[T]":
    used: Future[T] = Future()

    def pass_on(done: "Future[E]") -> None:
        if (error := done.exception()) is not None:
            used.set_exception(error)
        else:
            used.set_result(use(done.result()))

    asked.add_done_callback(pass_on)
    return used


def _single(generator: Generator, request: Request, kind: type[E]) -> "Future[E]":
    answer: Future[E] = Future()

    def sink(event: RequestEvent) -> None:
        if isinstance(event, Failed):
            answer.set_exception(from_info(event.error))
        elif isinstance(event, kind):
            answer.set_result(event)
        elif isinstance(event, Finished):  # cancelled: its model was unloaded, or the app closes
            answer.set_exception(InvalidRequest("That was stopped before the model answered."))
        elif is_terminal(event):
            answer.set_exception(BugError(f"{type(request).__name__} got the wrong answer"))

    generator.submit(request, sink)
    return answer
