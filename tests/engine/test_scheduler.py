"""Which tokens run next, decided without a model."""

from collections.abc import Iterator

import pytest

from app.core.errors import ContextLimitExceeded, InvalidRequest, QueueFull
from app.engine.batch import Batch
from app.engine.kv import Cache
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
    bench.job("b", prompt(2, 400))
    bench.step(seconds=0.5)
    assert sizes(bench.step(seconds=0.5))["b"] == 16
    assert [sizes(bench.step(seconds=0.5))["b"] for _ in range(3)] == [8, 8, 8]


def test_the_first_chunk_is_no_slower_than_what_was_computed_before(bench: Bench) -> None:
    bench.job("a", prompt(1, 128), max_tokens=50)
    bench.step(seconds=1.28)
    bench.job("b", prompt(2, 400))
    assert sizes(bench.step(seconds=0.1))["b"] == 12


def test_chunks_grow_to_what_a_short_step_can_hold() -> None:
    """Twice the tokens take twice the time at most: short steps never become slow ones."""
    bench = Bench(cells=2000, limits=Limits(chat_ctx=1000, step_tokens=128))
    bench.job("a", prompt(1, 10), max_tokens=50)
    bench.step()
    bench.job("b", prompt(2, 900))
    chunks = [sizes(bench.step(seconds=s))["b"] for s in (0.05, 0.05, 0.1, 0.1, 0.3, 0.1)]
    bench.close()
    assert chunks == [32, 64, 127, 127, 127, 63]


def test_steps_without_a_prompt_say_nothing_about_chunks(bench: Bench) -> None:
    bench.job("a", prompt(1, 10), max_tokens=50)
    bench.job("b", prompt(2, 10), max_tokens=50)
    bench.step()
    for seconds in (0.001, 0.5):
        bench.step(seconds=seconds)
    bench.job("c", prompt(3, 400))
    assert sizes(bench.step())["c"] == 32


def test_replies_with_another_adapter_are_kept_flowing_too(bench: Bench) -> None:
    bench.job("a", prompt(1, 10), max_tokens=50)
    bench.step()
    bench.job("b", prompt(2, 100)).adapters = (1.0,)
    steps = [sizes(bench.step()) for _ in range(2)]
    assert {"b": 32} in steps


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


@pytest.mark.parametrize("others", ["", "new"])
def test_nobody_who_comes_later_passes_a_session_that_was_served_before(others: str) -> None:
    bench = Bench(cells=150, limits=Limits(chat_ctx=100))
    bench.job("first", prompt(1, 90), session="s", max_tokens=2)
    bench.drain()
    bench.job("second", prompt(2, 90), session="s", max_tokens=2)
    for index in range(3):
        session = others and f"{others}{index}"
        bench.job(f"other{index}", prompt(10 + index, 90), session=session, max_tokens=2)
    bench.step()
    assert [job.id for job in bench.scheduler.running] == ["second"]
    bench.drain()
    bench.close()


def test_who_must_wait_all_the_same_throws_nothing_away() -> None:
    bench = Bench(cells=900)
    bench.job("old", prompt(1, 200), session="old", max_tokens=1)
    bench.drain()
    bench.job("a", prompt(2, 400), session="a", max_tokens=90)
    bench.job("b", prompt(3, 400), session="b", max_tokens=90)
    bench.step()
    assert [job.id for job in bench.scheduler.queue] == ["b"]
    assert "old" in {sequence.session for sequence in bench.sequences.live.values()}
    bench.drain()
    bench.close()


def test_a_long_queue_is_not_searched_at_every_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(2):
        bench.job(f"r{index}", prompt(index, 400), max_tokens=90)
    bench.step()
    for index in range(200):
        bench.job(f"q{index}", prompt(10 + index, 400), max_tokens=90)
    asked: list[str] = []
    find = Cache.find
    monkeypatch.setattr(Cache, "find", lambda self, job: asked.append(job.id) or find(self, job))
    bench.step()
    assert len(asked) <= 2


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


def test_no_chat_waits_for_what_a_side_job_computes(bench: Bench) -> None:
    shared = prompt(1, 250)
    bench.job("side", shared, priority="background")
    bench.step()
    bench.job("other", prompt(2, 10), max_tokens=400)
    bench.step()
    bench.job("chat", [*shared, 3])
    bench.step()
    assert "chat" in [job.id for job in bench.scheduler.running]
    bench.drain()


def test_too_long_is_refused_with_both_sizes(bench: Bench) -> None:
    with pytest.raises(ContextLimitExceeded) as refused:
        bench.job("a", prompt(1, 500))
    assert (refused.value.maximum, refused.value.required) == (500, 501)
    bench.job("b", prompt(1, 500), max_tokens=0)


def test_side_jobs_may_go_an_eighth_further(bench: Bench) -> None:
    bench.job("a", prompt(1, 540), priority="background")
    with pytest.raises(ContextLimitExceeded):
        bench.job("b", prompt(1, 580), priority="background")


def test_side_jobs_are_bound_by_the_cells_too() -> None:
    """LongRoPE: there may be no more cells than a chat has; what never fits must not wait."""
    bench = Bench(cells=500, limits=Limits(chat_ctx=500))
    with pytest.raises(ContextLimitExceeded):
        bench.job("a", prompt(1, 520), priority="background")
    job = bench.job("b", prompt(1, 490), priority="background", max_tokens=100)
    bench.drain()
    bench.close()
    assert len(job.tokens) == 500


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
