"""A graph on its way: starts what is ready, waits for what ends, until nothing is left.

One thread per run owns its state; sinks only drop events into its queue, so a generator that
suspends its callers suspends this thread and nobody else. A run always ends, and every node
has exactly one outcome.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable

import msgspec

from app.core.errors import AppError, ErrorInfo, InvalidRequest, to_info
from app.core.generator import Generator
from app.core.ids import RequestId, new_request_id
from app.core.protocol import Delta, Failed, Finished, RequestEvent, Stats, is_terminal
from app.workers.dag import FailurePolicy, GraphResult, Node, NodeState, Outcome, in_order
from app.workers.metrics import Place

_AT_ONCE = 64


class _Cancel:
    """Somebody wants the whole run to end."""


class _Running:
    """One node that is being answered; its sink runs on the answering side's threads."""

    def __init__(
        self, node: Node, ready_at: float, reserved: int, tell: Callable[["_Running"], None]
    ) -> None:
        self.node = node
        self.request_id: RequestId = new_request_id()
        self.ready_at = ready_at
        self.reserved = reserved
        self.started_at = time.monotonic()
        self.first_at = 0.0
        self.ended_at = 0.0
        self.place: Place | None = None
        self.end: Finished | Failed | None = None
        self._deltas: list[Delta] = []
        self._tell = tell

    @property
    def text(self) -> str:
        return "".join(delta.text for delta in self._deltas)

    @property
    def reasoning(self) -> str:
        return "".join(delta.reasoning for delta in self._deltas)

    @property
    def tokens(self) -> int:
        return sum(delta.tokens for delta in self._deltas)

    def sink(self, where: Callable[[RequestId], Place | None], event: RequestEvent) -> None:
        if isinstance(event, Delta):
            self.first_at = self.first_at or time.monotonic()
            self._deltas.append(event)
        elif isinstance(event, Finished | Failed):
            self.ended_at = time.monotonic()
            self.place = where(self.request_id)
            self.end = event
            self._tell(self)
        else:
            assert not is_terminal(event), event


class GraphRun:
    """A graph on its way. `token_budget` bounds what all nodes together may generate."""

    def __init__(
        self,
        generator: Generator,
        nodes: Iterable[Node],
        *,
        policy: FailurePolicy = "continue_independent",
        token_budget: int | None = None,
        where: Callable[[RequestId], Place | None] = lambda _: None,
    ) -> None:
        self._generator = generator
        self._waiting = {node.name: node for node in in_order(nodes)}
        self._policy: FailurePolicy = policy
        self._tokens_left = token_budget
        self._where = where
        self._running: dict[RequestId, _Running] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._events: queue.SimpleQueue[_Running | _Cancel] = queue.SimpleQueue()
        self._began = time.monotonic()
        self._wall_s = 0.0
        self._thread = threading.Thread(target=self._run, name="graph", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ends the whole graph: what runs is stopped, what waits is not started."""
        self._events.put(_Cancel())

    def result(self, timeout_s: float | None = None) -> GraphResult:
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise TimeoutError("the graph has not ended")
        return GraphResult(dict(self._outcomes), self._wall_s)

    # ------------------------------------------------------------ on the run's thread

    def _run(self) -> None:
        while True:
            self._start_ready()
            if not self._running:
                break
            match self._events.get():
                case _Cancel():
                    self._end_all("cancelled", "the graph was cancelled")
                case _Running() as ended:
                    self._commit(ended)
        assert not self._waiting
        self._wall_s = time.monotonic() - self._began

    def _start_ready(self) -> None:
        """Everything that can start now; with nothing running what is left never can."""
        for node in [*self._waiting.values()]:
            if node.name not in self._waiting:  # a builder failed, and fast
                break
            parents = [self._outcomes.get(name) for name in node.after]
            failed = next((each for each in parents if each and each.state != "done"), None)
            if failed:
                self._skip(node, f"{failed.node} is not done")
            elif all(parents) and len(self._running) < _AT_ONCE:
                if self._tokens_left != 0:
                    self._start(node)
                elif not self._running:
                    self._skip(node, "the token budget is used up")

    def _start(self, node: Node) -> None:
        del self._waiting[node.name]
        left = self._tokens_left
        allowed = node.max_tokens if left is None else min(node.max_tokens, left)
        ready_at = max(
            (self._began + self._outcomes[name].ended_s for name in node.after),
            default=self._began,
        )
        running = _Running(node, ready_at, allowed, self._events.put)
        try:
            request = node.build({name: self._outcomes[name] for name in node.after})
        except Exception as error:  # noqa: BLE001  (the builder is the caller's code)
            self._fail(node, error)
            return
        if left is not None:
            self._tokens_left = left - allowed
        self._running[running.request_id] = running
        request = msgspec.structs.replace(
            request, request_id=running.request_id, max_tokens=allowed
        )
        self._generator.submit(request, lambda event: running.sink(self._where, event))

    def _commit(self, ended: _Running) -> None:
        del self._running[ended.request_id]
        if self._tokens_left is not None:
            self._tokens_left += max(0, ended.reserved - ended.tokens)
        outcome = self._judge(ended)
        self._outcomes[ended.node.name] = outcome
        if outcome.state == "failed" and self._policy == "fail_fast":
            self._end_all("skipped", f"{outcome.node} failed")

    def _judge(self, ended: _Running) -> Outcome:
        state: NodeState = "done"
        error: ErrorInfo | None = None
        if isinstance(ended.end, Failed):
            state, error = "failed", ended.end.error
        elif ended.end and ended.end.reason == "cancelled":
            state = "cancelled"
        return Outcome(
            node=ended.node.name,
            state=state,
            text=ended.text,
            reasoning=ended.reasoning,
            tokens=ended.tokens,
            stats=ended.end.stats if isinstance(ended.end, Finished) else Stats(),
            error=error,
            place=ended.place,
            ready_s=ended.ready_at - self._began,
            started_s=ended.started_at - self._began,
            first_s=ended.first_at - self._began if ended.first_at else 0.0,
            ended_s=ended.ended_at - self._began,
        )

    def _end_all(self, state: NodeState, why: str) -> None:
        for node in self._waiting.values():
            self._outcomes[node.name] = Outcome(node=node.name, state=state, why=why)
        self._waiting.clear()
        for request_id in self._running:
            self._generator.cancel(request_id)

    def _skip(self, node: Node, why: str) -> None:
        del self._waiting[node.name]
        self._outcomes[node.name] = Outcome(node=node.name, state="skipped", why=why)

    def _fail(self, node: Node, error: Exception) -> None:
        known = (
            error
            if isinstance(error, AppError)
            else InvalidRequest(f"The request of node {node.name} could not be built ({error}).")
        )
        self._outcomes[node.name] = Outcome(node=node.name, state="failed", error=to_info(known))
        if self._policy == "fail_fast":
            self._end_all("skipped", f"{node.name} failed")
