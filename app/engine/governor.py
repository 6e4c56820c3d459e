"""How many threads the next step uses, learned from the steps before it.

Owned by the decode thread. A fixed count collapses when something else uses a core, so now
and then one step is spent on another count within the budget: seldom while the threads keep
their pace, at once when they lose it. Steps are only compared with steps of the same number of
tokens: the table of their costs is what a later padding or speculation would read.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from statistics import median

_PROBE_EVERY = 96
_JUDGED = 3  # one slow step says nothing
_BETTER = 0.93  # changing has to be worth it
_SLOWER = 1.25  # than usual: somebody else wants a core
_PAUSE_S = 1.0  # after it the machine may be another one
_LARGEST_MEASURED = 64  # prefill is bound by arithmetic: it takes the whole budget


class Governor:
    def __init__(self, budget: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts = sorted({budget, max(1, budget - 1), max(1, budget // 2)}, reverse=True)
        self._best = self._used = self._counts[0]
        self._clock = clock
        self._last = clock()
        self._probes = 0
        self._wait = self._left = _PROBE_EVERY // 4  # steps between two probes; until the next one
        self._usual: dict[int, float] = {}  # seconds of the best count, by tokens
        # Seconds of the latest steps, by tokens, then by threads.
        self._costs: dict[int, dict[int, deque[float]]] = defaultdict(
            lambda: {count: deque(maxlen=_JUDGED) for count in self._counts}
        )

    def threads(self, tokens: int, *, mixed: bool = False) -> int:
        """The count for a step of so many tokens; `mixed`: with a prompt beside replies, when a
        slow step would be felt."""
        if tokens > _LARGEST_MEASURED:
            self._used = self._counts[0]
            return self._used
        now = self._clock()
        if now - self._last > _PAUSE_S and self._best != self._counts[0]:
            self._left, self._probes = 0, -1  # the whole budget first
        self._last = now
        self._left -= 1
        self._used = self._best
        others = [count for count in self._counts if count != self._best]
        comparable = len(self._costs[tokens][self._best]) == _JUDGED
        if others and comparable and self._left <= 0 and not mixed:
            self._probes += 1
            self._left = self._wait = min(2 * self._wait, _PROBE_EVERY)
            self._used = others[self._probes % len(others)]
        return self._used

    def observe(self, tokens: int, seconds: float) -> None:
        if tokens > _LARGEST_MEASURED:
            return
        costs = self._costs[tokens]
        costs[self._used].append(seconds)
        if len(costs[self._best]) < _JUDGED:
            return
        usual = median(costs[self._best])
        if usual > _SLOWER * self._usual.setdefault(tokens, usual):
            self._left = 0
        if self._used != self._best or usual < self._usual[tokens]:
            self._usual[tokens] = usual
        # Others are seen rarely, so that a hiccup would count for long: their better half.
        others = {
            count: min(list(seen)[-2:])
            for count, seen in costs.items()
            if seen and count != self._best
        }
        count = min(others, key=others.__getitem__, default=self._best)
        if count != self._best and others[count] < _BETTER * usual:
            self._take(count)

    def _take(self, count: int) -> None:
        self._best = count
        self._left = self._wait = _JUDGED  # the change may have been a mistake
        self._usual.clear()
        for costs in self._costs.values():
            costs[count].clear()  # what it costs now, not what it cost when it was left
