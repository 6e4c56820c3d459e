"""Pulling a list down over its top end looks again, as F5 does. Main thread.

Only a movement that begins at the top counts: one that has scrolled there goes no further.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractItemView

_FAR = 360  # three notches of a wheel
_REST_S = 0.4  # after which another movement begins

Clock = Callable[[], float]


class Pull(QObject):
    pulled = Signal()

    def __init__(self, view: QAbstractItemView, clock: Clock = time.monotonic) -> None:
        super().__init__(view)
        self._view = view
        self._clock = clock
        self._moved_at = 0.0
        self._far = 0
        self._counts = False  # this movement began at the top, and has not looked again yet
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and event.type() == QEvent.Type.Wheel:
            self._moved(event.pixelDelta().y() or event.angleDelta().y())
        return super().eventFilter(watched, event)

    def _moved(self, down: int) -> None:
        now = self._clock()
        if now - self._moved_at > _REST_S:
            bar = self._view.verticalScrollBar()
            self._counts, self._far = bar.value() == bar.minimum(), 0
        self._moved_at = now
        self._far += down
        if self._counts and self._far >= _FAR:
            self._counts = False
            self.pulled.emit()
