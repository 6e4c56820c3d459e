"""Graphs of requests: order, results, budgets, failures, cancel, and proof that they overlap."""

import threading
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import ErrorInfo, InvalidRequest
from app.core.generator import Sink
from app.core.ids import RequestId, SessionId, WorkerId
from app.core.protocol import Delta, Failed, Finished, Generate, Request, Stats
from app.workers.dag import Node, Outcome, in_order
from app.workers.dag_run import GraphRun
from app.workers.pool import Pool
from tests.workers.asking import load
from tests.workers.conftest import MakePool

Build = Callable[[Mapping[str, Outcome]], Generate]
NO_ID = RequestId("")


class Echo:
    """A generator that answers each prompt with itself, in another thread or never."""

    def __init__(self) -> None:
        self.asked: list[Generate] = []
        self.cancelled: list[RequestId] = []
        self._held: dict[RequestId, Sink] = {}
        self._lock = threading.Lock()

    def submit(self, request: Request, sink: Sink) -> None:
        assert isinstance(request, Generate)
        with self._lock:
            self.asked.append(request)
            if request.prompt.startswith("hold"):
                self._held[request.request_id] = sink
                return
        threading.Thread(target=self._answer, args=(request, sink)).start()

    def cancel(self, request_id: RequestId) -> None:
        with self._lock:
            self.cancelled.append(request_id)
            sink = self._held.pop(request_id, None)
        if sink:
            sink(Finished(request_id=request_id, reason="cancelled", stats=Stats()))

    def purge(self, session: SessionId) -> None:
        raise NotImplementedError

    def _answer(self, request: Generate, sink: Sink) -> None:
        if request.prompt == "fail":
            error = ErrorInfo("worker_died", "gone")
            sink(Failed(request_id=request.request_id, error=error))
            return
        for word in request.prompt.split()[: request.max_tokens]:
            sink(Delta(request_id=request.request_id, text=word + " ", tokens=1))
        sink(Finished(request_id=request.request_id, reason="stop", stats=Stats()))


def says(prompt: str, **options: object) -> Build:
    return lambda _: Generate(request_id=NO_ID, prompt=prompt, **options)


def node(name: str, prompt: str = "x", after: tuple[str, ...] = (), **options: int) -> Node:
    return Node(name=name, build=says(prompt), after=after, **options)


def states(run: GraphRun) -> dict[str, str]:
    return {name: each.state for name, each in run.result(10).outcomes.items()}


def test_a_prompt_is_built_from_its_parents_results() -> None:
    def merge(parents: Mapping[str, Outcome]) -> Generate:
        return Generate(request_id=NO_ID, prompt=parents["a"].text + parents["b"].text)

    nodes = [Node(name="c", build=merge, after=("a", "b")), node("a", "one two"), node("b", "six")]
    result = GraphRun(Echo(), nodes).result(10)
    assert result.outcomes["c"].text == "one two six "
    assert result.succeeded
    assert result.tokens == 6


def test_no_node_starts_before_its_parents_are_done() -> None:
    result = GraphRun(Echo(), [node("a"), node("b", after=("a",)), node("c", after=("b",))])
    outcomes = result.result(10).outcomes
    for parent, child in (("a", "b"), ("b", "c")):
        ready, started = outcomes[child].ready_s, outcomes[child].started_s
        assert outcomes[parent].ended_s == pytest.approx(ready)
        assert started >= ready
    assert all(each.started_s <= each.first_s <= each.ended_s for each in outcomes.values())


def test_what_does_not_depend_on_a_failure_goes_on() -> None:
    nodes = [
        node("bad", "fail"),
        node("child", after=("bad",)),
        node("grandchild", after=("child",)),
    ]
    run = GraphRun(Echo(), [*nodes, node("other"), node("its", after=("other",))])
    assert states(run) == {
        "bad": "failed",
        "child": "skipped",
        "grandchild": "skipped",
        "other": "done",
        "its": "done",
    }
    outcomes = run.result().outcomes
    assert outcomes["bad"].error == ErrorInfo("worker_died", "gone")
    assert outcomes["child"].why == "bad is not done"


def test_fail_fast_stops_what_runs_and_starts_nothing_more() -> None:
    nodes = [node("slow", "hold"), node("bad", "fail"), node("later", after=("slow",))]
    run = GraphRun(Echo(), nodes, policy="fail_fast")
    assert states(run) == {"slow": "cancelled", "bad": "failed", "later": "skipped"}
    assert run.result().outcomes["later"].why == "bad failed"


def test_cancel_ends_the_whole_graph() -> None:
    run = GraphRun(Echo(), [node("slow", "hold"), node("later", after=("slow",))])
    run.cancel()
    assert states(run) == {"slow": "cancelled", "later": "cancelled"}


