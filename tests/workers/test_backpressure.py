"""Bounded everywhere: past the bound a request is refused, or its caller waits."""

import threading

import psutil
import pytest

from app.core.errors import QueueFull, from_info
from app.core.ids import new_request_id
from app.core.protocol import Failed, Finished, Generate, RequestEvent, is_terminal
from app.workers.pool import Pool
from tests.workers.asking import PATIENCE_S, Answer, ask, load
from tests.workers.conftest import MakePool


def test_past_the_bound_a_request_is_refused_with_a_sentence(make_pool: MakePool) -> None:
    pool = make_pool(max_requests=2)
    load(pool)
    running = [ask(pool, "tokens=100000 every_ms=2") for _ in range(2)]
    error = from_info(ask(pool).error().error)
    assert isinstance(error, QueueFull)
    assert "2 requests" in error.message
    for answer in running:
        pool.cancel(answer.id)
        answer.finished()
    assert ask(pool).finished().reason == "stop"


def test_under_suspend_the_caller_waits_for_room(make_pool: MakePool) -> None:
    pool = make_pool(max_requests=1, backpressure="suspend")
    load(pool)
    first = ask(pool, "tokens=100000 every_ms=2")
    first.wait_for_tokens(1)
    second: list[Answer] = []
    caller = threading.Thread(target=lambda: second.append(ask(pool)))
    caller.start()
    caller.join(0.2)
    assert caller.is_alive()
    pool.cancel(first.id)
    caller.join(PATIENCE_S)
    assert second[0].finished().reason == "stop"


def test_a_sink_on_the_pools_thread_is_refused_rather_than_suspended(make_pool: MakePool) -> None:
    """Waiting there would wait for itself; the control is the test above."""
    pool = make_pool(max_requests=1, backpressure="suspend")
    load(pool)
    running = ask(pool, "tokens=100000 every_ms=2")
    refused = Answer()
    request = Generate(request_id=new_request_id(), prompt="tokens=1")
    pool._mailbox.post(lambda: pool.submit(request, refused))
    assert isinstance(from_info(refused.error().error), QueueFull)
    pool.cancel(running.id)
    running.finished()


def test_a_sink_is_refused_rather_than_suspended(make_pool: MakePool) -> None:
    """It runs on the thread that makes the room."""
    pool = make_pool(max_requests=2, backpressure="suspend")
    load(pool)
    running = ask(pool, "tokens=100000 every_ms=2")
    refused: list[Answer] = []

    def greedy(event: RequestEvent) -> None:
        if not is_terminal(event) and not refused:
            refused.append(ask(pool))

    pool.submit(Generate(request_id=new_request_id(), prompt="tokens=5"), greedy)
    running.wait_for_tokens(20)
    assert isinstance(from_info(refused[0].error().error), QueueFull)
    pool.cancel(running.id)
    running.finished()


def test_after_the_close_everything_is_refused(make_pool: MakePool) -> None:
    pool = make_pool(max_requests=1, backpressure="suspend")
    load(pool)
    running = ask(pool, "tokens=100000 every_ms=2")
    late: list[Answer] = []
    callers = [threading.Thread(target=lambda: late.append(ask(pool))) for _ in range(3)]
    for caller in callers:
        caller.start()
    pool.close()
    for caller in callers:
        caller.join(PATIENCE_S)
    assert running.finished().reason == "cancelled"
    late.append(ask(pool))
    for answer in late:
        end = answer.end(5)
        closing = isinstance(end, Failed) and end.error.message == "The app is closing."
        assert closing or isinstance(end, Finished)  # it was let in before the end and cancelled


def test_every_request_of_a_flood_ends_exactly_once(make_pool: MakePool) -> None:
    pool = make_pool(max_requests=50)
    load(pool, workers=2)
    counts, changed = _flood(pool, 1000)
    with changed:
        assert changed.wait_for(lambda: len(counts) == 1000, PATIENCE_S)
    assert set(counts.values()) == {1}


def _flood(pool: Pool, count: int) -> tuple[dict[str, int], threading.Condition]:
    counts: dict[str, int] = {}
    changed = threading.Condition()

    def sink(event: RequestEvent) -> None:
        if is_terminal(event):
            with changed:
                counts[event.request_id] = counts.get(event.request_id, 0) + 1
                changed.notify_all()

    for _ in range(count):
        pool.submit(Generate(request_id=new_request_id(), prompt="tokens=2"), sink)
    return counts, changed


@pytest.mark.slow
def test_a_soak_keeps_memory_flat(make_pool: MakePool) -> None:
    pool = make_pool(max_requests=64, backpressure="suspend")
    load(pool, workers=2)
    own = psutil.Process()
    sizes: list[int] = []
    for _ in range(6):
        counts, changed = _flood(pool, 2000)
        with changed:
            assert changed.wait_for(lambda counts=counts: len(counts) == 2000, 60)
        sizes.append(own.memory_info().rss)
    growth = sizes[-1] - sizes[1]  # the first rounds fill caches and rings
    assert growth < 4_000_000, sizes
