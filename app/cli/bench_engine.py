"""Measures the engine beside its peers: every figure once a round, the rounds interleaved.

The goals are ratios of two figures of the same round, so that what else the machine does falls
on both. Ours is the whole engine process: pipes, sampling and text included. The peers are
processes of their own (`scripts/bench_peers.py`, in a checkout); one that is not installed is
left out and named.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import psutil

from app.cli.bench_child import PROMPT, Child, full_rate, prompt, token_times
from app.core.ids import RequestId
from app.core.protocol import Cancel, Delta, Finished, RequestEvent
from app.workers.process import engine_launch

STREAMS = (1, 2, 4, 8, 16)
REPLY = 48
TALK = 1000  # tokens of the chat whose next turn is measured
SAID = 30  # tokens of that turn
WIND_TURNS, WIND_CTX = 30, 2048

INCLUDES = {
    "ours": "the whole engine process: pipes, scheduler, sampling, text, events",
    "batched-bench": "llama-batched-bench: the library's own loop in C++; no sampling, no text",
    "llama-server": "over HTTP, streaming: sampling and text included",
    "xllamacpp": "its server over HTTP, streaming: sampling and text included; flags of its wheel",
    "loop": "a bare Python loop on the same library: argmax for sampling; no text, no pipes",
    "contexts": "high-level Llama objects in one process, a token from each in turn; no text",
    "processes": "as many processes, each with one high-level Llama; no text",
}

_PEERS = Path(__file__).resolve().parents[2] / "scripts" / "bench_peers.py"
_PEER_STREAMS = {
    "batched-bench": STREAMS,
    "llama-server": STREAMS,
    "xllamacpp": (1, 4, 16),
    "loop": (1, 4, 16),
    "contexts": (1, 4),
    "processes": (4,),
}
# Ends with the bench, however that ends.
_SPIN = "import os; bench = os.getppid()\nwhile os.getppid() == bench: pass"

Rounds = list[dict[str, float]]
Note = Callable[[str, float], None]


class Bench:
    def __init__(self, model: Path, cache: Path, threads: int, say: Callable[[str], None]) -> None:
        self._model = model
        self._cache = cache
        self._say = say
        self._threads = threads
        self.rounds: Rounds = []

    def _start(self, **spec: int) -> Child:
        caches: dict[str, Any] = {
            "cache_ram_bytes": 1 << 30,
            "cache_disk_bytes": 1 << 30,
            "cache_dir": str(self._cache),
        }
        return Child(self._model, threads=self._threads, **caches, **spec)

    @contextmanager
    def _warmed_up(self) -> Generator[Child]:
        """Made for its turn, as the peers are: one that waited for minutes would begin slowly."""
        child = self._start(chat_ctx=256, parallel=max(STREAMS))
        try:
            _throughput(child, 2, 899)
            yield child
        finally:
            child.close()

    def play_round(self) -> None:
        number = len(self.rounds)
        figures: dict[str, float] = {}
        self.rounds.append(figures)

        def note(name: str, value: float) -> None:
            figures[name] = value
            self._say(f"round {number + 1}: {name:32} {value:10.2f}")

        note("load of the machine", psutil.getloadavg()[0])
        self._speeds(number, note)
        self._busy(number, note)
        self._chat(number, note)

    # ------------------------------------------------------------ speed

    def _speeds(self, number: int, note: Note) -> None:
        for streams in STREAMS:
            with self._warmed_up() as many:
                before = many.cpu_s()
                note(f"ours N={streams}", _throughput(many, streams, 40 * number))
                note(f"ours N={streams} cpu ms", (many.cpu_s() - before) * 1000)
            for name, counts in _PEER_STREAMS.items():
                if streams in counts:
                    self._peer(name, streams, self._threads, f"{name} N={streams}", note)

    def _peer(self, name: str, streams: int, threads: int, title: str, note: Note) -> None:
        try:
            figures = _run_peer(name, self._model, streams, threads)
        except ValueError:
            self._say(f"{name} failed; run it by itself to see why: {_PEERS}")
            return
        for figure, value in (figures or {}).items():
            note(title if figure == "rate" else f"{title} cpu ms", value)

    def _busy(self, number: int, note: Note) -> None:
        """Beside one core that is kept busy: our governor, and each fixed count of threads."""
        if self._threads == 1:
            return  # there is nothing to govern
        with self._warmed_up() as ours, _busy_core():
            _throughput(ours, 1, 40 * number + 20, 2 * REPLY)  # the governor's time to notice
            note("busy: ours", _throughput(ours, 1, 40 * number + 21, 2 * REPLY))
            for threads in range(1, self._threads + 1):
                self._peer("loop", 1, threads, f"busy: {threads} threads", note)
            note("busy: ours again", _throughput(ours, 1, 40 * number + 22, 2 * REPLY))

    # ------------------------------------------------------------ a chat

    def _chat(self, number: int, note: Note) -> None:
        talk, session = prompt(100 + number, TALK), f"talk{number}"
        child = self._start(chat_ctx=2048, parallel=1)

        def turn(what: int, begin: list[int], session: str, reuse: str) -> float:
            said = prompt(200 + 10 * number + what, SAID)
            stats = child.run([*begin, *said], 1, session).stats
            assert stats.reuse == reuse, f"{stats.reuse}, not {reuse}"
            return stats.first_token_ms

        child.run(talk, 1, session)
        kept = turn(1, talk, session, "own")
        note("next turn, kept ms", kept)
        # Two chats of this size are more than may lie idle: the first goes to memory.
        note("next turn, computed again ms", turn(2, [5, *talk], "other", "none"))
        note("next turn, from memory ms", restored := turn(3, talk, session, "ram"))
        note("restore from memory ms", restored - kept)
        self._interruptions(child, number, note)
        child.close()
        child = self._start(chat_ctx=2048, parallel=1)
        child.run(prompt(300 + number, 2 * SAID), 1)
        note("next turn, from disk ms", restored := turn(4, talk, session, "disk"))
        note("restore from disk ms", restored - turn(5, talk, session, "own"))
        child.close()

    def _interruptions(self, child: Child, number: int, note: Note) -> None:
        note("stop in a prompt ms", _stop_ms(child, prompt(400 + number, 1800), 0.1))
        note("stop in a reply ms", _stop_ms(child, prompt(500 + number, PROMPT), 0.6))
        note("stall ms", _stall_ms(child, number))


def _throughput(child: Child, streams: int, first: int, reply: int = REPLY) -> float:
    ids = [child.ask(prompt(first + n, PROMPT), reply) for n in range(streams)]
    seen = child.watch(*ids)
    for request_id in ids:
        child.forget(request_id)  # the peers start with an empty cache too
    return full_rate([token_times(seen, request_id) for request_id in ids])


def _stop_ms(child: Child, tokens: list[int], after_s: float) -> float:
    """From Cancel to the request's end."""
    request_id = child.ask(tokens, 500)
    sleep(after_s)
    started = perf_counter()
    child.send(Cancel(request_id=request_id))
    at, end = child.watch(request_id)[-1]
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    return (at - started) * 1000


