"""The one way out of the engine process: frames of events, from the io and decode threads."""

import threading
from collections.abc import Iterable
from typing import BinaryIO

from app.core.frames import encode
from app.core.protocol import Event


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
