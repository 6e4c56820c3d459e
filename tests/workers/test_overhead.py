"""What the pool costs: microseconds per token through the pipe, and the share of the bare rate."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.core.protocol import Finished
from app.workers.events import WorkerReady
from app.workers.pool import Pool
from tests.workers import bare, scripted
from tests.workers.asking import Until, ask, chat, load, load_tiny
from tests.workers.conftest import MakePool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STREAMS = 4
ROUNDS = 9
TOKENS = {"tiny": 400, "bench": 16}
# With a tiny model the pool's share is at its largest; a real one is what people use.
LEAST = {"tiny": 0.8, "bench": 0.95}  # the goal is 0.98; a busy machine blurs it


def test_a_token_through_the_pipe(make_pool: MakePool) -> None:
    """One frame per token, as fast as the other side can write: process time of this side."""
    pool = make_pool()
    load(pool)
    ask(pool, "tokens=500 every_ms=0").finished()
    count = 20_000
    wall, own = time.perf_counter(), time.process_time()
    ask(pool, f"tokens={count} every_ms=0").finished()
    own_us = (time.process_time() - own) / count * 1e6
    wall_us = (time.perf_counter() - wall) / count * 1e6
    print(f"\n{own_us:.1f} µs of this process per token, {wall_us:.1f} µs wall on both sides")
    assert own_us < 200


@contextmanager
def bare_engine(model: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, bare.__file__, str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(scripted.ROOT), "GOMP_SPINCOUNT": "3000"},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process


def bare_round(process: "subprocess.Popen[str]", tokens: int) -> tuple[float, float]:
    assert process.stdin
    assert process.stdout
    cpu = cpu_s(process.pid)
    process.stdin.write(f"{STREAMS} {tokens}\n")
    process.stdin.flush()
    return float(process.stdout.readline()), cpu_s(process.pid) - cpu


def pool_round(pool: Pool, pid: int, tokens: int) -> tuple[float, float]:
    started, cpu = time.monotonic(), cpu_s(pid)
    answers = [chat(pool, f"story {started} {n}", max_tokens=tokens) for n in range(STREAMS)]
    for answer in answers:
        assert isinstance(answer.end(timeout_s=300), Finished)
    return time.monotonic() - started, cpu_s(pid) - cpu


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@pytest.mark.parametrize("kind", ["tiny", "bench"])
def test_the_pool_against_the_bare_engine(
    make_pool: MakePool, model_of: Callable[[str], Path], kind: str
) -> None:
    """Rounds in turn, medians.

    The ratio of processor time in the engine is the judge: on a busy machine the wall clock
    tells more about the neighbours.
    """
    model, tokens = model_of(kind), TOKENS[kind]
    pool = make_pool(launch=None)
    until = Until(pool, WorkerReady)
    load_tiny(pool, model)
    pid = until.wait().pid
    walls: list[float] = []
    cpus: list[float] = []
    with bare_engine(model) as process:
        bare_round(process, tokens)
        pool_round(pool, pid, tokens)
        for _ in range(ROUNDS):
            bare_wall, bare_cpu = bare_round(process, tokens)
            wall, cpu = pool_round(pool, pid, tokens)
            walls.append(bare_wall / wall)
            cpus.append(bare_cpu / cpu)
        stdin = process.stdin
        assert stdin
        stdin.close()
    print(f"\n{kind}, pool / bare engine, {STREAMS} streams of {tokens} tokens, {ROUNDS} rounds:")
    print(f"wall {statistics.median(walls):.3f} {[round(each, 2) for each in sorted(walls)]}")
    print(f"processor {statistics.median(cpus):.3f} {[round(each, 2) for each in sorted(cpus)]}")
    assert statistics.median(cpus) > LEAST[kind]
