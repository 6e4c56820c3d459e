"""A worker: one seat for one model that outlives its engine processes.

Lives on the pool's thread only. A link that is not the current one is history: what it still
says changes nothing. Tickets that come while the model is not ready wait here.
"""

import logging
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from msgspec import structs

from app.core.errors import AppError, ModelLoadFailed, from_info, to_info
from app.core.ids import SessionId, WorkerId, new_request_id
from app.core.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Command,
    Device,
    Failed,
    Hello,
    Load,
    Loaded,
    LoadProgress,
    ModelInfo,
    ModelSpec,
    Purge,
    RequestEvent,
)
from app.workers import verdicts
from app.workers.events import (
    PoolEvent,
    WorkerFailed,
    WorkerLoading,
    WorkerReady,
    WorkerStarting,
    WorkerUnloaded,
)
from app.workers.limits import Limits, impose, resident_bytes
from app.workers.link import Link, Listener
from app.workers.mailbox import Mailbox
from app.workers.process import Exit
from app.workers.rules import Rules
from app.workers.ticket import Ticket

_MOST_OWED = 4096

_log = logging.getLogger(__name__)


class Phase(Enum):
    ASLEEP = "asleep"  # no process; a request or a load wakes it
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    RESTING = "resting"  # between a crash and the next start
    FAILED = "failed"  # gave up; tried again when asked
    CLOSED = "closed"


class Starter(Protocol):
    def start(self, listener: Listener) -> Link: ...

    def retire(self, link: Link) -> None: ...


class Owner(Protocol):
    """What a worker tells the pool."""

    def greeted(self, devices: tuple[Device, ...]) -> None: ...

    def roles_of(self, worker: "Worker") -> tuple[str, ...]: ...

    def loading(self, worker: "Worker", fraction: float, step: str) -> None: ...

    def loaded(self, worker: "Worker", info: ModelInfo) -> None: ...

    def load_failed(self, worker: "Worker", error: AppError) -> None: ...

    @property
    def lost(self) -> Callable[["Worker", list[Ticket], AppError], None]:
        """What was unanswered when its engine died, and why it did."""
        ...

    @property
    def publish(self) -> Callable[[PoolEvent], None]: ...