def _stall_ms(child: Child, number: int) -> float:
    """The longest silence of one stream while another's prompt is computed."""
    stream = child.ask(prompt(600 + number, PROMPT), 160)
    other: list[RequestId] = []
    heard = 0

    def interrupt(event: RequestEvent) -> None:
        nonlocal heard
        heard += isinstance(event, Delta) and event.request_id == stream
        if heard == 8 and not other:
            other.append(child.ask(prompt(700 + number, 600), 1))

    seen = child.watch(stream, each=interrupt)
    if not any(isinstance(e, Finished) and e.request_id in other for _, e in seen):
        child.watch(*other)
    times = token_times(seen, stream)
    return max(after - before for before, after in pairwise(times)) * 1000


def _run_peer(name: str, model: Path, streams: int, threads: int) -> dict[str, float] | None:
    """None when it is not installed, or there is no checkout that could start it."""
    if not _PEERS.exists():
        return None
    numbers = map(str, (streams, threads, REPLY))
    run = subprocess.run(
        [sys.executable, str(_PEERS), name, str(model), *numbers],
        # With the library's own spinning a neighbour's work would cost them alone several times
        # their speed: our setting is theirs too.
        env=os.environ | engine_launch().environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return json.loads(run.stdout)


@contextmanager
def _busy_core() -> Generator[None]:
    process = subprocess.Popen([sys.executable, "-c", _SPIN])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _turn_after_wind(model: Path) -> dict[str, list[float]]:
    """First-token times of turns through the whole app, by what came before them."""
    from app.cli.bench_wind import measure

    return measure(model, WIND_TURNS, WIND_CTX)["first_token_ms"]


def measure_engine(
    model: Path, rounds: int, threads: int, say: Callable[[str], None], *, wind: bool = True
) -> tuple[Rounds, dict[str, list[float]]]:
    """Figures by name, a dictionary a round; and, with `wind`, the turns beside one."""
    with tempfile.TemporaryDirectory() as cache:
        bench = Bench(model, Path(cache), threads or os.cpu_count() or 1, say)
        for _ in range(rounds):
            bench.play_round()
    if not wind:
        return bench.rounds, {}
    say("a conversation with its winds, through the whole app …")
    return bench.rounds, _turn_after_wind(model)
