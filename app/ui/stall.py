"""The watchdog of the main thread: how long it kept the window from answering.

A short timer on the watched thread notes how late it comes. Each stall carries the wall time
and the processor time this thread spent in it: a busy machine makes the first large, only our
own work makes the second so. Used by tests and the window's benchmark, off otherwise.
"""

import time

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 4


class Stall(msgspec.Struct, frozen=True):
    wall_ms: float
    cpu_ms: float


class Watchdog(QObject):
    def __init__(self, limit_ms: float = 16.0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._limit_ms = limit_ms
        self._stalls: list[Stall] = []
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._wall = self._cpu = 0.0

    def start(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.thread_time()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        self._beat()

    @property
    def stalls(self) -> tuple[Stall, ...]:
        """Those in which the thread's own work took longer than the limit."""
        return tuple(stall for stall in self._stalls if stall.cpu_ms > self._limit_ms)

    @property
    def worst(self) -> Stall:
        return max(self._stalls, key=lambda stall: stall.cpu_ms, default=Stall(0.0, 0.0))

    def _beat(self) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        stall = Stall((wall - self._wall) * 1000 - BEAT_MS, (cpu - self._cpu) * 1000)
        if stall.wall_ms > BEAT_MS:
            self._stalls.append(stall)
        self._wall, self._cpu = wall, cpu