class Worker:
    def __init__(
        self,
        worker_id: WorkerId,
        spec: ModelSpec,
        *,
        starter: Starter,
        owner: Owner,
        mailbox: Mailbox,
        rules: Rules,
        limits: Limits,
    ) -> None:
        self.id = worker_id
        self.limits = limits
        self.spec = spec
        self.phase = Phase.ASLEEP
        self.link: Link | None = None
        self.info: ModelInfo | None = None
        self.crashes = 0  # all of them
        self._in_a_row = 0
        self._waiting: deque[Ticket] = deque()
        self._owed: deque[SessionId] = deque(maxlen=_MOST_OWED)
        self._starter = starter
        self._owner = owner
        self._mailbox = mailbox
        self._rules = rules
        self._blame: AppError | None = None  # why we ended the current link ourselves

    @property
    def is_down(self) -> bool:
        """Nothing happens here until somebody wakes it."""
        return self.phase in (Phase.ASLEEP, Phase.FAILED)

    @property
    def is_ready(self) -> bool:
        return self.phase is Phase.READY

    @property
    def is_wanted(self) -> bool:
        return bool(self._waiting)

    @property
    def load(self) -> int:
        """Requests that this worker has not answered."""
        return len(self._waiting) + (len(self.link.tickets) if self.link else 0)

    # ------------------------------------------------------------ from the pool

    def wake(self) -> None:
        if self.is_down:
            self._in_a_row = 0
            self._start()

    def take(self, ticket: Ticket) -> None:
        if self.phase is Phase.READY and self.link:
            self.link.ask(ticket)
        else:
            self._waiting.append(ticket)

    def cancel(self, ticket: Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            ticket.finish_cancelled()
        elif self.link:
            ticket.cancelled = True
            self.link.send(Cancel(request_id=ticket.request.request_id))
            self._mailbox.after(self._rules.stop_s, ticket.finish_cancelled)

    def settled(self, ticket: Ticket) -> None:
        if self.link and self.link.tickets.pop(ticket.request.request_id, None):
            self._in_a_row = 0

    def tell(self, command: Command) -> None:
        if self.phase is Phase.READY and self.link:
            self.link.send(command)

    def purge(self, session: SessionId) -> None:
        """Its snapshots on the disk outlive the process: one that is down owes it for later."""
        if self.is_ready:
            self.tell(Purge(session=session))
        else:
            self._owed.append(session)

    def sleep(self) -> None:
        """Free the memory; only when nothing is unanswered."""
        self._leave(Phase.ASLEEP)

    def close(self) -> None:
        """What is unanswered ends as cancelled."""
        link = self.link
        self._leave(Phase.CLOSED)
        for ticket in [*self._waiting, *(link.tickets.values() if link else ())]:
            ticket.finish_cancelled()
        self._waiting.clear()

    def forgive(self, now: float) -> None:
        if self.link:
            self.link.started_at = self.link.heard_at = now

    def check(self, now: float) -> None:
        """Ends an engine that is silent or has outgrown its memory."""
        link = self.link
        if link is None or self._blame is not None:
            return
        if self.phase is Phase.STARTING and now - link.started_at > self._rules.start_s:
            self.kill(verdicts.never_started(self.id))
        elif self.phase is not Phase.STARTING and now - link.heard_at > self._rules.silence_s:
            self.kill(verdicts.fell_silent(self.id))
        elif (ceiling := self.limits.memory_bytes) and resident_bytes(link.pid) > ceiling:
            self.kill(verdicts.outgrew(self.id, ceiling))

    def kill(self, blame: AppError) -> None:
        if self.link:
            self._blame = blame
            self.link.kill()

    # ------------------------------------------------------------ one life

    def _start(self) -> None:
        self.phase = Phase.STARTING
        self._blame = None
        self._publish_starting()
        try:
            self.link = self._starter.start(self)
        except (OSError, RuntimeError) as error:  # no process, or no thread for it
            self._give_up(verdicts.could_not_start(error))
            return
        if self.link.hello:  # it was started ahead of need
            self.greeted(self.link, self.link.hello)

    def greeted(self, link: Link, hello: Hello) -> None:
        if link is not self.link or self.phase is not Phase.STARTING:
            return
        if hello.protocol != PROTOCOL_VERSION:
            self._give_up(verdicts.wrong_version())
            return
        self.phase = Phase.LOADING
        self._owner.greeted(hello.devices)
        impose(link.pid, self.limits)
        spec = structs.replace(self.spec, threads=self.spec.threads or self.limits.threads)
        load = Load(request_id=new_request_id(), spec=spec)
        post = self._mailbox.post
        link.ask(Ticket(load, lambda event: post(lambda: self._heard(link, event))))

    def _heard(self, link: Link, event: RequestEvent) -> None:
        """What the engine says about the load."""
        if link is not self.link or self.phase is not Phase.LOADING:
            return
        match event:
            case LoadProgress(fraction=fraction, step=step):
                self._owner.loading(self, fraction, step)
                self._owner.publish(
                    WorkerLoading(
                        worker=self.id, model=self.spec.path, fraction=fraction, step=step
                    )
                )
            case Loaded(info=info):
                self._ready(link, info)
            case Failed(error=error):
                self._give_up(from_info(error))
            case _:
                self._give_up(ModelLoadFailed("Loading the model was stopped."))

    def _ready(self, link: Link, info: ModelInfo) -> None:
        link.tickets.clear()
        self.phase = Phase.READY
        self.info = info
        self._owner.publish(
            WorkerReady(
                worker=self.id,
                model=self.spec.path,
                roles=self._owner.roles_of(self),
                pid=link.pid,
                info=info,
            )
        )
        self._owner.loaded(self, info)
        while self._owed:
            link.send(Purge(session=self._owed.popleft()))
        while self._waiting:
            link.ask(self._waiting.popleft())

    def ended(self, link: Link, end: Exit) -> None:
        if link is not self.link:
            return
        self.link = None
        died = self._blame or verdicts.died(self.id, end)
        was_ready = self.phase is Phase.READY
        _log.warning("%s: %s", self.id, died)
        unanswered = [*link.tickets.values()] if was_ready else []
        self.crashes += 1
        self._in_a_row += 1
        # A model that has never loaded gets one more try; one that worked gets them all.
        tries = self._rules.restart_s if self.info else self._rules.restart_s[:1]
        if self._in_a_row <= len(tries):
            self._rest(died, tries[self._in_a_row - 1])
        else:
            crashed = self._blame is None and self.info is None
            self._give_up(verdicts.load_crashed(self.spec.path, end) if crashed else died)
        self._owner.lost(self, unanswered, died)

    def _rest(self, died: AppError, delay_s: float) -> None:
        self.phase = Phase.RESTING
        self._publish_failed(died, restarts=True)
        self._mailbox.after(delay_s, self._start_again)

    def _start_again(self) -> None:
        if self.phase is Phase.RESTING:
            self._start()

    def _give_up(self, error: AppError) -> None:
        self._leave(Phase.FAILED)
        self._publish_failed(error, restarts=False)
        waiting, self._waiting = self._waiting, deque()
        for ticket in waiting:
            ticket.fail(error)
        self._owner.load_failed(self, error)

    def _leave(self, phase: Phase) -> None:
        self.phase = phase
        link, self.link = self.link, None
        if link:
            self._starter.retire(link)
            self._owner.publish(WorkerUnloaded(worker=self.id, model=self.spec.path))

    def _publish_starting(self) -> None:
        self._owner.publish(WorkerStarting(worker=self.id, model=self.spec.path))

    def _publish_failed(self, error: AppError, *, restarts: bool) -> None:
        self._owner.publish(
            WorkerFailed(
                worker=self.id, model=self.spec.path, error=to_info(error), restarts=restarts
            )
        )
