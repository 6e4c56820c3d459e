"""The pool: models loaded in workers, and the Generator that answers through them.

Any thread may call it: each call is posted to the pool's own thread, where all state lives,
and returns at once. Every accepted request ends exactly once, whatever happens to the worker
it went to. Token events go from the reader thread to the sink without passing here.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.core.errors import AppError, InvalidRequest, KnownError, QueueFull, to_info
from app.core.generator import Sink
from app.core.ids import RequestId, SessionId, WorkerId, new_request_id
from app.core.protocol import (
    CHAT,
    EMBEDDER,
    SUMMARIZER,
    Embed,
    Failed,
    Generate,
    Load,
    ModelInfo,
    ModelSpec,
    Purge,
    Request,
    RequestEvent,
)
from app.workers.crew import Crew
from app.workers.engines import Engines
from app.workers.events import PoolEvent
from app.workers.mailbox import Mailbox
from app.workers.process import EngineLog, Launch, engine_launch
from app.workers.routing import Pins, choose
from app.workers.rules import Rules
from app.workers.ticket import Ticket
from app.workers.worker import Worker

_TICK_S = 0.25

Subscriber = Callable[[PoolEvent], None]

_log = logging.getLogger(__name__)


def _no_sink(_: RequestEvent) -> None:
    """For a load whose outcome is read from the pool's events."""


