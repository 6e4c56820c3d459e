"""How many connections a download uses: one, and more only while each step made it faster.

Pure but for the clock it is given. Always true: there is at least one, and after trouble there is
one for a while.
"""

MOST = 4
_GAIN = 1.2
_SETTLED_S, _SETBACK_S = 60.0, 30.0


class Pace:
    def __init__(self, now: float, most: int = MOST, trial_s: float = 3.0) -> None:
        self._most, self._trial_s, self._ramp_s = most, trial_s, trial_s / 3
        self._count = 1
        self._before: tuple[int, float] | None = None  # connections and speed, during a trial
        self._settled_until = 0.0
        self._since, self._base = now + self._ramp_s, -1

    def wanted(self, now: float, received: int, *, limited: bool = False) -> int:
        """`limited`: something else than the connection is the limit now."""
        if limited and self._count > 1:
            self._change(now, 1)
            self._settled_until = now + _SETBACK_S
        if now < self._since:
            return self._count
        if self._base < 0:
            self._since, self._base = now, received
        if now - self._since >= self._trial_s:
            self._judge(now, (received - self._base) / (now - self._since), limited=limited)
        return self._count

    def setback(self, now: float) -> None:
        self._change(now, 1)
        self._settled_until = now + _SETBACK_S

    def _judge(self, now: float, speed: float, *, limited: bool) -> None:
        if self._before and speed < _GAIN * self._before[1]:
            self._settled_until = now + _SETTLED_S
            self._change(now, self._before[0])
        elif not limited and now >= self._settled_until and self._count < self._most:
            before = (self._count, speed)
            self._change(now, min(2 * self._count, self._most))
            self._before = before
        else:
            self._change(now, self._count)

    def _change(self, now: float, count: int) -> None:
        self._before = None
        ramp = self._ramp_s if count != self._count else 0.0
        self._count, self._since, self._base = count, now + ramp, -1
