"""The one way from other threads into the window.

`Bridge.post` may be called from any thread; `arrived` delivers on the main thread, in order.
`Answers.take` does the same for futures. An answer that comes after its window has gone is dropped.
"""

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from app.ui.events import Event

T = TypeVar("T")
Use = Callable[[Any], None]
_log = logging.getLogger(__name__)


class Bridge(QObject):
    arrived = Signal(object)
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Always queued, from the main thread too: an event never arrives inside the verb
        # that caused it.
        self._posted.connect(self.arrived, Qt.ConnectionType.QueuedConnection)

        self._open = True

    def post(self, event: Event) -> None:
        _emit(self._posted, event)

    def close(self) -> None:
        """The window is closing: the rooms below still end their work, panels hear no more."""
        if self._open:
            self._open = False
            self._posted.disconnect(self.arrived)


class Answers(QObject):
    """Takes futures' results to the main thread; its owner's death drops what is still coming."""

    _came = Signal(object, object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._came.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def take(
        self,
        future: "Future[T]",
        use: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        future.add_done_callback(lambda done: _emit(self._came, done, use, failed))

    def _deliver(
        self, done: "Future[Any]", use: Use, failed: Callable[[BaseException], None] | None
    ) -> None:
        try:
            result = done.result()
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - whatever the job raised is the answer
            if failed is not None:
                failed(error)
            else:
                _log.error("an answer for the window failed", exc_info=error)
            return
        use(result)


def _emit(signal: Any, *values: object) -> None:
    # Qt deletes the window's objects while other threads still finish their work: that the
    # receiver is gone is then the normal end, and there is nobody left to tell.
    try:
        signal.emit(*values)
    except RuntimeError:
        _log.debug("dropped an event for a closed window")