class Pool:
    def __init__(
        self,
        *,
        log: Path | None = None,
        rules: Rules | None = None,
        launch: Launch | None = None,
    ) -> None:
        self._rules = rules or Rules()
        self._log = EngineLog(log)
        self._mailbox = Mailbox("pool")
        self._engines = Engines(
            launch or engine_launch(), self._log, self._mailbox, self._rules.close_s
        )
        self._crews: dict[str, Crew] = {}
        self._roles: dict[str, str] = {}
        self._tickets: dict[RequestId, tuple[Ticket, Worker]] = {}
        self._pins = Pins()
        self._count = itertools.count(1)
        self._subscribers: tuple[Subscriber, ...] = ()
        self._room = threading.BoundedSemaphore(self._rules.max_requests)
        self._closed = False
        self._mailbox.post(self._tick)

    # ------------------------------------------------------------ from any thread

    def submit(self, request: Request, sink: Sink) -> None:
        if isinstance(request, Load):
            self._mailbox.post(lambda: self._load(Ticket(request, sink), CHAT, 1))
            return
        wait = self._rules.backpressure == "suspend" and not self._mailbox.is_own_thread()
        if not self._room.acquire(blocking=wait):
            full = QueueFull(
                f"{self._rules.max_requests} requests are waiting already. Try again in a moment."
            )
            sink(Failed(request_id=request.request_id, error=to_info(full)))
            return
        ticket = Ticket(request, sink, self._settled)
        self._mailbox.post(lambda: self._route(ticket))

    def cancel(self, request_id: RequestId) -> None:
        self._mailbox.post(lambda: self._cancel(request_id))

    def purge(self, session: SessionId) -> None:
        self._mailbox.post(lambda: self._purge(session))

    def load(
        self, spec: ModelSpec, role: str = CHAT, sink: Sink = _no_sink, *, workers: int = 1
    ) -> RequestId:
        """Loads a model for a role; `role=""` loads one that is asked for by its path."""
        request = Load(request_id=new_request_id(), spec=spec)
        self._mailbox.post(lambda: self._load(Ticket(request, sink), role, workers))
        return request.request_id

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Events come on the pool's thread; the result ends the subscription."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            self._subscribers = tuple(each for each in self._subscribers if each is not subscriber)

        return unsubscribe

    def close(self) -> None:
        """Ends every request and every process; returns when they have ended."""
        if self._closed:
            return
        gone = threading.Event()
        self._mailbox.post(lambda: self._close(gone.set))
        gone.wait(self._rules.close_s + 2.0)
        self._mailbox.close(1.0)
        self._log.close()

    # ------------------------------------------------------------ requests

    def _route(self, ticket: Ticket) -> None:
        try:
            worker = self._worker_for(ticket)
        except KnownError as error:
            ticket.fail(error)
            return
        self._tickets[ticket.request.request_id] = (ticket, worker)
        worker.take(ticket)

    def _worker_for(self, ticket: Ticket) -> Worker:
        request = ticket.request
        if self._closed:
            raise InvalidRequest("The app is closing.")
        model = getattr(request, "model", CHAT)
        if model == SUMMARIZER and SUMMARIZER not in self._roles:
            model = CHAT
            if isinstance(request, Generate):
                ticket.request = msgspec.structs.replace(request, priority="background")
        crew = self._crews.get(self._roles.get(model, model))
        if crew is None:
            kind = "embedding model" if model == EMBEDDER else "model"
            raise InvalidRequest(f"No {kind} is loaded. Choose one first.")
        named = request.worker if isinstance(request, Generate | Embed) else WorkerId("")
        if named:
            return self._named(crew, named)
        session = request.session if isinstance(request, Generate) else SessionId("")
        worker = choose(crew.workers, self._pins.get(session))
        if session:
            self._pins.pin(session, worker.id)
        return worker

    def _named(self, crew: Crew, name: WorkerId) -> Worker:
        for worker in crew.workers:
            if worker.id == name:
                return worker
        raise InvalidRequest(f"There is no worker {name} for this model.")

    def _settled(self, ticket: Ticket) -> None:
        """From whatever thread delivered the end."""
        self._room.release()
        self._mailbox.post(lambda: self._forget(ticket))

    def _forget(self, ticket: Ticket) -> None:
        held = self._tickets.pop(ticket.request.request_id, None)
        if held:
            held[1].settled(ticket)

    def _cancel(self, request_id: RequestId) -> None:
        # Cancel may arrive after the end was sent: both orders are normal.
        if held := self._tickets.get(request_id):
            held[1].cancel(held[0])
            return
        for crew in self._crews.values():
            if crew.cancel_load(request_id):
                for worker in crew.workers:
                    worker.sleep()

    def _purge(self, session: SessionId) -> None:
        self._pins.forget(session)
        for crew in self._crews.values():
            for worker in crew.workers:
                worker.tell(Purge(session=session))

    # ------------------------------------------------------------ models

    def _load(self, ticket: Ticket, role: str, workers: int) -> None:
        assert isinstance(ticket.request, Load)
        spec = ticket.request.spec
        crew = self._crews.get(spec.path)
        if crew is None or crew.spec != spec or len(crew.workers) != workers:
            if crew:
                crew.close()
            crew = Crew(spec, [self._new_worker(spec) for _ in range(workers)])
            self._crews[spec.path] = crew
        if role:
            self._roles[role] = spec.path
            self._drop_unused()
        self._engines.when_retired_ended(lambda: crew.load(ticket))

    def _drop_unused(self) -> None:
        for path, crew in [*self._crews.items()]:
            if path not in self._roles.values() and not crew.is_busy:
                crew.close()
                del self._crews[path]

    def _new_worker(self, spec: ModelSpec) -> Worker:
        return Worker(
            WorkerId(f"w{next(self._count)}"),
            spec,
            starter=self._engines,
            owner=self,
            mailbox=self._mailbox,
            rules=self._rules,
        )

    # ------------------------------------------------------------ from the workers

    def loading(self, worker: Worker, fraction: float, step: str) -> None:
        if crew := self._crew_of(worker):
            crew.progress(worker, fraction, step)

    def loaded(self, worker: Worker, info: ModelInfo) -> None:
        if crew := self._crew_of(worker):
            crew.loaded(info)

    def load_failed(self, worker: Worker, error: AppError) -> None:
        if crew := self._crew_of(worker):
            crew.load_failed(error)

    def lost(self, worker: Worker, unanswered: list[Ticket], error: AppError) -> None:
        """What showed nothing yet is sent once more, wherever there is room now."""
        self._pins.forget_worker(worker.id)
        for ticket in unanswered:
            if ticket.produced or ticket.resubmitted:
                ticket.fail(error)
            else:
                ticket.resubmitted = True
                self._route(ticket)

    def publish(self, event: PoolEvent) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:  # noqa: BLE001
                _log.exception("a subscriber of the pool failed")

    def _crew_of(self, worker: Worker) -> Crew | None:
        crew = self._crews.get(worker.spec.path)
        return crew if crew and worker in crew.workers else None

    # ------------------------------------------------------------ time and end

    def _tick(self) -> None:
        if self._closed:
            return
        now = time.monotonic()
        for crew in self._crews.values():
            for worker in crew.workers:
                worker.check(now)
        self._mailbox.after(_TICK_S, self._tick)

    def _close(self, gone: Callable[[], None]) -> None:
        self._closed = True
        for crew in self._crews.values():
            crew.close()
        self._engines.when_retired_ended(gone)