def test_a_builder_that_raises_fails_its_node_only() -> None:
    def broken(_: Mapping[str, Outcome]) -> Generate:
        raise KeyError("nothing here")

    nodes = [Node(name="bad", build=broken), node("child", after=("bad",)), node("other")]
    assert states(GraphRun(Echo(), nodes)) == {"bad": "failed", "child": "skipped", "other": "done"}
    fast = GraphRun(Echo(), nodes, policy="fail_fast")
    assert states(fast) == {"bad": "failed", "child": "skipped", "other": "skipped"}


def test_a_node_never_gets_more_than_its_own_tokens() -> None:
    result = GraphRun(Echo(), [node("a", "1 2 3 4 5", max_tokens=2)]).result(10)
    assert result.outcomes["a"].text == "1 2 "


def test_the_budget_bounds_the_graph_and_unused_tokens_return() -> None:
    nodes = [node("a", "1 2", max_tokens=5), node("b", "1 2 3 4 5 6", ("a",), max_tokens=5)]
    run = GraphRun(Echo(), [*nodes, node("c", "1", ("b",))], token_budget=6)
    result = run.result(10)
    assert [result.outcomes[name].tokens for name in "abc"] == [2, 4, 0]
    assert result.outcomes["c"].state == "skipped"
    assert result.outcomes["c"].why == "the token budget is used up"


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([node("a"), node("a")], "Two nodes"),
        ([node("a", after=("ghost",))], "ghost"),
        ([node("a", after=("b",)), node("b", after=("a",))], "wait for each other: a, b"),
    ],
)
def test_a_graph_that_cannot_run_is_refused(nodes: list[Node], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        GraphRun(Echo(), nodes)


graphs = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        *(
            st.tuples(
                st.sets(st.integers(0, index - 1), max_size=3) if index else st.just(set()),
                st.sampled_from(["x", "x", "x", "fail"]),
            )
            for index in range(count)
        )
    )
)


@given(graphs)
@settings(max_examples=40, deadline=None)
def test_any_graph_ends_with_one_outcome_per_node(graph: tuple[tuple[set[int], str], ...]) -> None:
    nodes = [
        node(str(index), prompt, tuple(map(str, parents)))
        for index, (parents, prompt) in enumerate(graph)
    ]
    order = [each.name for each in in_order(reversed(nodes))]
    assert all(
        order.index(parent) < order.index(each.name) for each in nodes for parent in each.after
    )
    outcomes = GraphRun(Echo(), reversed(nodes)).result(10).outcomes
    for each in nodes:
        ran = all(outcomes[parent].state == "done" for parent in each.after)
        failed = graph[int(each.name)][1] == "fail"
        assert outcomes[each.name].state == (
            "skipped" if not ran else "failed" if failed else "done"
        )


def test_independent_nodes_run_at_once_in_different_processes(pool: Pool) -> None:
    load(pool, workers=2)
    nodes = [
        Node(
            name=name,
            build=says("tokens=40 every_ms=5", worker=WorkerId(worker)),
        )
        for name, worker in (("a", "w1"), ("b", "w2"))
    ]
    result = GraphRun(pool, nodes, where=pool.place_of).result(20)
    assert result.succeeded
    assert len(result.processes) == 2
    assert result.overlaps() == [("a", "b")]
    assert result.parallelism > 1.5


def test_a_chain_does_not_overlap(pool: Pool) -> None:
    """The control of the test above."""
    load(pool, workers=2)
    nodes = [
        Node(name="a", build=says("tokens=20 every_ms=2", worker=WorkerId("w1"))),
        Node(name="b", build=says("tokens=20 every_ms=2", worker=WorkerId("w2")), after=("a",)),
    ]
    result = GraphRun(pool, nodes, where=pool.place_of).result(20)
    assert len(result.processes) == 2
    assert result.overlaps() == []
    assert result.parallelism <= 1.0


def test_prefill_and_decode_of_one_session_share_a_worker(pool: Pool) -> None:
    load(pool, workers=2)
    session = SessionId("s")
    nodes = [
        Node(name="prefill", build=says("tokens=0", session=session), max_tokens=0),
        Node(name="decode", build=says("tokens=9", session=session), after=("prefill",)),
    ]
    result = GraphRun(pool, nodes, where=pool.place_of).result(20)
    assert result.outcomes["prefill"].place == result.outcomes["decode"].place


def test_a_graph_larger_than_the_pools_bound_runs_when_callers_are_suspended(
    make_pool: MakePool,
) -> None:
    pool = make_pool(max_requests=3, backpressure="suspend")
    load(pool)
    result = GraphRun(pool, [node(str(index), "tokens=2") for index in range(40)]).result(20)
    assert result.succeeded
