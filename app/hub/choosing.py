"""Which quantization of a repository suits this machine: each judged, one recommended, and why.

Pure functions on any thread. Always true: what is recommended fits, unless nothing does.
"""

from collections.abc import Iterable

import msgspec

from app.core.errors import HubError
from app.core.fit import TIGHT_SHARE, Fit, Label, Settings, estimate
from app.core.model_facts import ModelFacts, resized
from app.core.protocol import Device
from app.hub.catalog import Offer
from app.hub.names import preference
from app.hub.variants import Variant

SMALL_PARAMETERS = 4_000_000_000  # below, four bits cost more than they save
_LISTED = preference("")  # whatever ranks before this is worth having
_BYTES_PER_PARAMETER = 0.65  # of Q4_K_M, with a small chat
_FINE = ("Q8_0", "Q6_K", "Q5_K_M")
_WHY: dict[Label, str] = {
    "gpu": "it fits on the GPU",
    "fits": "it fits into memory",
    "tight": "it is tight, but smaller ones answer worse",
    "too_big": "even this one does not fit",
}


def most_parameters(devices: Iterable[Device]) -> int:
    """How many parameters could fit this machine at all, for a search: at four bits or so."""
    free = sum(device.free_bytes for device in devices if device.kind != "accelerator")
    return int(free * TIGHT_SHARE / _BYTES_PER_PARAMETER)


class Judged(msgspec.Struct, frozen=True):
    variant: Variant
    fit: Fit


class Recommendation(msgspec.Struct, frozen=True):
    judged: Judged
    why: str


def judge(
    offer: Offer, facts: ModelFacts, settings: Settings, devices: Iterable[Device]
) -> tuple[Judged, ...]:
    """Every variant; `facts` are those of any one of them, the others differ by their size."""
    table = tuple(devices)
    return tuple(
        Judged(variant, estimate(resized(facts, variant.size), settings, table))
        for variant in offer.variants
    )


def recommend(judged: Iterable[Judged], parameters: int = 0) -> Recommendation:
    """Good quality where it runs best; quality goes before the GPU, fitting before everything."""
    every = tuple(judged)
    if not every:
        raise HubError("This repository has no GGUF model to download.")

    def rank(one: Judged) -> tuple[int, int, int]:
        quantization = one.variant.quantization
        if 0 < parameters < SMALL_PARAMETERS and quantization in _FINE:
            return 0, _FINE.index(quantization), 0
        # Past the listed ones the larger is the better.
        return 1, preference(quantization), -one.variant.size

    def best(labels: set[Label], *, good: bool) -> Judged | None:
        found = [
            one
            for one in every
            if one.fit.label in labels
            and (not good or preference(one.variant.quantization) < _LISTED)
        ]
        return min(found, key=rank, default=None)

    chosen = (
        best({"gpu"}, good=True)
        or best({"fits"}, good=True)
        or best({"gpu", "fits"}, good=False)
        or best({"tight"}, good=False)
        or min(every, key=lambda one: one.variant.size)
    )
    return Recommendation(chosen, _WHY[chosen.fit.label])
