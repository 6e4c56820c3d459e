"""Which tokens run next, decided without a model."""

from collections.abc import Iterator

import pytest

from app.core.errors import ContextLimitExceeded, InvalidRequest, QueueFull
from app.engine.batch import Batch
from app.engine.scheduler import Limits
from tests.engine.fakes import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def sizes(batch: Batch) -> dict[str, int]:
    return {part.request_id: len(part.tokens) for part in batch.slices}


def prompt(first: int, size: int) -> list[int]:
    return [first] + [5] * (size - 1)


def test_alone_a_prompt_takes_the_whole_step(bench: Bench) -> None:
    bench.job("a", prompt(1, 300))
    assert [sizes(bench.step()) for _ in range(4)] == [{"a": 128}, {"a": 128}, {"a": 44}, {"a": 1}]


def test_beside_a_reply_prompts_come_in_small_chunks(bench: Bench) -> None:
    bench.job("a", prompt(1, 10), max_tokens=50)
    bench.step()
    bench.job("b", prompt(2, 100))
    assert sizes(bench.step()) == {"a": 1, "b": 32}


def test_chunks_shrink_when_steps_are_slow(bench: Bench) -> None:
    bench.job("a", prompt(1, 10), max_tokens=50)
    bench.step()
    bench.job("b", prompt(2, 100))
    bench.step(seconds=0.5)
    assert sizes(bench.step(seconds=0.05))["b"] == 16
    assert sizes(bench.step())["b"] == 32


def test_logits_are_asked_for_once_at_the_end_of_a_prompt(bench: Bench) -> None:
    bench.job("a", prompt(1, 200))
    assert [bench.step().outputs() for _ in range(2)] == [[], [("a", 71)]]


def test_priming_asks_for_no_logits(bench: Bench) -> None:
    bench.job("a", prompt(1, 20), max_tokens=0)
    assert bench.step().outputs() == []
    assert bench.scheduler.jobs() == []
    assert bench.sequences.used_cells == 20


def test_interactive_runs_before_background(bench: Bench) -> None:
    bench.job("side", prompt(1, 200), priority="background", max_tokens=50)
    bench.step()
    bench.job("chat", prompt(2, 20), max_tokens=3)
    assert [sizes(bench.step()) for _ in range(3)] == [{"chat": 20}, {"chat": 1}, {"chat": 1}]
    assert sizes(bench.step()) == {"side": 72}


def test_equals_take_turns_in_prefill(bench: Bench) -> None:
    bench.job("a", prompt(1, 400))
    bench.job("b", prompt(2, 400))
    first = [next(iter(sizes(bench.step()))) for _ in range(4)]
    assert sorted(first) == ["a", "a", "b", "b"]


def test_sessions_take_turns_in_the_queue() -> None:
    bench = Bench(cells=300, limits=Limits(chat_ctx=100))
    for index in range(4):
        bench.job(f"flood{index}", prompt(index, 90), session="flood", max_tokens=2)
    bench.job("other", prompt(50, 90), session="other", max_tokens=2)
    bench.step()
    started = [job.id for job in bench.scheduler.running]
    bench.drain()
    bench.close()
    assert "other" in started


def test_what_does_not_fit_waits(bench: Bench) -> None:
    bench.job("a", prompt(1, 400), max_tokens=90)
    bench.job("b", prompt(2, 400), max_tokens=90)
    bench.job("c", prompt(3, 400), max_tokens=90)
    bench.step()
    assert [job.id for job in bench.scheduler.running] == ["a", "b"]
    assert [job.id for job in bench.scheduler.queue] == ["c"]
    bench.drain()


def test_the_youngest_is_put_back_when_the_cache_fills(bench: Bench) -> None:
    """Reserves are bounded, so long replies may outgrow the cache together."""
    jobs = [bench.job(name, prompt(index, 100)) for index, name in enumerate("abc")]
    bench.step()
    for job in jobs:
        job.max_tokens = 390
    running = {tuple(job.id for job in bench.scheduler.running)}
    while bench.scheduler.jobs():
        bench.step()
        running.add(tuple(sorted(job.id for job in bench.scheduler.running)))
    assert ("a", "b") in running
    assert all(job.generated == 390 for job in jobs)


