"""What changes in the pool, as one union of frozen values for its subscribers.

Published on the pool's own thread; a subscriber must not block.
"""

import msgspec

from app.core.errors import ErrorInfo
from app.core.ids import WorkerId
from app.core.protocol import ModelInfo
from app.workers.metrics import PoolState


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    worker: WorkerId
    model: str  # the path of the model file


class WorkerStarting(_Change, frozen=True):
    pass


class WorkerLoading(_Change, frozen=True):
    fraction: float
    step: str = ""


class WorkerReady(_Change, frozen=True):
    roles: tuple[str, ...]
    pid: int
    info: ModelInfo


class WorkerFailed(_Change, frozen=True):
    error: ErrorInfo
    restarts: bool  # whether it comes back by itself


class WorkerUnloaded(_Change, frozen=True):
    """Its memory is free; a request or a load starts it again."""


class PoolMeasured(msgspec.Struct, frozen=True):
    """Once a second while an engine lives, when something has changed."""

    state: PoolState


PoolEvent = (
    WorkerStarting | WorkerLoading | WorkerReady | WorkerFailed | WorkerUnloaded | PoolMeasured
)
