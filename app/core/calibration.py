"""How far estimates are from what loads then take, and by how much later ones are raised.

Pure functions and a Protocol; storage keeps the loads. Always true: a correction never lowers an
estimate (what is touched later is missing from a measurement), and never runs away with one.
"""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec

from app.core.protocol import ModelInfo

KEPT = 64
_LEAST_BYTES = 256 << 20  # below, what every engine takes by itself outweighs the model
_RECENT = 16
_MOST = 1.5


class MeasuredLoad(msgspec.Struct, frozen=True):
    path: str
    chat_ctx: int
    gpu_layers: int
    estimated_bytes: Annotated[int, msgspec.Meta(gt=0)]
    measured_bytes: int

    @property
    def ratio(self) -> float:
        return self.measured_bytes / self.estimated_bytes


class MeasuredLoads(Protocol):
    """The latest first."""

    def load(self) -> tuple[MeasuredLoad, ...]: ...

    def add(self, measured: MeasuredLoad) -> None: ...


class Report(msgspec.Struct, frozen=True):
    """For `doctor`: how good the estimates are on this machine."""

    loads: int = 0
    median_error: float = 0.0  # of the size, without its sign
    worst_error: float = 0.0
    correction: float = 1.0


def measured_load(info: ModelInfo) -> MeasuredLoad | None:
    """None where a comparison would say nothing: the ladder changed what was estimated."""
    estimated = info.weights_bytes + info.kv_bytes + info.compute_bytes
    if info.steps or not info.grown_bytes or estimated < _LEAST_BYTES:
        return None
    return MeasuredLoad(info.path, info.chat_ctx, info.gpu_layers, estimated, info.grown_bytes)


def with_load(loads: Sequence[MeasuredLoad], measured: MeasuredLoad) -> tuple[MeasuredLoad, ...]:
    """The newest of each model and size counts."""
    others = [
        load
        for load in loads
        if (load.path, load.chat_ctx, load.gpu_layers)
        != (measured.path, measured.chat_ctx, measured.gpu_layers)
    ]
    return (measured, *others)[:KEPT]


def correction(loads: Sequence[MeasuredLoad]) -> float:
    """What estimates are multiplied by so that the recent loads had all been covered."""
    return min(_MOST, max((1.0, *(load.ratio for load in loads[:_RECENT]))))


def report(loads: Sequence[MeasuredLoad]) -> Report:
    if not loads:
        return Report()
    errors = sorted(abs(load.ratio - 1) for load in loads)
    middle = errors[len(errors) // 2]
    return Report(len(loads), middle, errors[-1], correction(loads))
