"""Chat, summarizer, embedder: who plays a role, when it moves, and how it is reloaded."""

import psutil

from app.core.errors import InvalidRequest, from_info
from app.core.ids import new_request_id
from app.core.protocol import CHAT, EMBEDDER, SUMMARIZER, Embed, ModelSpec
from app.workers.events import PoolEvent, WorkerReady, WorkerUnloaded
from app.workers.pool import Pool
from tests.workers.asking import Answer, Until, ask, load, submit


def pids(answer: Answer) -> set[int]:
    answer.finished()
    return answer.pids


def test_without_a_summarizer_the_chat_model_summarises_in_the_background(pool: Pool) -> None:
    load(pool)
    summary = ask(pool, model=SUMMARIZER)
    assert pids(summary) == pids(ask(pool))
    assert summary.finished().stats.notes == ("background",)


def test_a_summarizer_of_its_own_takes_over(pool: Pool) -> None:
    load(pool, "model=chat")
    load(pool, "model=small", role=SUMMARIZER)
    summary = ask(pool, model=SUMMARIZER)
    assert pids(summary).isdisjoint(pids(ask(pool)))
    assert summary.finished().stats.notes == ()


def test_embedding_needs_an_embedding_model(pool: Pool) -> None:
    load(pool)
    request = Embed(request_id=new_request_id(), texts=("a",))
    error = from_info(submit(pool, request).error().error)
    assert isinstance(error, InvalidRequest)
    assert "embedding model" in error.message


def test_one_file_can_chat_and_embed(pool: Pool) -> None:
    load(pool, "model=both")
    answer = Answer()
    pool.load(ModelSpec(path="model=both", embedding=True), EMBEDDER, answer)
    assert answer.loaded().embedding
    assert ask(pool).finished().reason == "stop"
    end = submit(pool, Embed(request_id=new_request_id(), texts=("a",))).end()
    assert end.error.message == "not in the script"  # it reached an engine


def test_a_message_after_a_model_switch_is_answered_by_the_new_model(pool: Pool) -> None:
    load(pool, "model=old")
    old = pids(ask(pool))
    pool.load(ModelSpec(path="model=new load_s=0.2"))
    assert pids(ask(pool)).isdisjoint(old)


def test_when_the_new_model_fails_the_old_one_keeps_the_role(pool: Pool) -> None:
    load(pool, "model=old")
    old = pids(ask(pool))
    answer = Answer()
    pool.load(ModelSpec(path="fail=broken"), sink=answer)
    answer.error()
    assert pids(ask(pool)) == old


def test_a_late_stop_does_not_disturb_a_load(pool: Pool) -> None:
    load(pool, "model=old")
    done = ask(pool)
    old = pids(done)
    pool.load(ModelSpec(path="model=new load_s=0.3"))
    pool.cancel(done.id)
    assert pids(ask(pool)).isdisjoint(old)


def test_when_a_load_is_cancelled_the_old_model_keeps_the_role(pool: Pool) -> None:
    load(pool, "model=old")
    old = pids(ask(pool))
    answer = Answer()
    pool.cancel(pool.load(ModelSpec(path="model=new load_s=3"), sink=answer))
    assert answer.finished().reason == "cancelled"
    assert pids(ask(pool)) == old


def test_a_summarizer_that_becomes_the_chat_model_runs_at_full_priority(pool: Pool) -> None:
    until = Until(pool, WorkerReady)
    load(pool, "model=a", role=SUMMARIZER)
    load(pool, "model=a")
    slow, quick = (until.wait().pid for _ in range(2))
    assert not psutil.pid_exists(slow)
    assert psutil.Process(quick).nice() == psutil.Process().nice()


def test_a_fresh_load_is_a_fresh_process_with_the_same_settings(pool: Pool) -> None:
    info = load(pool, "model=a")
    before = pids(ask(pool))
    running = ask(pool, "tokens=100000 every_ms=2")
    running.wait_for_tokens(2)
    assert load(pool, "model=a", fresh=True) == info
    assert running.finished().reason == "cancelled"
    assert pids(ask(pool)).isdisjoint(before)


def test_loading_the_same_model_again_is_answered_at_once_by_the_same_process(pool: Pool) -> None:
    load(pool)
    before = pids(ask(pool))
    load(pool)
    assert pids(ask(pool)) == before


