"""The engine against its peers and its goals, in one run: `bench_engine.py MODEL [--json FILE]`.

Every figure is the median of interleaved rounds, and every goal a ratio of two figures of this
run: absolute numbers belong to a machine, ratios to the code. Ours is the whole engine process,
pipes, sampling and text included; a peer's line says what it includes. Greedy, same tokens.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.frames import encode, read_events
from app.core.ids import RequestId, SessionId
from app.core.protocol import (
    Cancel,
    Command,
    Delta,
    Event,
    Failed,
    Finished,
    Generate,
    Heartbeat,
    Hello,
    Load,
    Loaded,
    ModelSpec,
)
from app.core.sampling import GREEDY
from scripts.bench_peers import PEERS

ROOT = Path(__file__).resolve().parents[1]
STREAMS = (1, 2, 4, 8, 16)
REPLY = 48


class Engine:
    """One engine process; `watch` returns every event of some requests with its time."""

    def __init__(self, model: Path, threads: int, chat_ctx: int = 2048, parallel: int = 4) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        spec = ModelSpec(
            path=str(model),
            chat_ctx=chat_ctx,
            parallel=parallel,
            threads=threads,
            cache_ram_bytes=1 << 30,
        )
        self.send(Load(request_id=RequestId("load"), spec=spec))
        self._count = 0
        while not isinstance(event := self._next()[1], Loaded):
            if isinstance(event, Failed):
                raise SystemExit(event.error.message)

    def send(self, command: Command) -> None:
        assert self._process.stdin
        self._process.stdin.write(encode(command))
        self._process.stdin.flush()

    def ask(self, tokens: list[int], most: int = REPLY, **values: Any) -> RequestId:
        self._count += 1
        request_id = RequestId(f"r{self._count}")
        values["session"] = SessionId(values.get("session", str(request_id)))
        self.send(
            Generate(
                request_id=request_id,
                tokens=tuple(tokens),
                max_tokens=most,
                ignore_eos=True,
                sampling=GREEDY,
                **values,
            )
        )
        return request_id

    def watch(
        self, *ids: RequestId, each: Callable[[Event], None] = lambda event: None
    ) -> list[tuple[float, Event]]:
        seen: list[tuple[float, Event]] = []
        left = set(ids)
        while left:
            at, event = self._next()
            seen.append((at, event))
            each(event)
            if isinstance(event, Finished | Failed):
                left.discard(event.request_id)
        return seen

    def run(self, tokens: list[int], most: int = REPLY, **values: Any) -> Finished:
        end = self.watch(self.ask(tokens, most, **values))[-1][1]
        assert isinstance(end, Finished), end
        return end

    def _next(self) -> tuple[float, Event]:
        while True:
            if not hasattr(self, "_waiting") or not self._waiting:
                assert self._process.stdout
                events = read_events(self._process.stdout)
                assert events is not None, "the engine process ended"
                now = time.perf_counter()
                self._waiting = [(now, event) for event in events]
            at, event = self._waiting.pop(0)
            if not isinstance(event, Hello | Heartbeat):
                return at, event

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def prompt(first: int, size: int) -> list[int]:
    return [1000 + first % 900] + [
        1000 + (first * 31 + index * 7) % 900 for index in range(size - 1)
    ]


# ---------------------------------------------------------------- figures of ours


def throughput(engine: Engine, streams: int, run: int) -> float:
    """Tokens a second of all streams together, from the first token to the last."""
    ids = [engine.ask(prompt(100 * run + index, 16)) for index in range(streams)]
    times = [at for at, event in engine.watch(*ids) if isinstance(event, Delta) and event.tokens]
    return streams * (REPLY - 1) / (times[-1] - times[min(streams, len(times)) - 1])


def kept_turn(engine: Engine, run: int) -> tuple[float, float]:
    """First-token milliseconds of a tenth turn: kept, and computed from its beginning."""
    talk = prompt(run, 900)
    engine.run(talk, 1, session=f"talk{run}")
    kept = engine.run([*talk, *prompt(run + 1, 30)], 1, session=f"talk{run}")
    cold = engine.run([5, *talk, *prompt(run + 1, 30)], 1, session=f"cold{run}")
    return kept.stats.first_token_ms, cold.stats.first_token_ms


def stop_ms(engine: Engine, run: int) -> float:
    """From Cancel, sent in the middle of a prefill, to the request's end."""
    request_id = engine.ask(prompt(3000 + run, 1800), 5)
    time.sleep(0.1)
    started = time.perf_counter()
    engine.send(Cancel(request_id=request_id))
    at, end = engine.watch(request_id)[-1]
    assert isinstance(end, Finished)
    return (at - started) * 1000


