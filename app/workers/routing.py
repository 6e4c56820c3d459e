"""Which worker answers: decisions without side effects, but for the pins they keep.

A session stays with the worker that holds its KV; a new one goes to the least loaded. A pin
is only a hint: requests carry their whole conversation, so any worker can answer.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol, TypeVar

from app.core.ids import SessionId, WorkerId

_MAX_PINS = 4096


class Seat(Protocol):
    @property
    def id(self) -> WorkerId: ...

    @property
    def load(self) -> int: ...

    @property
    def is_ready(self) -> bool: ...


S = TypeVar("S", bound=Seat)


class Pins:
    """Session → worker, least recently used forgotten first: bounded whatever clients send."""

    def __init__(self) -> None:
        self._pins: OrderedDict[SessionId, WorkerId] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pins)

    def get(self, session: SessionId) -> WorkerId | None:
        return self._pins.get(session)

    def pin(self, session: SessionId, worker: WorkerId) -> None:
        self._pins[session] = worker
        self._pins.move_to_end(session)
        while len(self._pins) > _MAX_PINS:
            self._pins.popitem(last=False)

    def forget(self, session: SessionId) -> None:
        self._pins.pop(session, None)

    def forget_worker(self, worker: WorkerId) -> None:
        """Its KV is gone: its sessions are new ones now and spread over the others."""
        for session in [each for each, pinned in self._pins.items() if pinned == worker]:
            del self._pins[session]


def choose(seats: Sequence[S], pinned: WorkerId | None) -> S:
    for seat in seats:
        if seat.id == pinned:
            return seat
    return min(seats, key=lambda seat: (not seat.is_ready, seat.load))
