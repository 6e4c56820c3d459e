"""A worker that dies, hangs or babbles: its requests end, the next prompt works."""

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.errors import ModelLoadFailed, WorkerDied, from_info
from app.workers.events import PoolEvent, WorkerFailed, WorkerReady
from app.workers.pool import Pool
from app.workers.process import Exit
from tests.workers.asking import Until, ask, load
from tests.workers.conftest import MakePool

ExpectLog = Callable[[str], None]


def test_the_dead_workers_reply_fails_with_the_signal_and_its_last_words(
    pool: Pool, expect_log: ExpectLog
) -> None:
    expect_log("stopped unexpectedly")
    load(pool)
    error = from_info(ask(pool, "tokens=9 die_at=2").error().error)
    assert isinstance(error, WorkerDied)
    assert error.details["signal"] == "SIGSEGV"
    assert "GGML_ASSERT(scripted) failed" in error.message


def test_the_next_prompt_works(pool: Pool, expect_log: ExpectLog) -> None:
    expect_log("stopped unexpectedly")
    load(pool)
    first = ask(pool, "tokens=9 die_at=2")
    first.end()
    second = ask(pool)
    assert second.finished().reason == "stop"
    assert first.pids.isdisjoint(second.pids)


def test_a_reply_that_showed_nothing_is_asked_again_once(
    pool: Pool, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("stopped unexpectedly")
    load(pool)
    answer = ask(pool, f"tokens=4 die_at=0 once={tmp_path / 'died'}")
    assert answer.finished().reason == "stop"
    assert answer.tokens == 4


def test_a_request_that_kills_every_engine_fails_after_the_second(
    pool: Pool, expect_log: ExpectLog
) -> None:
    expect_log("stopped unexpectedly")
    load(pool)
    assert isinstance(from_info(ask(pool, "die_at=0").error().error), WorkerDied)
    assert ask(pool).finished().reason == "stop"


def test_a_hung_engine_is_killed_and_its_request_is_asked_again(
    make_pool: MakePool, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("stopped responding")
    pool = make_pool(silence_s=0.5)
    load(pool)
    assert ask(pool, f"stop_at=0 once={tmp_path / 'hung'}").finished().reason == "stop"


def test_without_a_heartbeat_watch_a_hung_engine_stays_hung(make_pool: MakePool) -> None:
    """The control of the test above: with the watch out of reach nothing ends the request."""
    pool = make_pool(silence_s=60.0)
    load(pool)
    answer = ask(pool, "stop_at=0")
    with pytest.raises(AssertionError, match="no end came"):
        answer.end(timeout_s=1.5)


def test_a_machine_that_slept_takes_no_engine_for_hung(make_pool: MakePool) -> None:
    pool = make_pool(silence_s=1.0, idle_s=0.0)
    load(pool)
    before = ask_pids(pool)
    pool._mailbox.post(lambda: pool._roster.tick(time.monotonic() + 3600))
    Until.ticks(pool, 2)
    assert ask_pids(pool) == before


def test_an_engine_that_stays_silent_after_the_sleep_is_hung(
    make_pool: MakePool, expect_log: ExpectLog
) -> None:
    """The control of the test above."""
    expect_log("stopped responding")
    pool = make_pool(silence_s=1.0, idle_s=0.0)
    load(pool)
    before = ask_pids(pool)

    def sleep_then_silence() -> None:
        woke = time.monotonic() + 3600
        pool._roster.tick(woke)
        pool._roster.tick(woke + 1.5)

    pool._mailbox.post(sleep_then_silence)
    Until.ticks(pool, 2)
    assert ask_pids(pool) != before


def test_stop_on_a_hung_engine_is_answered_in_time(make_pool: MakePool) -> None:
    pool = make_pool(silence_s=60.0)
    load(pool)
    answer = ask(pool, "tokens=50 stop_at=3")
    answer.wait_for_tokens(3)
    pool.cancel(answer.id)
    started = time.monotonic()
    assert answer.finished().reason == "cancelled"
    assert time.monotonic() - started <= 1.0


def test_a_stopped_reply_is_not_asked_again_when_its_engine_dies(
    make_pool: MakePool, expect_log: ExpectLog
) -> None:
    expect_log("stopped responding")
    pool = make_pool(silence_s=0.6, stop_s=30.0)
    load(pool)
    answer = ask(pool, "tokens=50 stop_at=0")
    pool.cancel(answer.id)
    assert answer.finished().reason == "cancelled"
    Until.ticks(pool, 2)
    assert pool.state.totals.resubmitted == 0


def test_submit_never_waits_for_a_stopped_engine(make_pool: MakePool) -> None:
    pool = make_pool(silence_s=60.0)
    load(pool)
    stuck = ask(pool, "tokens=50 stop_at=1")
    stuck.wait_for_tokens(1)
    slowest = 0.0
    answers = []
    for _ in range(20):
        started = time.monotonic()
        answers.append(ask(pool, "x" * 500_000))
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 0.1


def test_native_output_on_the_pipe_ends_the_engine_not_the_app(
    pool: Pool, expect_log: ExpectLog
) -> None:
    expect_log("stream broke|stopped unexpectedly")
    load(pool)
    assert isinstance(from_info(ask(pool, "tokens=9 garbage_at=2").error().error), WorkerDied)
    assert ask(pool).finished().reason == "stop"


def test_an_engine_killed_while_idle_is_back_before_it_is_needed(
    pool: Pool, expect_log: ExpectLog
) -> None:
    expect_log("SIGKILL")
    load(pool)
    ready = Until(pool, WorkerReady)
    (pid,) = ask_pids(pool)
    os.kill(pid, signal.SIGKILL)
    assert ready.wait().pid != pid


def test_a_model_that_crashes_whenever_it_loads_is_given_up_and_says_so(
    make_pool: MakePool, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("stopped unexpectedly")
    pool = make_pool(restart_s=(0.0, 0.05, 0.05))
    marker = tmp_path / "first"
    marker.touch()
    load(pool, f"once={marker} die=SIGABRT")  # the marker exists: this load works
    marker.unlink()
    failures: list[WorkerFailed] = []
    pool.subscribe(lambda event: _keep_failure(failures, event, marker))
    first = ask(pool, "tokens=9 die_at=1")
    first.end()
    second = ask(pool)
    assert isinstance(from_info(second.error().error), WorkerDied)
    assert [failure.restarts for failure in failures] == [True, True, True, False]
    marker.touch()
    assert ask(pool).finished().reason == "stop"  # asked again, tried again


def _keep_failure(failures: list[WorkerFailed], event: PoolEvent, marker: Path) -> None:
    if isinstance(event, WorkerFailed):
        failures.append(event)
        marker.unlink(missing_ok=True)


def test_how_an_engine_ended_in_words() -> None:
    assert Exit(-11).how == "SIGSEGV"
    assert Exit(3).how == "exit code 3"
    assert Exit(0xC0000005).how == "exit code 0xC0000005"
    assert Exit(-250).how == "signal 250"


def test_the_hint_is_the_last_telling_line_without_our_folders() -> None:
    tail = ("loading", "/home/me/llama.cpp/ggml/src/ggml.c:1644: GGML_ASSERT(x) failed", "bye")
    assert Exit(-6, tail).hint == "ggml.c:1644: GGML_ASSERT(x) failed"
    assert Exit(-6, ("bye",)).hint == ""


def ask_pids(pool: Pool) -> set[int]:
    answer = ask(pool)
    answer.finished()
    return answer.pids


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "Too many open files"), RuntimeError("can't start new thread")]
)
def test_an_engine_that_cannot_be_started_is_said_and_tried_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("app.workers.process._popen", refuse)
        with pytest.raises(ModelLoadFailed, match="could not be started"):
            load(pool)
    load(pool)
    assert ask(pool).finished().reason == "stop"
