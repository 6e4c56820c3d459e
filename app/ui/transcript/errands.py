"""Slow things done beside the main thread: loading a library, drawing a formula.

The queue lives on the main thread; its worker thread exists only while there is work, touches no
Qt object and reports through one queued signal. Work that raises is a bug and shows as one.
"""

import threading
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal


class Errands(QObject):
    done = Signal()  # everything that was asked for so far

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        return self._thread is not None

    def add(self, errand: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.append(errand)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="errands")
                self._thread.start()

    def close(self) -> None:
        """Forget what waits and let the thread end; at most one errand is still being run."""
        with self._lock:
            self._waiting.clear()
            thread = self._thread
        if thread:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                errand = self._waiting.popleft()
            errand()
            if not self._waiting:
                self.done.emit()
