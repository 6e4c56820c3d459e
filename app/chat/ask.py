"""A whole answer as a Future, for side jobs: summaries, titles, counts.

Never for what people watch: that streams (see `reply`).
"""

from concurrent.futures import Future
from typing import TypeVar

import msgspec

from app.core.errors import BugError, InvalidRequest, from_info
from app.core.generator import Generator
from app.core.ids import new_request_id
from app.core.protocol import (
    CHAT,
    Count,
    Counted,
    Delta,
    Failed,
    Finished,
    FinishReason,
    Generate,
    Request,
    RequestEvent,
    Stats,
    Tokenize,
    Tokenized,
    is_terminal,
)

E = TypeVar("E")


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


def token_count(generator: Generator, text: str, model: str = CHAT) -> "Future[int]":
    request = Tokenize(request_id=new_request_id(), text=text, model=model)
    counted: Future[int] = Future()

    def pass_on(done: "Future[Tokenized]") -> None:
        if (error := done.exception()) is not None:
            counted.set_exception(error)
        else:
            counted.set_result(len(done.result().tokens))

    _single(generator, request, Tokenized).add_done_callback(pass_on)
    return counted


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
