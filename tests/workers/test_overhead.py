"""What the pool costs: microseconds per token through the pipe, and the share of the bare rate."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.workers import bare, scripted
from tests.workers.asking import ask, chat, load, load_tiny
from tests.workers.conftest import MakePool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STREAMS = 4
TOKENS = 400
ROUNDS = 7


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


def bare_s(process: "subprocess.Popen[str]") -> float:
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{STREAMS} {TOKENS}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def test_the_pool_against_the_bare_engine(make_pool: MakePool, tiny_model: Path) -> None:
    """Rounds in turn; with a model this small the pool's share is at its largest."""
    pool = make_pool(launch=None)
    load_tiny(pool, tiny_model)
    ratios: list[float] = []
    with bare_engine(tiny_model) as process:
        for index in range(ROUNDS):
            alone = bare_s(process)
            started = time.monotonic()
            answers = [chat(pool, f"story {index} {n}", max_tokens=TOKENS) for n in range(STREAMS)]
            for answer in answers:
                answer.finished()
            ratios.append(alone / (time.monotonic() - started))
    ratio = statistics.median(ratios)
    print(f"\npool / bare engine, {STREAMS} streams: {ratio:.3f} of {sorted(ratios)}")
    assert ratio > 0.8
