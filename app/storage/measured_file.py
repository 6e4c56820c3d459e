"""The loads that were measured, in one small JSON file; lost, it fills again by itself.

Any thread, one at a time.
"""

import contextlib
import threading
from pathlib import Path

import msgspec

from app.core.calibration import MeasuredLoad, with_load
from app.storage.files import replace_with


class MeasuredFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def load(self) -> tuple[MeasuredLoad, ...]:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[MeasuredLoad, ...])
        return ()

    def add(self, measured: MeasuredLoad) -> None:
        with self._lock, contextlib.suppress(OSError):  # the load itself went well
            replace_with(self._path, msgspec.json.encode(with_load(self.load(), measured)))
