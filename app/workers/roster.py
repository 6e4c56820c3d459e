"""The models that are loaded or can be woken, the roles they play, and the memory they share.

Lives on the pool's thread. A role follows a load at once, so that a message sent while the
new model loads is answered by it; when the load fails the role goes back to what it was.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from app.core.errors import AppError, InvalidRequest
from app.core.ids import RequestId, WorkerId
from app.core.protocol import CHAT, EMBEDDER, Device, Load, ModelInfo, ModelSpec, TrimCache
from app.workers.crew import Crew, Key
from app.workers.engines import Engines
from app.workers.events import PoolEvent
from app.workers.ledger import Ledger, Plan, budgets, estimate, measured, usable_devices
from app.workers.limits import Limits, share
from app.workers.machine import Machine
from app.workers.mailbox import Mailbox
from app.workers.rules import Rules
from app.workers.ticket import Ticket
from app.workers.worker import Worker

Estimate = Callable[[ModelSpec, Sequence[Device]], dict[str, int]]

_NOBODY = Key("")
_LATE_S = 2.0  # a tick that comes so late says more about us than about the engines

_log = logging.getLogger(__name__)


class Roster:
    def __init__(
        self,
        *,
        engines: Engines,
        mailbox: Mailbox,
        rules: Rules,
        machine: Machine,
        estimate: Estimate = estimate,
        lost: Callable[[Worker, list[Ticket], AppError], None],
        publish: Callable[[PoolEvent], None],
    ) -> None:
        self.ledger = Ledger(budgets(machine.ram_bytes, ()))
        self.publish = publish
        self.lost = lost
        self._engines = engines
        self._mailbox = mailbox
        self._rules = rules
        self._machine = machine
        self._estimate = estimate
        self._crews: dict[Key, Crew] = {}
        self._roles: dict[str, Key] = {}
        self._assigned: dict[str, ModelSpec] = {}
        self._before: dict[str, Key] = {}  # what a role was before the load that runs now
        self.devices: tuple[Device, ...] = ()
        self._count = itertools.count(1)
        self._ticked_at = 0.0
        self._relieved_at = 0.0
        self._trimmed = False

    # ------------------------------------------------------------ who is there

    def __iter__(self) -> Iterator[Crew]:
        return iter([*self._crews.values()])

    def workers(self) -> Iterator[Worker]:
        return (worker for crew in self for worker in crew.workers)

    def has_role(self, role: str) -> bool:
        return role in self._roles

    def roles_of(self, worker: Worker) -> tuple[str, ...]:
        key = _key(worker)
        return tuple(role for role, played in self._roles.items() if played == key)

    def find(self, model: str, *, embedding: bool) -> Crew:
        """By role or by path."""
        crew = self._crews.get(self._roles.get(model) or Key(model, embedding))
        if crew is None:
            kind = "embedding model" if model == EMBEDDER else "model"
            raise InvalidRequest(f"No {kind} is loaded. Choose one first.")
        return crew

    # ------------------------------------------------------------ load and unload

    def load(
        self,
        ticket: Ticket,
        role: str,
        workers: int,
        *,
        pinned: bool = False,
        fresh: bool = False,
    ) -> None:
        assert isinstance(ticket.request, Load)
        spec = ticket.request.spec
        crew = self._crews.get(Key(spec.path, spec.embedding))
        if crew and (fresh or not _serves(crew, spec, role, workers)):
            self._drop(crew)
            crew = None
        crew = crew or self._add(spec, role, workers)
        if role:
            self._take_role(role, crew.key)
        crew.pinned = pinned
        crew.used_at = ticket.submitted_at
        crew.ask(ticket)
        self.wake(crew)

    def assign(self, role: str, spec: ModelSpec | None) -> None:
        """Who plays a role from its next request on, which loads it; None: nobody does."""
        self._assigned.pop(role, None)
        before = self._crews.get(self._roles.pop(role, _NOBODY))
        if before and before.spec != spec and not self._is_played(before):
            self._drop(before)
        if spec:
            crew = self._crews.get(Key(spec.path, spec.embedding)) or self._add(spec, role, 1)
            self._assigned[role] = spec
            self._roles[role] = crew.key

    def unload(self, model: str) -> None:
        """Ends what runs of it and forgets it; an assigned role loads it when it is asked again."""
        for crew in self:
            if crew.key == self._roles.get(model) or crew.key.path == model:
                self._drop(crew)
                self._roles = {role: key for role, key in self._roles.items() if key != crew.key}
        for role, spec in [*self._assigned.items()]:
            if role not in self._roles:
                self.assign(role, spec)

    def used(self, worker: Worker) -> None:
        """Its model has answered: from now on it is idle."""
        if crew := self._crew_of(worker):
            crew.used_at = time.monotonic()

    def wake(self, crew: Crew) -> None:
        """Starts what is down, once those have ended that make room for it.

        Over the budget it is loaded all the same: the engine knows the memory that is free by
        then, and refuses or shrinks what does not fit.
        """
        if not any(worker.is_down for worker in crew.workers):
            return
        plan = self.plan(crew.spec, len(crew.workers))
        for other in self:
            if other.key.holder in plan.unload:
                self._put_to_sleep(other, "to make room")
        self.ledger.allocate(crew.key.holder, plan.need)
        self._engines.when_retired_ended(crew.wake_if_wanted)

    def plan(self, spec: ModelSpec, workers: int) -> Plan:
        """What loading this would take, and which idle models would have to go."""
        one = self._estimate(spec, self.devices)
        need = {device: size * workers for device, size in one.items()}
        return self.ledger.plan(
            Key(spec.path, spec.embedding).holder,
            need,
            [crew.key.holder for crew in self._expendable()],
        )

    def cancel_load(self, request_id: RequestId) -> None:
        for crew in self:
            if crew.cancel_load(request_id):
                self.ledger.release(crew.key.holder)
                if not crew.was_loaded:
                    self._give_roles_back(crew)

    def close(self) -> None:
        for crew in self:
            crew.close()

    def _add(self, spec: ModelSpec, role: str, workers: int) -> Crew:
        crew = Crew(spec, self._seats(spec, role, workers))
        self._crews[crew.key] = crew
        return crew

    def _is_played(self, crew: Crew) -> bool:
        return crew.key in self._roles.values()

    def _seats(self, spec: ModelSpec, role: str, count: int) -> list[Worker]:
        return [
            Worker(
                WorkerId(f"w{next(self._count)}"),
                spec,
                starter=self._engines,
                owner=self,
                mailbox=self._mailbox,
                rules=self._rules,
                limits=Limits(
                    threads=threads,
                    cpus=cpus,
                    memory_bytes=self._rules.memory_bytes,
                    background=bool(role) and role != CHAT,
                ),
            )
            for threads, cpus in share(self._machine, count)
        ]

    def _take_role(self, role: str, key: Key) -> None:
        before = self._roles.get(role)
        if before and before != key:
            self._before[role] = before
        self._roles[role] = key

    def _give_roles_back(self, crew: Crew) -> None:
        for role, key in [*self._roles.items()]:
            before = self._before.pop(role, None) if key == crew.key else None
            if before and before in self._crews:
                self._roles[role] = before

    def _drop(self, crew: Crew) -> None:
        crew.close()
        del self._crews[crew.key]
        self.ledger.release(crew.key.holder)

    def _expendable(self) -> list[Crew]:
        """Idle models that may be unloaded, the one that waited longest first."""
        idle = [crew for crew in self if crew.is_idle and not crew.pinned]
        return sorted(idle, key=lambda crew: crew.used_at)

    def _put_to_sleep(self, crew: Crew, why: str) -> None:
        _log.info("unloading %s %s", crew.key.holder, why)
        crew.sleep()
        self.ledger.release(crew.key.holder)

    # ------------------------------------------------------------ from the workers

    def greeted(self, devices: tuple[Device, ...]) -> None:
        self.devices = devices
        self.ledger.budgets = budgets(self._machine.ram_bytes, devices)

    def loading(self, worker: Worker, fraction: float, step: str) -> None:
        if crew := self._crew_of(worker):
            crew.progress(worker, fraction, step)

    def loaded(self, worker: Worker, info: ModelInfo) -> None:
        if crew := self._crew_of(worker):
            one = measured(info, usable_devices(crew.spec, self.devices))
            sizes = {device: size * len(crew.workers) for device, size in one.items()}
            self.ledger.allocate(crew.key.holder, sizes)
            for role in self.roles_of(worker):
                self._before.pop(role, None)
            crew.loaded()

    def load_failed(self, worker: Worker, error: AppError) -> None:
        if crew := self._crew_of(worker):
            if not crew.was_loaded:
                self._give_roles_back(crew)
            if all(worker.is_down for worker in crew.workers):
                self.ledger.release(crew.key.holder)
            crew.load_failed(error)

    def _crew_of(self, worker: Worker) -> Crew | None:
        crew = self._crews.get(_key(worker))
        return crew if crew and worker in crew.workers else None

    # ------------------------------------------------------------ as time passes

    def tick(self, now: float) -> None:
        # After a sleep of the machine, or of ours, everybody looks silent: nobody was heard.
        late = now - self._ticked_at > _LATE_S
        self._ticked_at = now
        for worker in self.workers():
            if late:
                worker.forgive(now)
            worker.check(now)
        if self._rules.idle_s:
            for crew in self._expendable():
                if now - crew.used_at > self._rules.idle_s:
                    self._put_to_sleep(crew, "after idle time")
        self._relieve(now)

    def _relieve(self, now: float) -> None:
        """Memory is low: the caches go first, then idle models, one at a time."""
        if self._machine.free_ram() > self._machine.ram_bytes * self._rules.low_ram_share:
            self._trimmed = False
            return
        if now - self._relieved_at < self._rules.relief_s:
            return
        self._relieved_at = now
        if not self._trimmed:
            self._trimmed = True
            for crew in self:
                crew.tell(TrimCache(ram_bytes=0))
        elif idle := self._expendable():
            self._put_to_sleep(idle[0], "because memory is low")


def _key(worker: Worker) -> Key:
    return Key(worker.spec.path, worker.spec.embedding)


def _serves(crew: Crew, spec: ModelSpec, role: str, workers: int) -> bool:
    """Whether it can play the role as it is; a chat must not run at background priority."""
    too_slow = role == CHAT and crew.is_background
    return crew.spec == spec and len(crew.workers) == workers and not too_slow
