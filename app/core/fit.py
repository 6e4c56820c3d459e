"""Whether a model fits, and how: arithmetic on a header's facts and a table of devices.

Pure functions on any thread. Always true: the terms of a `Fit` add up to what it claims, and
more GPU layers never need less GPU memory, which is what the bisection stands on. The compute
buffer is measured by the engine's dry run where there is one and estimated here otherwise.
"""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from app.core.model_facts import Layer, ModelFacts
from app.core.protocol import Device, KvType

Label = Literal["gpu", "fits", "tight", "too_big"]
Part = Literal["weights", "kv", "state", "compute", "margin"]
Place = Literal["gpu", "cpu"]

LABELS: dict[Label, str] = {
    "gpu": "fits on the GPU",
    "fits": "fits",
    "tight": "tight",
    "too_big": "too big",
}
_PARTS: dict[Part, str] = {
    "weights": "weights",
    "kv": "chat memory",
    "state": "state",
    "compute": "computing",
    "margin": "margin",
}
CELL_BYTES: dict[KvType, float] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
UBATCH = 512
# Left alone on every device: drivers, the desktop, what the estimate does not see.
GPU_RESERVE_BYTES = 384 << 20
CPU_RESERVE_BYTES = 512 << 20
TIGHT_SHARE = 0.85  # of the available memory; above it other programs are felt
_WINDOW_PAD = 256


def cell_count(chat_ctx: int, parallel: int, short_ctx: int) -> int:
    """Room for a wind at its peak: the old chat, a fork and the new one (DESIGN: KV cells).

    A chat that fits the context a model was first trained on must not be read with the factors
    for longer ones only because there is room beside it: then winds run one after the other.
    """
    cells = chat_ctx * parallel + chat_ctx // 2
    return min(cells, short_ctx) if chat_ctx <= short_ctx else cells


def winds_serially(cells: int, chat_ctx: int) -> bool:
    """A full chat leaves no room for what a wind makes of it: one makes way for the other."""
    return 0 < cells < chat_ctx + chat_ctx // 3


class Settings(msgspec.Struct, frozen=True):
    """What of a load decides its memory."""

    chat_ctx: int = 8192
    parallel: int = 1
    type_k: KvType = "f16"
    type_v: KvType = "f16"
    full_window: bool = False  # windowed layers keep every cell
    sequences: int = 16
    ubatch: int = UBATCH
    compute_bytes: int | None = None  # from a dry run; None: estimated
    correction: float = 1.0  # learned from loads on this machine; see `calibration`
    short_ctx: int = 0  # of the model's facts

    @property
    def cells(self) -> int:
        return cell_count(self.chat_ctx, self.parallel, self.short_ctx)


class Term(msgspec.Struct, frozen=True):
    part: Part
    place: Place
    bytes: int


class Fit(msgspec.Struct, frozen=True):
    label: Label
    gpu_layers: int
    total_layers: int  # the output counts as one, as it does for the library
    terms: tuple[Term, ...]
    gpu_available: int
    cpu_available: int

    def bytes_on(self, place: Place) -> int:
        return sum(term.bytes for term in self.terms if term.place == place)

    @property
    def bytes(self) -> int:
        return sum(term.bytes for term in self.terms)


def arithmetic(fit: Fit) -> list[str]:
    """The sum behind the label, a line for each memory that is used."""
    lines: list[str] = []
    for place, name, available in (
        ("gpu", "GPU", fit.gpu_available),
        ("cpu", "Memory", fit.cpu_available),
    ):
        terms = [term for term in fit.terms if term.place == place]
        total = sum(term.bytes for term in terms)
        unit, size, digits = ("GB", 10**9, 2) if total >= 10**9 else ("MB", 10**6, 0)
        if terms:
            parts = [f"{_PARTS[term.part]} {term.bytes / size:.{digits}f}" for term in terms]
            needed = f"{' + '.join(parts)} = {total / size:.{digits}f} {unit}"
            lines.append(f"{name}: {needed} of {available / 1e9:.1f} GB free")
    return lines