def test_a_library_that_refuses_company_is_not_asked_for_ever(bench: Bench) -> None:
    """A window's cache may be full although our cells are not."""
    jobs = [bench.job(name, prompt(index, 60)) for index, name in enumerate("abc")]
    for _ in range(200):
        if not bench.scheduler.jobs():
            break
        if len(bench.scheduler.schedule().slices) > 1:
            assert bench.scheduler.make_room()
        else:
            bench.step()
    assert [job.generated for job in jobs] == [4, 4, 4]


def test_a_chat_keeps_its_context_whatever_else_runs() -> None:
    """cells = chat_ctx * parallel + chat_ctx / 2: one full chat always fits."""
    bench = Bench(cells=750, limits=Limits(chat_ctx=500))
    bench.job("side", prompt(1, 400), priority="background", max_tokens=100)
    bench.step()
    chat = bench.job("chat", prompt(2, 480), max_tokens=20)
    bench.step()
    assert chat in bench.scheduler.running
    bench.drain()
    bench.close()
    assert chat.generated == 20


def test_a_wind_fits_beside_a_full_chat() -> None:
    """The old chat, a fork with its instruction, and the new prompt: 1.0 + 0.1 + 0.35."""
    bench = Bench(cells=750, limits=Limits(chat_ctx=500))
    chat = bench.job("chat", prompt(1, 480), session="s", max_tokens=20)
    bench.drain()
    kept = chat.tokens[:-1]
    summary = bench.job(
        "sum", [*kept, *[9] * 30], session="s", priority="background", max_tokens=20
    )
    bench.drain()
    assert (summary.reuse, summary.reused_tokens) == ("fork", len(kept))
    bench.job("prime", prompt(2, 175), session="s", priority="background", max_tokens=0)
    bench.drain()
    answer = bench.job("next", prompt(2, 175) + [3] * 20, session="s")
    bench.drain()
    old = bench.job("old", [*kept[:480], 4], session="s", max_tokens=1)
    bench.drain()
    bench.close()
    assert answer.reused_tokens == 175
    assert old.reused_tokens == 480, "the old chat was still there all the time"


def test_the_same_beginning_is_computed_once(bench: Bench) -> None:
    shared = prompt(1, 250)
    jobs = [bench.job(name, [*shared, ord(name)]) for name in "abcd"]
    computed = 0
    while bench.scheduler.jobs():
        computed += bench.step().size
    assert computed == 250 + 4 + 4 * 3  # the beginning, four ends, three more tokens each
    assert [job.reuse for job in jobs] == ["none", "fork", "fork", "fork"]


def test_too_long_is_refused_with_both_sizes(bench: Bench) -> None:
    with pytest.raises(ContextLimitExceeded) as refused:
        bench.job("a", prompt(1, 500))
    assert (refused.value.maximum, refused.value.required) == (500, 501)
    bench.job("b", prompt(1, 500), max_tokens=0)


def test_side_jobs_may_go_an_eighth_further(bench: Bench) -> None:
    bench.job("a", prompt(1, 540), priority="background")
    with pytest.raises(ContextLimitExceeded):
        bench.job("b", prompt(1, 580), priority="background")


def test_a_reply_ends_where_the_context_does(bench: Bench) -> None:
    job = bench.job("a", prompt(1, 450), max_tokens=1000)
    bench.drain()
    assert len(job.tokens) == 500


def test_a_full_queue_refuses() -> None:
    bench = Bench(limits=Limits(chat_ctx=500, queue=2))
    bench.job("a", [1])
    bench.job("b", [1])
    with pytest.raises(QueueFull):
        bench.job("c", [1])
    bench.close()


def test_an_id_is_used_once(bench: Bench) -> None:
    bench.job("a", [1, 2])
    with pytest.raises(InvalidRequest):
        bench.job("a", [1, 2])


def test_requests_with_other_adapters_run_in_other_steps(bench: Bench) -> None:
    jobs = [bench.job(name, prompt(1, 20), max_tokens=3) for name in "ab"]
    jobs[1].adapters = (1.0,)
    batches: list[Batch] = []
    while bench.scheduler.jobs():
        batches.append(bench.step())
    assert all(len(batch.slices) == 1 for batch in batches)
    assert {batch.adapters for batch in batches} == {(), (1.0,)}
    assert [job.reused_tokens for job in jobs] == [0, 0]


def test_deadlines_are_seen_in_the_queue_too(bench: Bench) -> None:
    job = bench.job("a", [1, 2, 3], deadline_ms=50)
    assert not job.is_late(job.arrived + 0.04)
    assert job.is_late(job.arrived + 0.06)
