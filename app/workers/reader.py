"""The only reader of one engine process's pipe, on a QThread of its own.

Needs no QCoreApplication. Ends when the stream does; whoever started it joins it, because a
QThread that is still running when Qt is torn down aborts the app.
"""

import logging
from collections.abc import Callable

from PySide6.QtCore import QThread

from app.core.frames import BrokenFrame, ByteSource, read_events
from app.core.protocol import Event

_JOIN_MS = 1000

_log = logging.getLogger(__name__)
_unjoined: list["Reader"] = []  # destroying a QThread that still runs aborts the app


class Reader(QThread):
    def __init__(
        self,
        stream: ByteSource,
        receive: Callable[[list[Event]], None],
        ended: Callable[[bool], None],
    ) -> None:
        super().__init__()
        self._stream = stream
        self._receive = receive
        self._ended = ended

    def run(self) -> None:
        broken = True
        try:
            while (events := read_events(self._stream)) is not None:
                self._receive(events)
            broken = False
        except (BrokenFrame, OSError, ValueError) as error:
            _log.warning("an engine's stream broke: %s", error)
        finally:
            self._ended(broken)

    def join(self) -> None:
        if not self.wait(_JOIN_MS):
            _log.error("a reader thread did not end")
            _unjoined.append(self)
