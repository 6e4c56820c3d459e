"""How often something may be repainted, as a named object instead of scattered timers.

Main thread. `request()` may be called any number of times; the action runs at most once per
interval, always after the last request, and never inside `request()` itself. An action that turns
out dear runs less often: it takes a quarter of the thread's time at most.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

_EVERY = 4  # times what it takes, from one run to the next


class Throttle(QObject):
    def __init__(self, action: Callable[[], None], interval_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._action = action
        self._interval_ms = interval_ms
        self._ran_at = 0.0
        self._rest_ms = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._run)

    def request(self) -> None:
        if not self._timer.isActive():
            elapsed_ms = (time.monotonic() - self._ran_at) * 1000
            pause_ms = max(self._interval_ms, self._rest_ms)
            self._timer.start(max(0, round(pause_ms - elapsed_ms)))

    def flush(self) -> None:
        """Run now what was requested, if anything was."""
        if self._timer.isActive():
            self._timer.stop()
            self._run()

    def cancel(self) -> None:
        self._timer.stop()

    def _run(self) -> None:
        started, self._ran_at = time.thread_time(), time.monotonic()
        self._action()
        self._rest_ms = _EVERY * (time.thread_time() - started) * 1000
