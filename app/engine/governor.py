"""How many threads the next step uses, learned from the steps before it.

Owned by the decode thread. A fixed count collapses when something else uses a core, so now
and then one step is spent on another count within the budget. Steps are only compared with
steps of the same number of tokens: the table of their costs is what a later padding or
speculation would read.
"""

from collections import defaultdict, deque
from statistics import median

_PROBE_EVERY = 24
_PROBE_SOON = 3  # after a change, which one slow step may have caused; then ever more rarely
_BETTER = 0.93  # changing has to be worth it
_REMEMBERED = 5  # steps
_LARGEST_MEASURED = 64  # prefill is bound by arithmetic: it takes the whole budget


class Governor:
    def __init__(self, budget: int) -> None:
        self._counts = sorted({budget, max(1, budget - 1), max(1, budget // 2)}, reverse=True)
        self._best = self._counts[0]
        self._used = self._best
        self._probes = 0
        self._wait = self._left = _PROBE_EVERY  # steps between two probes; until the next one
        # Seconds by tokens, then by threads: the latest steps.
        self._costs: dict[int, dict[int, deque[float]]] = defaultdict(
            lambda: {count: deque(maxlen=_REMEMBERED) for count in self._counts}
        )

    def threads(self, tokens: int) -> int:
        """The count for a step of so many tokens."""
        if tokens > _LARGEST_MEASURED:
            self._used = self._counts[0]
            return self._used
        self._left -= 1
        self._used = self._best
        others = [count for count in self._counts if count != self._best]
        if others and self._left <= 0:
            self._probes += 1
            self._left = self._wait = min(2 * self._wait, _PROBE_EVERY)
            self._used = others[self._probes % len(others)]
        return self._used

    def observe(self, tokens: int, seconds: float) -> None:
        if tokens > _LARGEST_MEASURED:
            return
        costs = self._costs[tokens]
        costs[self._used].append(seconds)
        mine = costs[self._best]
        if len(mine) < _PROBE_SOON:
            return  # one slow step says nothing
        # Others are seen rarely, so that a hiccup would count for long: their better half.
        others = {
            count: min(list(seen)[-2:])
            for count, seen in costs.items()
            if seen and count != self._best
        }
        count = min(others, key=others.__getitem__, default=self._best)
        if count != self._best and others[count] < _BETTER * median(mine):
            self._best = count
            self._left = self._wait = _PROBE_SOON
            for kept in self._costs.values():
                kept[count].clear()  # what it costs now, not what it cost when it was left
