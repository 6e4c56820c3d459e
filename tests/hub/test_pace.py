"""How many connections: against links that behave in different ways."""

from collections.abc import Callable

from app.hub.pace import Pace


def drive(pace: Pace, speed_of: Callable[[int], float], seconds: float) -> list[int]:
    """The connections at each tenth of a second, when `speed_of` that many is the speed."""
    received, counts = 0.0, list[int]()
    for tick in range(int(seconds * 10)):
        count = pace.wanted(100 + tick / 10, int(received))
        received += speed_of(count) / 10
        counts.append(count)
    return counts


def test_a_link_that_is_full_keeps_one() -> None:
    counts = drive(Pace(100), lambda count: 10e6, 60)
    assert set(counts) == {1, 2}
    assert counts.count(2) < 50  # a trial of a few seconds
    assert counts[-1] == 1


def test_a_server_slow_for_each_connection_gets_four() -> None:
    counts = drive(Pace(100), lambda count: count * 2e6, 60)
    assert counts[-1] == 4
    assert counts[:30] == [1] * 30  # nothing before one was measured


def test_two_when_four_are_no_faster() -> None:
    assert drive(Pace(100), lambda count: min(count, 2) * 2e6, 40)[-1] == 2


def test_trouble_goes_back_to_one_for_a_while() -> None:
    pace = Pace(100)
    drive(pace, lambda count: count * 2e6, 30)
    pace.setback(130)
    assert {pace.wanted(130 + tick, tick * 1_000_000) for tick in range(25)} == {1}


def test_one_while_something_else_is_the_limit() -> None:
    pace = Pace(100)
    assert drive(pace, lambda count: count * 2e6, 30)[-1] == 4
    counts = {pace.wanted(130 + tick, tick * 8_000_000, limited=True) for tick in range(60)}
    assert counts == {1}