def test_other_settings_mean_another_process(pool: Pool) -> None:
    load(pool)
    before = pids(ask(pool))
    answer = Answer()
    pool.load(ModelSpec(path="ok=1", chat_ctx=2048), sink=answer)
    assert answer.loaded().chat_ctx == 2048
    assert pids(ask(pool)).isdisjoint(before)


def test_an_unloaded_model_is_gone_until_it_is_loaded_again(pool: Pool) -> None:
    events: list[PoolEvent] = []
    pool.subscribe(events.append)
    load(pool)
    pool.unload("chat")
    assert isinstance(from_info(ask(pool).error().error), InvalidRequest)
    assert any(isinstance(event, WorkerUnloaded) for event in events)
    load(pool)
    assert ask(pool).finished().reason == "stop"


def test_events_name_the_roles_of_a_worker(pool: Pool) -> None:
    events: list[PoolEvent] = []
    unsubscribe = pool.subscribe(events.append)
    load(pool, "model=a")
    load(pool, "model=b", role=SUMMARIZER)
    ready = [event.roles for event in events if isinstance(event, WorkerReady)]
    assert ready == [("chat",), ("summarizer",)]
    unsubscribe()
    load(pool, "model=c")
    assert len([event for event in events if isinstance(event, WorkerReady)]) == 2


def test_an_engine_started_ahead_of_need_is_the_one_that_loads(pool: Pool) -> None:
    pool.warm()
    events: list[PoolEvent] = []
    pool.subscribe(events.append)
    load(pool)
    (ready,) = (event for event in events if isinstance(event, WorkerReady))
    assert pids(ask(pool)) == {ready.pid}
    assert [link.name for link in pool._engines._alive] == ["engine-1"]


# ---------------------------------------------------------------- given ahead of need

SMALL = ModelSpec(path="model=small")


def processes(pool: Pool) -> dict[str, int]:
    Until.ticks(pool, 2)
    return {worker.model: worker.pid for worker in pool.state.workers}


def test_an_assigned_model_is_loaded_by_its_first_request(pool: Pool) -> None:
    load(pool, "model=chat")
    pool.assign(SUMMARIZER, SMALL)
    assert processes(pool)[SMALL.path] == 0
    summary = ask(pool, model=SUMMARIZER)
    assert pids(summary) == {processes(pool)[SMALL.path]}
    assert pids(summary).isdisjoint(pids(ask(pool)))


def test_a_role_that_is_taken_away_frees_its_process(pool: Pool) -> None:
    load(pool, "model=chat")
    pool.assign(SUMMARIZER, SMALL)
    (small,) = pids(ask(pool, model=SUMMARIZER))
    pool.assign(SUMMARIZER, None)
    assert pids(ask(pool, model=SUMMARIZER)) == pids(ask(pool))
    psutil.wait_procs([psutil.Process(small)] if psutil.pid_exists(small) else [], timeout=5)
    assert not psutil.pid_exists(small)


def test_the_chat_model_may_play_both_and_goes_on_when_the_other_part_ends(pool: Pool) -> None:
    load(pool, "model=small")
    before = pids(ask(pool))
    pool.assign(SUMMARIZER, SMALL)
    assert pids(ask(pool, model=SUMMARIZER)) == before
    pool.assign(SUMMARIZER, None)
    assert pids(ask(pool)) == before


def test_an_assigned_role_outlives_the_unloading_of_its_model(pool: Pool) -> None:
    load(pool, "model=small")
    pool.assign(SUMMARIZER, SMALL)
    before = pids(ask(pool, model=SUMMARIZER))
    pool.unload(CHAT)
    assert isinstance(from_info(ask(pool).error().error), InvalidRequest)
    assert pids(ask(pool, model=SUMMARIZER)).isdisjoint(before)


def test_assigning_the_same_again_changes_nothing_and_other_settings_do(pool: Pool) -> None:
    pool.assign(SUMMARIZER, SMALL)
    first = pids(ask(pool, model=SUMMARIZER))
    pool.assign(SUMMARIZER, SMALL)
    assert pids(ask(pool, model=SUMMARIZER)) == first
    pool.assign(SUMMARIZER, ModelSpec(path=SMALL.path, chat_ctx=2048))
    assert pids(ask(pool, model=SUMMARIZER)).isdisjoint(first)
