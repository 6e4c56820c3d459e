"""What the pool measures, as frozen values for the window, `/metrics` and `doctor`.

The pool's thread writes; a finished state may be read anywhere. The recent requests are a
ring: the totals are what a counter needs.
"""

from collections import deque
from typing import Literal

import msgspec

from app.core.ids import RequestId, WorkerId
from app.core.protocol import Failed, Finished, Stats, WorkerStats
from app.workers.ticket import Ticket

_RECENT = 200

PhaseName = Literal["asleep", "starting", "loading", "ready", "resting", "failed", "closed"]


class Place(msgspec.Struct, frozen=True):
    worker: WorkerId
    pid: int  # 0: its engine has just ended


class RequestMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Times in milliseconds as the caller saw them; `stats` are the engine's own."""

    request_id: RequestId
    worker: WorkerId
    kind: str
    outcome: str  # a finish reason, an error's kind, or "done"
    pool_ms: float  # until it was sent to an engine
    first_ms: float  # until the first token came back; 0 when none did
    total_ms: float
    tokens: int
    resubmitted: bool
    stats: Stats


class WorkerMetrics(msgspec.Struct, frozen=True, kw_only=True):
    worker: WorkerId
    model: str
    roles: tuple[str, ...]
    phase: PhaseName
    pid: int  # 0: no process
    requests: int  # unanswered
    crashes: int
    tokens_per_second: float
    weights_bytes: int
    kv_bytes: int
    compute_bytes: int
    rss_bytes: int
    stats: WorkerStats


class DeviceMemory(msgspec.Struct, frozen=True):
    device: str
    budget_bytes: int
    held_bytes: int


class Totals(msgspec.Struct, frozen=True):
    finished: int = 0
    cancelled: int = 0
    failed: int = 0
    refused: int = 0
    resubmitted: int = 0
    tokens: int = 0


class PoolState(msgspec.Struct, frozen=True):
    workers: tuple[WorkerMetrics, ...] = ()
    memory: tuple[DeviceMemory, ...] = ()
    free_ram_bytes: int = 0
    totals: Totals = Totals()
    recent: tuple[RequestMetrics, ...] = ()

    def stats_of(self, role: str) -> WorkerStats | None:
        """What all workers of a role hold together; None when none of them lives."""
        living = [each for each in self.workers if role in each.roles and each.pid]
        if not living:
            return None
        sums = {
            field: sum(getattr(each.stats, field) for each in living)
            for field in WorkerStats.__struct_fields__
        }
        return WorkerStats(**sums | {"rss_bytes": sum(each.rss_bytes for each in living)})


class Account:
    """Adds up what has ended."""

    def __init__(self) -> None:
        self.totals = Totals()
        self._recent: deque[RequestMetrics] = deque(maxlen=_RECENT)

    @property
    def recent(self) -> tuple[RequestMetrics, ...]:
        return tuple(self._recent)

    def ended(self, ticket: Ticket, worker: WorkerId) -> None:
        metrics = _measure(ticket, worker)
        self._recent.append(metrics)
        totals = self.totals
        failed = isinstance(ticket.ended, Failed)
        cancelled = metrics.outcome == "cancelled"
        self.totals = Totals(
            finished=totals.finished + (not failed and not cancelled),
            cancelled=totals.cancelled + cancelled,
            failed=totals.failed + failed,
            refused=totals.refused + (failed and not worker),
            resubmitted=totals.resubmitted + ticket.resubmitted,
            tokens=totals.tokens + ticket.tokens,
        )


def _measure(ticket: Ticket, worker: WorkerId) -> RequestMetrics:
    end = ticket.ended
    match end:
        case Finished():
            outcome: str = end.reason
        case Failed():
            outcome = end.error.kind
        case _:
            outcome = "done"
    return RequestMetrics(
        request_id=ticket.request.request_id,
        worker=worker,
        kind=type(ticket.request).__name__.lower(),
        outcome=outcome,
        pool_ms=_ms(ticket.submitted_at, ticket.sent_at),
        first_ms=_ms(ticket.submitted_at, ticket.first_at),
        total_ms=_ms(ticket.submitted_at, ticket.ended_at),
        tokens=ticket.tokens,
        resubmitted=ticket.resubmitted,
        stats=end.stats if isinstance(end, Finished) else Stats(),
    )


def _ms(start: float, end: float) -> float:
    return (end - start) * 1000 if end else 0.0
