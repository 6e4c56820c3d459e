"""Which worker answers: pinned sessions, least loaded, by name, after a death."""

from collections import Counter
from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidRequest, from_info
from app.core.ids import SessionId, WorkerId
from app.workers.pool import Pool
from app.workers.routing import Pins, choose
from tests.workers.asking import Answer, ask, load

ExpectLog = Callable[[str], None]


class Seat(msgspec.Struct, frozen=True):
    id: WorkerId
    load: int = 0
    is_ready: bool = True


A, B, C = (WorkerId(name) for name in "abc")


def test_a_pinned_session_stays_although_its_worker_is_busier() -> None:
    assert choose([Seat(A, 0), Seat(B, 9)], B).id == B


def test_a_new_session_goes_to_the_least_loaded() -> None:
    assert choose([Seat(A, 2), Seat(B, 1), Seat(C, 3)], None).id == B


def test_a_ready_worker_comes_before_an_idle_one_that_is_not() -> None:
    assert choose([Seat(A, 0, is_ready=False), Seat(B, 5)], None).id == B


def test_a_pin_to_a_worker_that_is_gone_counts_for_nothing() -> None:
    assert choose([Seat(A, 1), Seat(B, 0)], C).id == B


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=8))
def test_nobody_ready_with_less_to_do_is_passed_over(seats: list[tuple[int, bool]]) -> None:
    choice = choose([Seat(WorkerId(str(i)), *seat) for i, seat in enumerate(seats)], None)
    ready = [load for load, is_ready in seats if is_ready]
    assert choice.is_ready == bool(ready)
    assert choice.load == min(ready or [load for load, _ in seats])


def test_pins_are_bounded_and_the_oldest_go_first() -> None:
    pins = Pins()
    for index in range(10_000):
        pins.pin(SessionId(str(index)), A)
    assert len(pins) == 4096
    assert pins.get(SessionId("0")) is None
    assert pins.get(SessionId("9999")) == A


def test_forgetting_a_worker_frees_its_sessions_only() -> None:
    pins = Pins()
    pins.pin(SessionId("1"), A)
    pins.pin(SessionId("2"), B)
    pins.forget_worker(A)
    assert (pins.get(SessionId("1")), pins.get(SessionId("2"))) == (None, B)


def ends(answers: list[Answer]) -> list[str]:
    return [answer.finished().reason for answer in answers]


def test_sessions_spread_over_the_workers_and_each_stays_on_one(pool: Pool) -> None:
    load(pool, workers=2)
    first = [ask(pool, "tokens=30 every_ms=5", session=f"s{i}") for i in range(4)]
    ends(first)
    assert sorted(Counter(pid for each in first for pid in each.pids).values()) == [2, 2]
    again = [ask(pool, session=f"s{i}") for i in range(4)]
    ends(again)
    assert [each.pids for each in again] == [each.pids for each in first]


def test_a_request_may_name_its_worker(pool: Pool) -> None:
    load(pool, workers=2)
    by_name = {name: ask(pool, worker=name) for name in ("w1", "w2", "w1")}
    ends([*by_name.values()])
    assert by_name["w1"].pids.isdisjoint(by_name["w2"].pids)
    same = ask(pool, worker="w1")
    same.finished()
    assert same.pids == by_name["w1"].pids
    assert isinstance(from_info(ask(pool, worker="w9").error().error), InvalidRequest)


def test_after_a_death_its_sessions_spread_over_the_others(
    pool: Pool, expect_log: ExpectLog
) -> None:
    expect_log("stopped unexpectedly")
    load(pool, workers=2)
    other = ask(pool, worker="w2")
    other.finished()
    dying = ask(pool, "tokens=50 every_ms=1 die_at=20", session="s", worker="w1")
    dying.end()
    moved = ask(pool, session="s")  # w1 is starting: the session need not wait for it
    moved.finished()
    assert moved.pids == other.pids


def test_several_models_answer_side_by_side(pool: Pool) -> None:
    load(pool, "model=a")
    load(pool, "model=b", role="")
    a, b = ask(pool, "tokens=5"), ask(pool, "tokens=5", model="model=b")
    assert ends([a, b]) == ["stop", "stop"]
    assert a.pids.isdisjoint(b.pids)
