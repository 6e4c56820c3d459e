"""The reservation ledger: which model holds how much of which memory, against a budget each.

Pure arithmetic, on the pool's thread. Budgets decide what stays loaded *together*; whether a
single model physically fits is the machine's business, not the ledger's.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from app.core.errors import KnownError
from app.core.fit import Settings
from app.core.fit import estimate as estimate_fit
from app.core.gguf import read_file
from app.core.model_facts import ModelFacts, describe
from app.core.protocol import Device, ModelInfo, ModelSpec

RAM = "ram"

_EMBEDDING_CTX = 256  # as the engine loads one that only embeds
_RAM_SHARE = 0.25
_METAL_SHARE = 0.5
_GPU_SHARE = 0.8

Sizes = Mapping[str, int]


class Plan(msgspec.Struct, frozen=True):
    """What loading a model would take."""

    need: dict[str, int]
    unload: tuple[str, ...] = ()  # idle models that would have to go, least recently used first
    short: dict[str, int] = {}  # what is missing of each budget even then

    @property
    def fits(self) -> bool:
        return not self.short


class Ledger:
    def __init__(self, budgets: Sizes) -> None:
        self.budgets = dict(budgets)
        self._held: dict[str, dict[str, int]] = {}

    def allocate(self, holder: str, sizes: Sizes) -> None:
        """Replaces what the holder had: an estimate first, the truth after loading."""
        self._held[holder] = dict(sizes)

    def release(self, holder: str) -> None:
        self._held.pop(holder, None)

    def of(self, holder: str) -> dict[str, int]:
        return dict(self._held.get(holder, {}))

    def held(self, device: str) -> int:
        return sum(sizes.get(device, 0) for sizes in self._held.values())

    def available(self, device: str) -> int:
        return self.budgets.get(device, 0) - self.held(device)

    def plan(self, holder: str, need: Sizes, idle: Sequence[str]) -> Plan:
        """`idle` are the holders that may go, in the order in which they would."""
        own = self._held.get(holder, {})
        short = {
            device: size - own.get(device, 0) - self.available(device)
            for device, size in need.items()
        }
        unload: list[str] = []
        for other in idle:
            short = {device: missing for device, missing in short.items() if missing > 0}
            if not short:
                break
            held = self._held.get(other, {})
            if other != holder and any(held.get(device, 0) for device in short):
                unload.append(other)
                short = {device: missing - held.get(device, 0) for device, missing in short.items()}
        short = {device: missing for device, missing in short.items() if missing > 0}
        return Plan(need=dict(need), unload=tuple(unload), short=short)


def budgets(ram_bytes: int, devices: Sequence[Device]) -> dict[str, int]:
    found = {RAM: int(ram_bytes * _RAM_SHARE)}
    for device in devices:
        if device.kind == "gpu":
            metal = "metal" in device.name.lower()
            part = _METAL_SHARE if metal else _GPU_SHARE
            found[device.name] = int(device.total_bytes * part)
    return found


def estimate(spec: ModelSpec, devices: Sequence[Device]) -> dict[str, int]:
    """What the header's arithmetic says, before anything is loaded."""
    file = Path(spec.path)
    try:
        stat = file.stat()
        facts = _facts(file, stat.st_mtime_ns, stat.st_size)
    except (OSError, KnownError):
        return {RAM: 0}  # the load itself will say what is wrong with it
    usable = usable_devices(spec, devices)
    settings = Settings(
        chat_ctx=_EMBEDDING_CTX
        if spec.embedding
        else min(spec.chat_ctx, facts.trained_ctx or spec.chat_ctx),
        parallel=spec.parallel,
        type_k=spec.type_k,
        type_v=spec.type_v,
    )
    fit = estimate_fit(facts, settings, usable, spec.gpu_layers)
    sizes = {RAM: fit.bytes_on("cpu")}
    if gpu := _first_gpu(usable):
        sizes[gpu] = fit.bytes_on("gpu")
    return sizes


def usable_devices(spec: ModelSpec, devices: Sequence[Device]) -> list[Device]:
    """Those that were chosen for the model; without a choice all of them."""
    return [
        device
        for device in devices
        if device.kind == "cpu" or not spec.devices or device.name in spec.devices
    ]


@lru_cache(maxsize=32)
def _facts(file: Path, modified_ns: int, size: int) -> ModelFacts:
    """Kept until the file changes: a header with a large vocabulary takes a moment."""
    return describe(read_file(file))


def measured(info: ModelInfo, devices: Sequence[Device]) -> dict[str, int]:
    """What a loaded model says it takes, split by the layers that went to the first GPU."""
    total = info.weights_bytes + info.kv_bytes + info.compute_bytes
    gpu = _first_gpu(devices)
    if not gpu or not info.layers or not info.gpu_layers:
        return {RAM: total}
    on_gpu = int(total * min(1.0, info.gpu_layers / info.layers))
    return {gpu: on_gpu, RAM: total - on_gpu}


def _first_gpu(devices: Sequence[Device]) -> str:
    return next((device.name for device in devices if device.kind == "gpu"), "")
