"""A worker that dies, hangs or babbles: its requests end, the next prompt works."""

import os
import queue
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.errors import WorkerDied, from_info
from app.workers.events import PoolEvent, WorkerFailed, WorkerReady
from app.workers.pool import Pool
from tests.workers.asking import ask, load
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


def test_stop_on_a_hung_engine_is_answered_in_time(make_pool: MakePool) -> None:
    pool = make_pool(silence_s=60.0)
    load(pool)
    answer = ask(pool, "tokens=50 stop_at=3")
    answer.wait_for_tokens(3)
    pool.cancel(answer.id)
    started = time.monotonic()
    assert answer.finished().reason == "cancelled"
    assert time.monotonic() - started <= 1.0


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
    ready = Waiting(pool, WorkerReady)
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


def ask_pids(pool: Pool) -> set[int]:
    answer = ask(pool)
    answer.finished()
    return answer.pids


class Waiting:
    """Waits for one kind of event of a pool."""

    def __init__(self, pool: Pool, kind: type[WorkerReady]) -> None:
        self._events: queue.SimpleQueue[PoolEvent] = queue.SimpleQueue()
        self._kind = kind
        pool.subscribe(self._events.put)

    def wait(self) -> WorkerReady:
        while True:
            event = self._events.get(timeout=10)
            if isinstance(event, self._kind):
                return event
