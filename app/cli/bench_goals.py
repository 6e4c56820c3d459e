"""The engine's goals as ratios of measured figures, and the report around them.

Always true: a ratio is the median of its rounds, each dividing two figures of the same round; a
goal whose figures are missing is not measured, never met.
"""

import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from app.cli.bench_engine import INCLUDES, REPLY

Rounds = Sequence[Mapping[str, float]]


class Goal(NamedTuple):
    name: str
    bound: float
    value: float | None
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def line(self) -> str:
        said = {True: "met", False: "MISSED", None: "not measured"}[self.met]
        value = "–" if self.value is None else f"{self.value:.2f}"
        return f"{self.name:42} {value:>8}  {'≥' if self.at_least else '≤'} {self.bound:<5} {said}"


def report(
    model: Path, threads: int, rounds: Rounds, turns: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    measured = {name.partition(" N=")[0] for figures in rounds for name in figures}
    return {
        "model": model.name,
        "machine": {
            "cpu": platform.processor() or platform.machine(),
            "cores": psutil.cpu_count(),
            "llama_cpp_python": version("llama-cpp-python"),
        },
        "threads": threads or psutil.cpu_count(),
        "rounds": len(rounds),
        "reply_tokens": REPLY,
        "includes": {name: text for name, text in INCLUDES.items() if name in measured},
        "not_installed": [name for name in INCLUDES if name not in measured],
        "goals": [goal._asdict() | {"met": goal.met} for goal in goals(rounds, turns)],
        "comparisons": comparisons(rounds),
        "medians": medians(rounds),
        "first_token_ms": {name: _median(values) for name, values in turns.items()},
        "values": list(rounds),
    }


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """The report for people."""
    for fields in facts["goals"]:
        yield Goal(**{name: fields[name] for name in Goal._fields}).line()
    for name, value in facts["comparisons"].items():
        yield f"{name:42} {value:8.2f}"
    for name, text in facts["includes"].items():
        yield f"{name}: {text}"
    if facts["not_installed"]:
        missing = ", ".join(facts["not_installed"])
        yield f"Not installed, so not measured: {missing} (see scripts/build_peers.py)."


def goals(rounds: Rounds, turns: Mapping[str, Sequence[float]]) -> list[Goal]:
    return [
        *(_against(rounds, "batched-bench", n, 0.97) for n in (1, 2, 4, 8, 16)),
        *(_against(rounds, "llama-server", n, 1.0) for n in (1, 2)),
        *(_against(rounds, "llama-server", n, 1.05) for n in (4, 8)),
        _against(rounds, "llama-server", 16, 1.12),
        _against(rounds, "processes", 4, 2.0),
        Goal("beside a busy core / best fixed threads", 0.9, _median(map(_beside, rounds))),
        Goal(
            "turn 10: computed again / kept",
            10,
            ratio(rounds, "next turn, computed again ms", "next turn, kept ms"),
        ),
        _below(rounds, "restore from memory ms", 50),
        _below(rounds, "restore from disk ms", 50),
        _below(rounds, "stop in a prompt ms", 50),
        _below(rounds, "stop in a reply ms", 50),
        _below(rounds, "stall ms", 150),
        Goal("turn after a wind / normal turn", 1.2, _after_wind(turns), at_least=False),
    ]


def comparisons(rounds: Rounds) -> dict[str, float]:
    """What has no goal but is good to know."""
    pairs = {
        "ours / bare Python loop, N=1": ("ours N=1", "loop N=1"),
        "ours / bare Python loop, N=16": ("ours N=16", "loop N=16"),
        "processor time: bare loop / ours, N=1": ("loop N=1 cpu ms", "ours N=1 cpu ms"),
        "processor time: bare loop / ours, N=4": ("loop N=4 cpu ms", "ours N=4 cpu ms"),
        "processor time: bare loop / ours, N=16": ("loop N=16 cpu ms", "ours N=16 cpu ms"),
        "ours / xllamacpp, N=1": ("ours N=1", "xllamacpp N=1"),
        "ours / xllamacpp, N=4": ("ours N=4", "xllamacpp N=4"),
        "ours / xllamacpp, N=16": ("ours N=16", "xllamacpp N=16"),
        "ours / high-level Llama, N=1": ("ours N=1", "contexts N=1"),
        "ours / N contexts in turn, N=4": ("ours N=4", "contexts N=4"),
        "computed again / from memory": (
            "next turn, computed again ms",
            "next turn, from memory ms",
        ),
        "computed again / from disk": ("next turn, computed again ms", "next turn, from disk ms"),
    }
    found = {name: ratio(rounds, *pair) for name, pair in pairs.items()}
    return {name: value for name, value in found.items() if value is not None}


def medians(rounds: Rounds) -> dict[str, float]:
    names = dict.fromkeys(name for figures in rounds for name in figures)
    return {name: statistics.median(_values(rounds, name)) for name in names}


def ratio(rounds: Rounds, above: str, below: str) -> float | None:
    pairs = ((figures.get(above), figures.get(below)) for figures in rounds)
    return _median(a / b if a and b else None for a, b in pairs)


def _against(rounds: Rounds, peer: str, streams: int, bound: float) -> Goal:
    value = ratio(rounds, f"ours N={streams}", f"{peer} N={streams}")
    return Goal(f"ours / {peer}, N={streams}", bound, value)


def _below(rounds: Rounds, name: str, bound: float) -> Goal:
    return Goal(name, bound, _median(_values(rounds, name)), at_least=False)


def _beside(figures: Mapping[str, float]) -> float | None:
    """Ours is measured before and after the fixed counts, which take turns in between."""
    ours = [value for name, value in figures.items() if name.startswith("busy: ours")]
    fixed = [value for name, value in figures.items() if name.endswith(" threads")]
    return statistics.mean(ours) / max(fixed) if ours and fixed else None


def _after_wind(turns: Mapping[str, Sequence[float]]) -> float | None:
    after, normal = _median(turns.get("after_wind", ())), _median(turns.get("normal", ()))
    return after / normal if after and normal else None


def _values(rounds: Rounds, name: str) -> list[float]:
    return [figures[name] for figures in rounds if name in figures]


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return statistics.median(found) if found else None
