"""The pool: models loaded in workers, and the Generator that answers through them.

Any thread may call it: each call is posted to the pool's own thread, where all state lives,
and returns at once. Every accepted request ends exactly once, whatever happens to the worker
it went to. Token events go from the reader thread to the sink without passing here.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import msgspec

from app.core.errors import AppError, InvalidRequest, KnownError, QueueFull, to_info
from app.core.generator import Sink
from app.core.ids import RequestId, SessionId, WorkerId, new_request_id
from app.core.protocol import (
    CHAT,
    SUMMARIZER,
    Device,
    Embed,
    Failed,
    Generate,
    GetStats,
    Load,
    ModelSpec,
    Request,
    RequestEvent,
)
from app.workers.crew import Crew
from app.workers.engines import Engines
from app.workers.events import PoolEvent, PoolMeasured
from app.workers.ledger import Plan, estimate
from app.workers.machine import Machine, this_machine
from app.workers.mailbox import Job, Mailbox
from app.workers.metrics import Account, Place, PoolState
from app.workers.process import EngineLog, Launch, engine_launch
from app.workers.roster import Estimate, Roster
from app.workers.routing import Pins, choose
from app.workers.rules import Rules
from app.workers.survey import survey
from app.workers.ticket import Ticket, is_in_sink
from app.workers.worker import Worker

_TICK_S = 0.25
_MEASURE_TICKS = 4
_OF_NO_MODEL = Load | GetStats

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
        machine: Machine | None = None,
        estimate: Estimate = estimate,
    ) -> None:
        self._rules = rules or Rules()
        self._machine = machine or this_machine()
        self._log = EngineLog(log)
        self._mailbox = Mailbox("pool")
        self._engines = Engines(launch or engine_launch(), self._log, self._mailbox, self._rules)
        self._roster = Roster(
            engines=self._engines,
            mailbox=self._mailbox,
            rules=self._rules,
            machine=self._machine,
            estimate=estimate,
            lost=self._lost,
            publish=self._publish,
        )
        self._tickets: dict[RequestId, tuple[Ticket, Worker]] = {}
        self._pins = Pins()
        self._account = Account()
        self._state = PoolState()
        self._measured = self._state.workers  # what was published last
        self._ticks = 0
        self._subscribers: tuple[Subscriber, ...] = ()
        self._room = threading.BoundedSemaphore(self._rules.max_requests)
        self._closed = False
        self._mailbox.post(self._tick)

    # ------------------------------------------------------------ requests, from any thread

    def submit(self, request: Request, sink: Sink) -> None:
        if isinstance(request, Load):
            loading = Ticket(request, sink)
            self._post_load(loading, lambda: self._roster.load(loading, CHAT, 1))
            return
        # Room is made by the pool's thread and by the sinks' callers: they must not wait for it.
        may_wait = not (is_in_sink() or self._mailbox.is_own_thread())
        wait = self._rules.backpressure == "suspend" and may_wait
        if not self._room.acquire(blocking=wait):
            sink(_refusal(request, self._full()))
            return
        if self._closed:
            self._room.release()
            sink(_refusal(request, _closing()))
            return
        ticket = Ticket(request, sink, self._settled)
        self._mailbox.post(lambda: self._route(ticket))

    def cancel(self, request_id: RequestId) -> None:
        self._mailbox.post(lambda: self._cancel(request_id))

    def purge(self, session: SessionId) -> None:
        self._mailbox.post(lambda: self._purge(session))

    # ------------------------------------------------------------ models, from any thread

    def load(
        self,
        spec: ModelSpec,
        role: str = CHAT,
        sink: Sink = _no_sink,
        *,
        workers: int = 1,
        pinned: bool = False,
        fresh: bool = False,
    ) -> RequestId:
        """Loads a model for a role; `role=""` loads one that is asked for by its path.

        A pinned model is never unloaded to make room for another. One that is there already is
        taken as it is, unless it should be `fresh`: what it is answering is stopped then.
        """
        request = Load(request_id=new_request_id(), spec=spec)
        ticket = Ticket(request, sink)
        self._post_load(
            ticket,
            lambda: self._roster.load(ticket, role, workers, pinned=pinned, fresh=fresh),
        )
        return request.request_id

    def assign(self, role: str, spec: ModelSpec | None) -> None:
        """Gives a role to a model, which is loaded when first asked; None takes it away."""
        self._mailbox.post(lambda: self._roster.assign(role, spec))

    def unload(self, model: str) -> None:
        """By role or path; what it is answering is stopped."""
        self._mailbox.post(lambda: self._roster.unload(model))

    def plan(self, spec: ModelSpec, workers: int = 1) -> "Future[Plan]":
        """Whether it would fit beside what is loaded, and which idle models would have to go."""
        planned: Future[Plan] = Future()
        if self._closed:
            planned.set_exception(_closing())
            return planned
        self._mailbox.post(lambda: planned.set_result(self._roster.plan(spec, workers)))
        return planned

    def warm(self) -> None:
        """Starts an engine ahead of need; the next load finds it ready to go."""
        self._mailbox.post(self._engines.warm)

    # ------------------------------------------------------------ what there is to see

    @property
    def state(self) -> PoolState:
        """As of the last quarter of a second."""
        return self._state

    @property
    def devices(self) -> tuple[Device, ...]:
        """As the newest engine found them; none before one has greeted."""
        return self._roster.devices

    def place_of(self, request_id: RequestId) -> Place | None:
        """Where a request is being answered; until its sink has returned from the end."""
        held = self._tickets.get(request_id)
        if held is None:
            return None
        link = held[1].link
        return Place(held[1].id, link.pid if link else 0)

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
            crew = self._crew_for(ticket)
            worker = self._worker_for(ticket.request, crew)
        except KnownError as error:
            ticket.fail(error)
            return
        self._tickets[ticket.request.request_id] = (ticket, worker)
        worker.take(ticket)
        if worker.is_down:
            self._roster.wake(crew)

    def _crew_for(self, ticket: Ticket) -> Crew:
        request = ticket.request
        if self._closed:
            raise _closing()
        if request.request_id in self._tickets:
            raise InvalidRequest("A request with this id is running already.")
        model = request.model if not isinstance(request, _OF_NO_MODEL) else CHAT
        if model == SUMMARIZER and not self._roster.has_role(SUMMARIZER):
            model = CHAT
            if isinstance(request, Generate):
                ticket.request = msgspec.structs.replace(request, priority="background")
        return self._roster.find(model, embedding=isinstance(request, Embed))

    def _worker_for(self, request: Request, crew: Crew) -> Worker:
        named = request.worker if isinstance(request, Generate | Embed) else WorkerId("")
        session = request.session if isinstance(request, Generate) else SessionId("")
        if named:
            worker = next((each for each in crew.workers if each.id == named), None)
            if worker is None:
                raise InvalidRequest(f"This model has no worker {named}.")
        else:
            worker = choose(crew.workers, self._pins.get(session))
        if session:
            self._pins.pin(session, worker.id)
        return worker

    def _settled(self, ticket: Ticket) -> None:
        """From whatever thread delivered the end."""
        self._room.release()
        self._mailbox.post(lambda: self._forget(ticket))

    def _forget(self, ticket: Ticket) -> None:
        held = self._tickets.get(ticket.request.request_id)
        worker = held[1] if held and held[0] is ticket else None
        if worker:
            del self._tickets[ticket.request.request_id]
            worker.settled(ticket)
            self._roster.used(worker)
        self._account.ended(ticket, worker.id if worker else WorkerId(""))

    def _cancel(self, request_id: RequestId) -> None:
        # Cancel may arrive after the end was sent: both orders are normal.
        if held := self._tickets.get(request_id):
            held[1].cancel(held[0])
        else:
            self._roster.cancel_load(request_id)

    def _purge(self, session: SessionId) -> None:
        self._pins.forget(session)
        for worker in self._roster.workers():
            worker.purge(session)

    def _lost(self, worker: Worker, unanswered: list[Ticket], error: AppError) -> None:
        """What showed nothing yet is asked once more, wherever there is room now."""
        self._pins.forget_worker(worker.id)
        for ticket in unanswered:
            if ticket.ended is not None:
                continue
            if ticket.cancelled:
                ticket.finish_cancelled()
            elif ticket.produced or ticket.resubmitted:
                ticket.fail(error)
            else:
                ticket.resubmitted = True
                del self._tickets[ticket.request.request_id]
                self._route(ticket)

    def _full(self) -> QueueFull:
        bound = self._rules.max_requests
        return QueueFull(f"{bound} requests are waiting already. Try again in a moment.")

    # ------------------------------------------------------------ time and end

    def _post_load(self, ticket: Ticket, load: Job) -> None:
        def unless_closed() -> None:
            if self._closed:
                ticket.fail(_closing())
            else:
                load()

        if self._closed:  # nobody reads the mailbox any more
            ticket.fail(_closing())
        else:
            self._mailbox.post(unless_closed)

    def _tick(self) -> None:
        if self._closed:
            return
        self._roster.tick(time.monotonic())
        self._state = survey(self._roster, self._account, self._machine)
        self._ticks += 1
        if self._ticks % _MEASURE_TICKS == 0 and self._state.workers != self._measured:
            self._measured = self._state.workers
            self._publish(PoolMeasured(self._state))
        self._mailbox.after(_TICK_S, self._tick)

    def _publish(self, event: PoolEvent) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:  # noqa: BLE001  (a subscriber's bug must not end the pool)
                _log.exception("a subscriber of the pool failed")

    def _close(self, gone: Callable[[], None]) -> None:
        self._closed = True
        self._roster.close()
        self._engines.close(gone)


def _refusal(request: Request, error: KnownError) -> Failed:
    return Failed(request_id=request.request_id, error=to_info(error))


def _closing() -> InvalidRequest:
    return InvalidRequest("The app is closing.")
