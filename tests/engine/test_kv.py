"""Who may use which cached prefix, over a memory without a model."""

from collections.abc import Iterator

import pytest

from app.core.ids import SessionId
from app.engine.kv import Roll
from app.engine.sequences import common_prefix
from tests.engine.fakes import Bench

LONG = [index % 89 for index in range(300)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(cells=2000)
    yield bench
    bench.close()


def test_a_busy_sequence_is_forked(bench: Bench) -> None:
    first = bench.job("a", LONG, session="s", max_tokens=100)
    for _ in range(4):
        bench.step()
    second = bench.job("b", [*LONG, 7, 1], session="s")
    bench.step()
    assert first.sequence is not second.sequence
    assert (second.reuse, second.reused_tokens) == ("fork", 301)
    bench.drain()
    assert first.generated == 100


def test_an_idle_one_of_the_same_session_is_continued(bench: Bench) -> None:
    bench.job("a", LONG, session="s")
    bench.drain()
    second = bench.job("b", LONG[:50], session="s")
    bench.drain()
    assert (second.reuse, len(bench.sequences.live)) == ("own", 1)


def test_without_sessions_only_little_is_cut_off(bench: Bench) -> None:
    bench.job("a", LONG)
    bench.drain()
    assert [bench.job(name, LONG[:at]) and name for name, at in (("b", 290), ("c", 20))]
    bench.drain()
    assert len(bench.sequences.live) == 2


def test_forks_cost_no_cells_and_parents_free_none(bench: Bench) -> None:
    bench.job("a", LONG, session="a")
    bench.drain()
    used = bench.sequences.used_cells
    bench.job("b", [*LONG, 50, 51], session="b", max_tokens=1)
    bench.drain()
    assert bench.sequences.used_cells == used + 2
    parent = next(s for s in bench.sequences.live.values() if s.session == SessionId("a"))
    assert bench.sequences.unshared(parent) == 3  # its own reply


def test_victims_free_cells(bench: Bench) -> None:
    """The oldest sequence may be all shared: dropping it would free nothing."""
    bench.job("a", LONG, session="a", max_tokens=1)
    bench.drain()
    bench.job("b", [*LONG, 1, 2, 3], session="b")
    bench.drain()
    free = bench.sequences.free_cells
    bench.cache.evict_one()
    assert bench.sequences.free_cells > free


def test_no_window_is_crossed() -> None:
    bench = Bench(cells=2000, roll=Roll(window=64))
    bench.job("a", LONG, session="s", max_tokens=1)
    bench.drain()
    bench.memory.forgotten = 100
    kept = bench.job("b", [*LONG[:200], 5], session="s", max_tokens=1)
    bench.drain()
    assert kept.reused_tokens == 200  # 100 <= 200 - 64
    lost = bench.job("c", [*LONG[:150], 6], session="s", max_tokens=1)
    bench.drain()
    assert lost.reused_tokens == 0
    bench.close()


def test_a_windowed_model_needs_one_more_token_back_for_the_same_prompt() -> None:
    bench = Bench(cells=2000, roll=Roll(window=64))
    bench.job("a", LONG, max_tokens=0)
    bench.drain()
    bench.memory.forgotten = 300 - 64
    same = bench.job("b", LONG, max_tokens=1)
    bench.drain()
    assert same.reused_tokens == 0
    bench.close()


def test_recurrent_models_go_on_from_ends_and_checkpoints_only() -> None:
    bench = Bench(cells=2000, roll=Roll(recurrent=True))
    first = bench.job("a", LONG, session="s")
    bench.drain()
    again = bench.job("b", LONG, session="s")  # regenerate: the checkpoint before the reply
    bench.drain()
    assert again.reused_tokens == len(LONG) - 1
    further = bench.job("c", [*first.tokens[:-1], 1, 2], session="s")
    bench.drain()
    assert further.reused_tokens == len(LONG) + 3
    middle = bench.job("d", [*LONG[:150], 1], session="s")
    bench.drain()
    assert middle.reused_tokens == 0
    bench.close()


def test_idle_cells_are_kept_to_a_measure() -> None:
    bench = Bench(cells=2000)
    bench.cache._idle_cells = 500
    for index in range(5):
        bench.job(f"j{index}", [index, *LONG], max_tokens=1)
        bench.drain()
    assert bench.sequences.used_cells <= 500
    bench.close()


def test_an_aborted_step_leaves_nothing_behind(bench: Bench) -> None:
    job = bench.job("a", LONG)
    batch = bench.scheduler.schedule()
    bench.memory.accept(batch)  # the library kept the tokens, nobody committed them
    bench.cache.roll_back([job])
    bench.check()
    bench.drain()
    assert job.generated == 4


def test_an_aborted_recurrent_state_starts_again() -> None:
    bench = Bench(cells=2000, roll=Roll(recurrent=True))
    job = bench.job("a", LONG)
    bench.step()
    bench.memory.accept(bench.scheduler.schedule())
    bench.cache.roll_back([job])
    bench.check()
    assert job.cached == 0
    bench.drain()
    assert job.generated == 4
    bench.close()


@pytest.mark.parametrize("at", [0, 1, 7, 8, 100, 1000])
def test_common_prefix_finds_the_first_difference(at: int) -> None:
    left = list(range(1000))
    right = left[:at] + [-1] * (1000 - at)
    assert common_prefix(left, right) == at
    assert common_prefix(left, left[:at]) == at
