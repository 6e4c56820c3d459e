"""The one way out of the engine process: frames of events, from the io and decode threads."""

import logging
import threading
from collections.abc import Iterable
from typing import BinaryIO

from app.core.errors import KnownError, to_info
from app.core.frames import encode
from app.core.ids import RequestId
from app.core.protocol import Event, Failed

_log = logging.getLogger(__name__)


def failed(request_id: RequestId, error: Exception) -> Failed:
    """How a request ends that an error ended; what is a bug of ours goes to the log as well."""
    if not isinstance(error, KnownError):
        _log.error("a request failed", exc_info=error)
    return Failed(request_id=request_id, error=to_info(error))


class Outbox:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, events: Iterable[Event]) -> None:
        """A parent that stopped reading blocks us here: that is the backpressure."""
        frame = memoryview(encode(list(events)))
        with self._lock:
            while frame:
                frame = frame[self._stream.write(frame) :]
