"""How the next token is chosen; one frozen value per request."""

from collections.abc import Callable
from typing import Literal

import msgspec


class Sampling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Neutral values switch a stage off. `temperature=0` is greedy."""

    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_window: int = -1
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_window: int = 64
    mirostat: Literal[0, 1, 2] = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    logit_bias: dict[int, float] = {}
    seed: int | None = None


GREEDY = Sampling(temperature=0.0)

# What a model's file may recommend under `general.sampling.`, our name for it, and what is sane.
_RECOMMENDED: tuple[tuple[str, str, type[int] | type[float], float, float], ...] = (
    ("temp", "temperature", float, 0, 5),
    ("top_k", "top_k", int, 0, 100_000),
    ("top_p", "top_p", float, 0, 1),
    ("min_p", "min_p", float, 0, 1),
    ("xtc_probability", "xtc_probability", float, 0, 1),
    ("xtc_threshold", "xtc_threshold", float, 0, 1),
    ("penalty_last_n", "penalty_window", int, -1, 100_000),
    ("penalty_repeat", "repeat_penalty", float, 0.5, 2),
    ("mirostat", "mirostat", int, 0, 2),
    ("mirostat_tau", "mirostat_tau", float, 0, 20),
    ("mirostat_eta", "mirostat_eta", float, 0, 1),
)


def recommended(metadata: Callable[[str], str | None]) -> Sampling:
    """How the makers of a model want it sampled; our defaults where the file is silent or odd."""
    found: dict[str, float] = {}
    for key, name, kind, least, most in _RECOMMENDED:
        try:
            value = kind(metadata(f"general.sampling.{key}") or "")
        except (ValueError, OverflowError):
            continue
        if least <= value <= most:
            found[name] = value
    return msgspec.structs.replace(Sampling(), **found)
