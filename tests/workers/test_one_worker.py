"""One model in one worker: load, answer, stop, refuse, end."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.core.errors import InvalidRequest, ModelLoadFailed, WorkerDied, from_info
from app.core.generator import Generator
from app.core.ids import RequestId, SessionId, new_request_id
from app.core.messages import Message
from app.core.protocol import (
    Generate,
    GetStats,
    Load,
    Loaded,
    LoadProgress,
    ModelSpec,
    StatsReport,
)
from app.workers.events import WorkerUnloaded
from app.workers.pool import Pool
from app.workers.process import Launch
from tests.workers.asking import Answer, Until, ask, load, submit
from tests.workers.conftest import SCRIPTED, MakePool


def test_a_loaded_model_answers(pool: Pool) -> None:
    generator: Generator = pool
    load(pool)
    answer = Answer()
    generator.submit(Generate(request_id=new_request_id(), prompt="tokens=5"), answer)
    assert answer.finished().reason == "stop"
    assert answer.tokens == 5


def test_loading_reports_progress_and_the_model(pool: Pool) -> None:
    answer = Answer()
    request_id = pool.load(ModelSpec(path="ok=1", chat_ctx=4096), sink=answer)
    end = answer.end()
    assert isinstance(end, Loaded)
    assert end.request_id == request_id
    assert end.info.chat_ctx == 4096
    assert [event.fraction for event in answer.events if isinstance(event, LoadProgress)] == [0.5]


def test_a_load_command_is_a_request_like_any_other(pool: Pool) -> None:
    request = Load(request_id=new_request_id(), spec=ModelSpec(path="ok=1"))
    end = submit(pool, request).end()
    assert isinstance(end, Loaded)
    assert end.request_id == request.request_id


def test_requests_wait_for_a_model_that_is_loading(pool: Pool) -> None:
    pool.load(ModelSpec(path="load_s=0.2"))
    assert ask(pool, "tokens=2").finished().reason == "stop"


def test_without_a_model_the_refusal_says_what_to_do(pool: Pool) -> None:
    assert ask(pool).error().error.message == "No model is loaded. Choose one first."


def test_other_requests_reach_the_engine_too(pool: Pool) -> None:
    load(pool)
    end = submit(pool, GetStats(request_id=new_request_id())).end()
    assert isinstance(end, StatsReport)
    assert end.stats.running == 7


def test_stop_ends_the_reply_with_what_the_engine_says(pool: Pool) -> None:
    load(pool)
    answer = ask(pool, "tokens=10000 every_ms=2")
    answer.wait_for_tokens(3)
    pool.cancel(answer.id)
    finished = answer.finished()
    assert finished.reason == "cancelled"
    assert finished.stats.completion_tokens == 10000  # the engine's own answer, not a stand-in


def test_stop_before_the_model_is_ready_ends_at_once(pool: Pool) -> None:
    pool.load(ModelSpec(path="load_s=5"))
    answer = ask(pool)
    pool.cancel(answer.id)
    started = time.monotonic()
    assert answer.finished().reason == "cancelled"
    assert time.monotonic() - started < 1.0


def test_stop_of_an_unknown_request_changes_nothing(pool: Pool) -> None:
    load(pool)
    answer = ask(pool, "tokens=3")
    answer.finished()
    pool.cancel(answer.id)
    pool.cancel(RequestId("never-heard-of"))
    assert ask(pool).finished().reason == "stop"


def test_a_cancelled_load_ends_the_load(pool: Pool) -> None:
    answer = Answer()
    pool.cancel(pool.load(ModelSpec(path="load_s=5"), sink=answer))
    assert answer.finished().reason == "cancelled"


def test_purge_reaches_the_engine(pool: Pool) -> None:
    load(pool)
    pool.purge(SessionId("chat-1"))
    assert ask(pool).finished().stats.notes == ("purge chat-1",)


def test_purge_reaches_an_engine_that_is_down_when_it_is_back(make_pool: MakePool) -> None:
    pool = make_pool(idle_s=0.2)
    until = Until(pool, WorkerUnloaded)
    load(pool)
    until.wait()
    pool.purge(SessionId("chat-1"))
    assert ask(pool).finished().stats.notes == ("purge chat-1",)


def test_a_load_that_fails_says_why_and_the_next_one_works(pool: Pool) -> None:
    with pytest.raises(ModelLoadFailed, match="broken"):
        load(pool, "fail=broken")
    assert isinstance(from_info(ask(pool).error().error), ModelLoadFailed)
    load(pool, "ok=1")
    assert ask(pool).finished().reason == "stop"


def test_an_engine_that_dies_while_loading_names_the_signal_and_its_last_words(
    pool: Pool, expect_log: Callable[[str], None]
) -> None:
    expect_log("stopped unexpectedly")
    with pytest.raises(ModelLoadFailed, match=r"SIGABRT.*GGML_ASSERT"):
        load(pool, "die=SIGABRT")


def odd_engine(**environment: str) -> Launch:
    return Launch(SCRIPTED.command, SCRIPTED.environment | environment)


def test_an_engine_of_another_version_is_refused(make_pool: MakePool) -> None:
    pool = make_pool(launch=odd_engine(SCRIPTED_PROTOCOL="99"))
    with pytest.raises(ModelLoadFailed, match="another version"):
        load(pool)


def test_an_engine_that_never_greets_is_given_up(
    make_pool: MakePool, expect_log: Callable[[str], None]
) -> None:
    expect_log("did not start in time")
    pool = make_pool(launch=odd_engine(SCRIPTED_MUTE="1"), start_s=0.5)
    with pytest.raises(WorkerDied, match="did not start in time"):
        load(pool)


def test_an_engine_that_cannot_be_started_says_why(make_pool: MakePool) -> None:
    pool = make_pool(launch=Launch(("/no/such/engine",), {}))
    with pytest.raises(ModelLoadFailed, match="No such file"):
        load(pool)


def test_after_the_close_a_load_is_refused(pool: Pool) -> None:
    pool.close()
    with pytest.raises(InvalidRequest, match="closing"):
        load(pool)


def test_a_request_too_large_for_a_frame_is_refused(pool: Pool) -> None:
    load(pool)
    huge = Message(role="user", content="x" * (65 * 1024 * 1024))
    request = Generate(request_id=new_request_id(), messages=(huge,))
    assert isinstance(from_info(submit(pool, request).error().error), InvalidRequest)
    assert ask(pool).finished().reason == "stop"


def test_a_sink_that_raises_harms_only_itself(
    pool: Pool, expect_log: Callable[[str], None]
) -> None:
    expect_log("a sink failed")
    load(pool)

    def broken(_: object) -> None:
        raise ZeroDivisionError

    pool.submit(Generate(request_id=new_request_id(), prompt="tokens=2"), broken)
    assert ask(pool).finished().reason == "stop"


def test_what_engines_say_on_stderr_is_in_the_log(
    pool: Pool, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("stopped unexpectedly")
    load(pool)
    ask(pool, "die_at=1 die=exit").end()
    pool.close()
    assert "GGML_ASSERT(scripted) failed" in (tmp_path / "engine.log").read_text()


def test_closing_with_a_reply_running_is_quick_and_leaves_no_process(make_pool: MakePool) -> None:
    pool = make_pool()
    load(pool)
    answer = ask(pool, "tokens=100000 every_ms=2")
    answer.wait_for_tokens(3)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 2.0
    assert answer.finished().reason == "cancelled"
    assert psutil.Process().children() == []
