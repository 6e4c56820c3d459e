"""How one list of rows becomes another, so that a view keeps its place; and at what cost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.sidebar.rows import Edits, Heading, Remark, Row, edits


def rows(*names: object) -> list[Row]:
    return [Remark(str(name)) for name in names]


def applied(old: list[Row], new: list[Row], step: Edits) -> list[Row]:
    result = list(old)
    for run in step.out:
        del result[run.start : run.stop]
    for run in step.put:
        result[run.start : run.start] = new[run.start : run.stop]
    for at in step.anew:
        result[at] = new[at]
    return result


@given(st.permutations(range(8)), st.integers(0, 8), st.integers(0, 8))
def test_the_edits_make_one_list_the_other(order: list[int], less: int, more: int) -> None:
    old, new = rows(*range(8)), rows(*order[less:], *(f"new {n}" for n in range(more)))
    assert applied(old, new, edits(old, new)) == new


@pytest.mark.parametrize("far", [6, 60])
def test_a_row_that_moves_takes_only_itself_along(far: int) -> None:
    old = rows(*range(far))
    for new in ([old[-1], *old[:-1]], [*old[1:], old[0]]):
        step = edits(old, new)
        assert sum(map(len, step.out)) == sum(map(len, step.put)) == 1
        assert applied(old, new, step) == new


def test_a_heading_comes_with_the_first_row_under_it() -> None:
    old: list[Row] = rows(*range(20))
    new = [Heading("Pinned"), Remark("19 pinned"), *old[:-1]]
    step = edits(old, new)
    assert step == Edits((range(19, 20),), (range(2),), range(0))
    back = edits(new, old)
    assert back == Edits((range(2),), (range(19, 20),), range(0))


def test_a_row_that_says_something_else_stays_where_it_is() -> None:
    old, new = [Heading("a"), Heading("b")], [Heading("a"), Heading("b")]
    assert edits(old, new) == Edits((), (), range(0))


def test_a_move_across_ten_thousand_rows_costs_no_look_at_each() -> None:
    old = rows(*range(10_000))
    new = [old[-2], *old[:-2], old[-1]]
    slow = [Heading("odd"), *old[5_000:], *old[:5_000]]

    def cost(other: list[Row]) -> float:
        def once() -> float:
            start = time.thread_time()
            edits(old, other)
            return time.thread_time() - start

        return min(once() for _ in range(5))

    assert cost(new) < cost(slow) / 3