def kv_bytes(layer: Layer, facts: ModelFacts, settings: Settings) -> int:
    """The KV cache of one layer."""
    cells = settings.cells
    if layer.windowed and not settings.full_window:
        needed = facts.window * settings.sequences + settings.ubatch
        cells = min(cells, -(-needed // _WINDOW_PAD) * _WINDOW_PAD)
    key = layer.key_size * CELL_BYTES[settings.type_k]
    value = layer.value_size * CELL_BYTES[settings.type_v]
    return int(cells * layer.kv_heads * (key + value))


def compute_bytes(facts: ModelFacts, settings: Settings) -> int:
    """The scratch memory of a step, estimated: logits and activations of a batch, and its mask."""
    if settings.compute_bytes is not None:
        return settings.compute_bytes
    per_token = 4 * (facts.vocabulary + 6 * facts.width) + 2 * settings.cells
    return settings.ubatch * per_token


def estimate(
    facts: ModelFacts, settings: Settings, devices: Iterable[Device], gpu_layers: int | None = None
) -> Fit:
    """The fit with so many layers on the GPU; with None, as many as fit there."""
    table = tuple(devices)
    gpus = [device for device in table if device.kind == "gpu"]
    gpu = sum(max(0, device.free_bytes - GPU_RESERVE_BYTES) for device in gpus)
    cpu = sum(device.free_bytes for device in table if device.kind == "cpu")
    cpu = max(0, cpu - CPU_RESERVE_BYTES)
    total = len(facts.layers) + 1

    def terms(count: int) -> tuple[Term, ...]:
        return _terms(facts, settings, count, copies=len(gpus))

    def fits(count: int) -> bool:
        return _sum(terms(count), "gpu") <= gpu

    if not gpus:
        count = 0
    elif gpu_layers is None:
        count = _largest(total, fits)
    else:
        count = min(max(0, gpu_layers), total)
    chosen = terms(count)
    label = _label(chosen, gpu, cpu, whole=count == total)
    return Fit(label, count, total, chosen, gpu, cpu)


def largest_ctx(facts: ModelFacts, settings: Settings, devices: Iterable[Device]) -> int:
    """The largest chat context up to the wished one that is not too big; 0 when none is.

    Also clamped to the trained context. In steps of 256 cells.
    """
    table = tuple(devices)
    limit = min(settings.chat_ctx, facts.trained_ctx or settings.chat_ctx)

    def fits(steps: int) -> bool:
        smaller = msgspec.structs.replace(settings, chat_ctx=min(256 * steps, limit))
        return estimate(facts, smaller, table).label != "too_big"

    return min(256 * _largest(-(-limit // 256), fits), limit)


def _largest(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest n in 0..limit that fits, where everything below one that fits does too."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _terms(facts: ModelFacts, settings: Settings, count: int, copies: int) -> tuple[Term, ...]:
    """The library moves the output first, then layers from the last; the input never moves."""
    boundary = len(facts.layers) - max(0, count - 1)
    sums: dict[tuple[Part, Place], int] = {}

    def add(part: Part, place: Place, size: int) -> None:
        sums[part, place] = sums.get((part, place), 0) + size

    add("weights", "cpu", facts.input_bytes)
    # A tied head has no tensor of its own: on a GPU the library makes a copy of the embedding.
    output = facts.output_bytes if _has_head(facts) or not count else facts.input_bytes
    add("weights", "gpu" if count else "cpu", output)
    for index, layer in enumerate(facts.layers):
        place: Place = "gpu" if count and index >= boundary else "cpu"
        add("weights", place, layer.weight_bytes)
        add("kv", place, kv_bytes(layer, facts, settings))
        add("state", place, layer.state_bytes * settings.sequences)
    scratch = compute_bytes(facts, settings)
    add("compute", "cpu", scratch if not count else scratch // 4)
    if count:
        add("compute", "gpu", scratch * copies)
    for place in ("gpu", "cpu"):
        size = sum(size for (_, where), size in sums.items() if where == place)
        add("margin", place, int(size * (settings.correction - 1)))
    return tuple(Term(part, place, size) for (part, place), size in sums.items() if size)


def _has_head(facts: ModelFacts) -> bool:
    # What is left beside a head is norms: thousands of bytes, not a matrix.
    return facts.output_bytes * 16 > facts.input_bytes


def _sum(terms: tuple[Term, ...], place: Place) -> int:
    return sum(term.bytes for term in terms if term.place == place)


def _label(terms: tuple[Term, ...], gpu: int, cpu: int, *, whole: bool) -> Label:
    on_gpu, on_cpu = _sum(terms, "gpu"), _sum(terms, "cpu")
    if on_gpu > gpu or on_cpu > cpu:
        return "too_big"
    if on_cpu > cpu * TIGHT_SHARE:
        return "tight"
    # The GPU is ours to fill (a reserve is already set aside), the machine's memory is not.
    return "gpu" if whole else "fits"
