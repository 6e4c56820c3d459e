"""What a load is going to try first: layers on the GPU and a context that fits this machine.

Pure but for the dry run that is handed in. The context is sized before it is created: the
kernel would answer an absurd one by killing the process.
"""

from collections.abc import Callable, Sequence
from math import isfinite

import msgspec

from app.core.errors import InvalidRequest, OutOfMemory
from app.core.fit import Fit, Settings, estimate, largest_ctx
from app.core.model_facts import ModelFacts
from app.core.protocol import Device, ModelSpec
from app.engine.ladder import Attempt

STEP_TOKENS = 512
MOST_PARALLEL = 64
_LONGEST_CTX = 1 << 24  # no model is trained on more, whatever a file says
_EMBEDDING_CTX = 256  # its replies need none: texts are embedded in a context of their own


class Plan(msgspec.Struct, frozen=True):
    attempt: Attempt
    settings: Settings
    fit: Fit


def check(spec: ModelSpec) -> None:
    """The library does not ask: what is out of these bounds ends the process there."""
    bounds = {
        "chat context": (spec.chat_ctx, 16, 1 << 40),
        "number of parallel chats": (spec.parallel, 1, MOST_PARALLEL),
        "number of threads": (spec.threads, 0, 512),
        "number of GPU layers": (spec.gpu_layers or 0, 0, 1 << 20),
    }
    for name, (value, least, most) in bounds.items():
        if not least <= value <= most:
            raise InvalidRequest(f"The {name} must be between {least} and {most:,}, not {value:,}.")
    if not all(isfinite(adapter.scale) for adapter in spec.adapters):
        raise InvalidRequest("The scale of an adapter must be a finite number.")
    if any("\0" in path for path in (spec.path, spec.cache_dir, *(a.path for a in spec.adapters))):
        raise InvalidRequest("A path holds a character that no path can hold.")


def sequence_count(parallel: int, *, recurrent: bool) -> int:
    """The running chats, their winds, some idle ones, and one scratch sequence."""
    # A recurrent state is allocated for each, used or not.
    return 2 * parallel + 4 if recurrent else max(16, 2 * parallel + 4)


def wants_full_window(window: int, cells: int, sequences: int) -> bool:
    """Whether sliding-window layers keep everything, as decided by us and not by a default.

    A small cache holds the window once for every sequence; when that saves less than half,
    free rolling back is worth more.
    """
    return window * sequences + STEP_TOKENS > cells // 2


def make_plan(
    spec: ModelSpec,
    facts: ModelFacts,
    devices: Sequence[Device],
    dry_run: Callable[[Settings], int | None],
) -> Plan:
    wanted = _settings(spec, facts)
    change = msgspec.structs.replace
    # Even a dry run takes some memory for every cell: first what is out of the question.
    room, _ = _clamped(facts, change(wanted, compute_bytes=0), devices)
    wanted = change(room, compute_bytes=dry_run(room))
    fitting, fits = _clamped(facts, wanted, devices)
    if not fits and spec.memory != "map":
        raise OutOfMemory(
            "There is not enough free memory for this model. Close other programs or choose a "
            "smaller one."
        )
    fit = estimate(facts, fitting, devices, spec.gpu_layers)
    attempt = Attempt(fit.gpu_layers, fitting.chat_ctx, spec.type_k, spec.type_v)
    return Plan(attempt, fitting, fit)


def _clamped(
    facts: ModelFacts, wanted: Settings, devices: Sequence[Device]
) -> tuple[Settings, bool]:
    """The same with a context that fits; False: none does, this is the smallest worth trying."""
    chat_ctx = largest_ctx(facts, wanted, devices)
    smaller = msgspec.structs.replace(wanted, chat_ctx=chat_ctx or min(2048, wanted.chat_ctx))
    full = wants_full_window(facts.window, smaller.cells, smaller.sequences)
    if full and not wanted.full_window:  # in fewer cells windows save too little to be used
        return _clamped(facts, msgspec.structs.replace(smaller, full_window=True), devices)
    return smaller, chat_ctx > 0


def _settings(spec: ModelSpec, facts: ModelFacts) -> Settings:
    chat_ctx = min(spec.chat_ctx, facts.trained_ctx or spec.chat_ctx, _LONGEST_CTX)
    settings = Settings(
        chat_ctx=_EMBEDDING_CTX if spec.embedding else chat_ctx,
        parallel=spec.parallel,
        type_k=spec.type_k,
        type_v=spec.type_v,
        sequences=sequence_count(spec.parallel, recurrent=facts.recurrent),
        ubatch=STEP_TOKENS,
        short_ctx=facts.short_ctx,
    )
    full = wants_full_window(facts.window, settings.cells, settings.sequences)
    return msgspec.structs.replace(settings, full_window=full)