def stall_ms(engine: Engine, run: int) -> float:
    """The longest silence of one stream while another's prompt is computed."""
    stream = engine.ask(prompt(4000 + run, 16), 160)
    other: list[RequestId] = []
    count = 0

    def interrupt(event: Event) -> None:
        nonlocal count
        if isinstance(event, Delta) and event.request_id == stream:
            count += 1
            if count == 8:
                other.append(engine.ask(prompt(5000 + run, 600), 1))

    seen = engine.watch(stream, each=interrupt)
    times = [at for at, event in seen if isinstance(event, Delta) and event.request_id == stream]
    if not any(isinstance(e, Finished) and e.request_id in other for _, e in seen):
        engine.watch(*other)
    return max(after - before for before, after in pairwise(times)) * 1000


def measure(model: Path, rounds: int, threads: int, streams: tuple[int, ...]) -> dict[str, Any]:
    engine = Engine(model, threads)
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)
        print(f"{name:32} {value:10.2f}", file=sys.stderr, flush=True)

    for run in range(rounds):
        for count in streams:
            note(f"ours tok/s N={count}", throughput(engine, count, run))
            for name, peer in PEERS.items():
                value = peer(model, count, threads, REPLY)
                if value is not None:
                    note(f"{name} tok/s N={count}", value)
        kept, cold = kept_turn(engine, run)
        note("turn 10 kept ms", kept)
        note("turn 10 computed again ms", cold)
        note("stop ms", stop_ms(engine, run))
        note("stall ms", stall_ms(engine, run))
    engine.close()
    return {name: statistics.median(values) for name, values in figures.items()}


# ---------------------------------------------------------------- goals


def goals(medians: dict[str, float], streams: tuple[int, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def goal(name: str, value: float | None, bound: float, *, least: bool) -> None:
        met = None if value is None else (value >= bound if least else value <= bound)
        found.append({"goal": name, "value": value, "bound": bound, "met": met})

    def ratio(above: str, below: str) -> float | None:
        if above not in medians or below not in medians:
            return None
        return medians[above] / medians[below]

    for count in streams:
        ours = f"ours tok/s N={count}"
        goal(
            f"against the bare loop, N={count}",
            ratio(ours, f"loop tok/s N={count}"),
            0.97,
            least=True,
        )
    several = next((count for count in streams if count >= 4), streams[-1])
    ours = f"ours tok/s N={several}"
    for peer, bound in (("processes", 2.0), ("contexts", 2.0)):
        goal(f"against N {peer}", ratio(ours, f"{peer} tok/s N={several}"), bound, least=True)
    goal("against Llama, N=1", ratio("ours tok/s N=1", "Llama tok/s N=1"), 1.0, least=True)
    goal("turn 10, kept", ratio("turn 10 computed again ms", "turn 10 kept ms"), 10, least=True)
    goal("stop ms", medians.get("stop ms"), 50, least=False)
    goal("stall ms", medians.get("stall ms"), 150, least=False)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    streams = tuple(args.streams)
    medians = measure(args.model.resolve(), args.rounds, args.threads, streams)
    report = {"medians": medians, "goals": goals(medians, streams)}
    for line in report["goals"]:
        said = {True: "met", False: "MISSED", None: "not measured"}[line["met"]]
        value = "" if line["value"] is None else f"{line['value']:.2f}"
        print(f"{line['goal']:28} {value:>8} (goal {line['bound']}) {said}")
    if args.json:
        args.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
