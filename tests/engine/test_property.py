"""Random traffic: whatever the cache does, replies equal those of a plain sequential run.

Each case is a random walk over submit (new, growing and branching conversations, several at
once), cancel, preempt, evict, save, restore and restart. After every walk the mirror of the
cells is compared with the library's own state, and nothing may be left over.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.protocol import ModelSpec
from app.engine import build, kv
from app.engine.jobs import Job
from app.engine.kv import Cache
from app.engine.llama.model import Model
from tests.engine.rig import NOISE, Reference, Rig, loaded


class Walk:
    """One random run on one engine; conversations are lists of tokens."""

    def __init__(self, model: Model, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.model = model
        self.spec = ModelSpec(
            path=model.path,
            chat_ctx=256,
            parallel=2,
            cache_ram_bytes=self.random.choice([0, 400_000, 20_000_000]),
            cache_disk_bytes=self.random.choice([0, 20_000_000]),
            cache_dir=str(folder),
            threads=1,
        )
        self.rig = self._start()
        self.said: list[list[int]] = []
        self.done: list[Job] = []
        self.count = 0

    def _start(self) -> Rig:
        rig = Rig(self.model, self.spec)
        limits = rig.engine.scheduler.limits
        rig.engine.scheduler.limits = limits._replace(
            step_tokens=min(limits.step_tokens, self.random.choice([48, 512])), shared_chunk=16
        )
        return rig

    def run(self, moves: int) -> None:
        verbs = (
            [self.submit] * 6
            + [self.steps] * 8
            + [self.cancel, self.preempt, self.evict, self.empty]
        )
        verbs += [self.save, self.settle, self.restart]
        for _ in range(moves):
            self.random.choice(verbs)()
        self.settle()
        self.rig.assert_mirror_is_true()

    def tokens(self, count: int) -> list[int]:
        return [self.random.randrange(100, 2000) for _ in range(count)]

    def submit(self) -> None:
        begin: list[int] = []
        if self.said and self.random.random() < 0.8:
            begin = self.random.choice(self.said)
            if self.random.random() < 0.4:
                begin = begin[: self.random.randrange(len(begin) + 1)]
        prompt = begin + self.tokens(self.random.choice([0, 1, 5, 40, 120]))
        prompt = prompt[:230] or self.tokens(3)
        self.said.append(prompt)
        self.count += 1
        self.rig.submit(
            f"r{self.count}",
            prompt,
            session=self.random.choice(["", "a", "b"]),
            max_tokens=self.random.choice([0, 1, 4, 12]),
            priority=self.random.choice(["interactive", "interactive", "background"]),
            persist=self.random.random() < 0.7,
        )

    def steps(self) -> None:
        for _ in range(self.random.randrange(1, 6)):
            self.rig.step()

    def cancel(self) -> None:
        jobs = self.rig.engine.scheduler.jobs()
        if jobs:
            self.random.choice(jobs).cancelled = True

    def preempt(self) -> None:
        running = self.rig.engine.scheduler.running
        if running:
            self.rig.engine.scheduler.preempt(self.random.choice(running))

    def evict(self) -> None:
        self.rig.engine.cache.evict_one()

    def empty(self) -> None:
        self.rig.engine.cache.evict_all()

    def save(self) -> None:
        while self.rig.engine.cache.save_one():
            pass

    def settle(self) -> None:
        self.rig.finish()
        ended = list(self.rig.jobs.values())
        self.said += [job.tokens for job in ended if job.generated]
        self.done += ended
        self.rig.jobs.clear()

    def restart(self) -> None:
        self.settle()
        self.rig.assert_mirror_is_true()
        self.rig.assert_nothing_is_left()
        self.rig.close()
        self.rig = self._start()

    def worst(self, reference: Reference) -> float:
        return max((reference.worst(job) for job in self.done), default=0.0)

    def close(self) -> None:
        self.rig.close()


def walk(model: Model, reference: Reference, seed: int, folder: Path) -> float:
    """The worst distance of any reply's token from the best one."""
    run = Walk(model, seed, folder)
    try:
        run.run(60)
        run.rig.assert_nothing_is_left()
        return run.worst(reference)
    finally:
        run.close()


@pytest.fixture(scope="module", params=["tiny", "swa", "swa-small", "recurrent", "hybrid"])
def subject(
    request: pytest.FixtureRequest, built_model: Callable[[str], Path]
) -> Iterator[tuple[Model, Reference]]:
    """A model of every kind of memory; `swa-small` keeps little more than its windows."""
    kind = request.param
    with pytest.MonkeyPatch.context() as patch, loaded(built_model(kind.split("-")[0])) as model:
        if kind == "swa-small":
            patch.setattr(build, "wants_full_window", lambda *sizes: False)
            patch.setattr(build, "sequence_count", lambda parallel, recurrent: 4)
            patch.setattr(build, "STEP_TOKENS", 32)
        reference = Reference(model, 512)
        yield model, reference
        reference.close()


@pytest.mark.parametrize("seed", range(3))
def test_random_traffic(seed: int, subject: tuple[Model, Reference], tmp_path: Path) -> None:
    assert walk(*subject, seed, tmp_path) < NOISE


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("block", range(4))
def test_more_random_traffic(block: int, subject: tuple[Model, Reference], tmp_path: Path) -> None:
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        assert walk(*subject, seed, tmp_path / str(seed)) < NOISE, seed


def test_a_careless_comparison_is_noticed(
    built_model: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: wrong tokens under a right beginning must be caught by the same walks."""

    def careless(left: list[int], right: list[int]) -> int:
        return min(len(left), len(right)) if left[:4] == right[:4] else 0

    monkeypatch.setattr(kv, "common_prefix", careless)
    assert _is_noticed(built_model("tiny"), tmp_path)


def test_rolling_back_over_a_window_is_noticed(
    built_model: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: a naive prefix on a sliding-window model, which the library accepts silently."""
    monkeypatch.setattr(Cache, "usable", lambda self, sequence, length: length)
    assert _is_noticed(built_model("swa"), tmp_path)


def _is_noticed(path: Path, folder: Path) -> bool:
    with loaded(path) as model:
        reference = Reference(model, 512)
        try:
            return any(
                walk(model, reference, seed, folder / str(seed)) > 2 * NOISE for seed in range(60)
            )
        finally:
            reference.close()
