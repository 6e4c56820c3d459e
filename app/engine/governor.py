"""How many threads the next step uses, learned from the steps before it.

Owned by the decode thread. A fixed count collapses when something else uses a core, so now
and then one step is spent on another count within the budget. Steps are only compared with
steps of the same number of tokens: the table of their costs is what a later padding or
speculation would read.
"""

_PROBE_EVERY = 24
_BETTER = 0.93  # changing has to be worth it
_LARGEST_MEASURED = 64  # prefill is bound by arithmetic: it takes the whole budget


class Governor:
    def __init__(self, budget: int) -> None:
        self._counts = sorted({budget, max(1, budget - 1), max(1, budget // 2)}, reverse=True)
        self._best = self._counts[0]
        self._steps = 0
        self._used = self._best
        self._costs: dict[int, dict[int, float]] = {}  # by tokens, then by threads: seconds

    def threads(self, tokens: int) -> int:
        """The count for a step of so many tokens."""
        if tokens > _LARGEST_MEASURED:
            self._used = self._counts[0]
            return self._used
        self._steps += 1
        others = [count for count in self._counts if count != self._best]
        probing = others and self._steps % _PROBE_EVERY == 0
        turn = self._steps // _PROBE_EVERY
        self._used = others[turn % len(others)] if probing else self._best
        return self._used

    def observe(self, tokens: int, seconds: float) -> None:
        if tokens > _LARGEST_MEASURED:
            return
        costs = self._costs.setdefault(tokens, {})
        before = costs.get(self._used)
        if before is None:
            costs[self._used] = seconds
        else:
            mean = 0.7 * before + 0.3 * seconds
            # A rare probe may have hit a hiccup: believe its better half.
            costs[self._used] = mean if self._used == self._best else min(seconds, mean)
        self._choose(costs)

    def _choose(self, costs: dict[int, float]) -> None:
        current = costs.get(self._best)
        if current is None:
            return
        count, cost = min(costs.items(), key=lambda item: item[1])
        if cost < _BETTER * current:
            self._best = count
