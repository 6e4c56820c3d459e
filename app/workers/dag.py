"""A batch of requests as a graph: a node runs when all it depends on is done.

Nodes of one session share a worker and its KV (prefill, then decode); a node that names a
worker goes there. Values only; `dag_run` runs them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from app.core.errors import ErrorInfo, InvalidRequest
from app.core.protocol import Generate, Stats
from app.workers.metrics import Place

FailurePolicy = Literal["continue_independent", "fail_fast"]
NodeState = Literal["done", "failed", "skipped", "cancelled"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one node; times in seconds since the run began."""

    node: str
    state: NodeState
    text: str = ""
    reasoning: str = ""
    tokens: int = 0
    stats: Stats = Stats()
    error: ErrorInfo | None = None
    why: str = ""  # of a node that was not run
    place: Place | None = None
    ready_s: float = 0.0  # when its last parent was done
    started_s: float = 0.0
    first_s: float = 0.0
    ended_s: float = 0.0


Results = Mapping[str, Outcome]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """`build` makes the request from the parents' outcomes; its request id is replaced."""

    name: str
    build: Callable[[Results], Generate]
    after: tuple[str, ...] = ()
    max_tokens: int = 256


class GraphResult(msgspec.Struct, frozen=True):
    outcomes: dict[str, Outcome]
    wall_s: float

    @property
    def succeeded(self) -> bool:
        return all(outcome.state == "done" for outcome in self.outcomes.values())

    @property
    def tokens(self) -> int:
        return sum(outcome.tokens for outcome in self.outcomes.values())

    @property
    def busy_s(self) -> float:
        return sum(each.ended_s - each.started_s for each in self._run_nodes())

    @property
    def parallelism(self) -> float:
        """How many nodes ran at once on average; 1.0 is one after the other."""
        return self.busy_s / self.wall_s if self.wall_s else 0.0

    @property
    def processes(self) -> frozenset[int]:
        return frozenset(each.place.pid for each in self._run_nodes() if each.place)

    def overlaps(self) -> list[tuple[str, str]]:
        """Pairs of nodes that ran at the same time in different processes."""
        ran = sorted(self._run_nodes(), key=lambda each: each.started_s)
        return [
            (first.node, second.node)
            for index, first in enumerate(ran)
            for second in ran[index + 1 :]
            if second.started_s < first.ended_s and first.place != second.place
        ]

    def _run_nodes(self) -> list[Outcome]:
        return [each for each in self.outcomes.values() if each.started_s]


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Parents before children; a graph that cannot run is refused with the reason."""
    waiting: dict[str, Node] = {}
    for node in nodes:
        if node.name in waiting:
            raise InvalidRequest(f"Two nodes are called {node.name}.")
        waiting[node.name] = node
    for node in waiting.values():
        for parent in node.after:
            if parent not in waiting:
                raise InvalidRequest(f"{node.name} waits for {parent}, which is not there.")
    ordered: dict[str, Node] = {}
    while waiting:
        free = [node for node in waiting.values() if all(name in ordered for name in node.after)]
        if not free:
            raise InvalidRequest(f"These nodes wait for each other: {', '.join(sorted(waiting))}.")
        for node in free:
            ordered[node.name] = waiting.pop(node.name)
    return [*ordered.values()]
