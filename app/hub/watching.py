"""Keeps a library current: looks again every few seconds, on a thread of its own.

A look costs one `stat` per folder and model file; only when one of them changed are the folders
listed again, and only changed files are read. The sink is called on that thread and must not
block. Always true: after `close` no call comes any more.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.hub.library import Change, Library, compare, scan
from app.hub.places import Place
from app.hub.scan_cache import scan_again

INTERVAL_S = 3.0
_MOMENT_NS = 50_000_000

_log = logging.getLogger(__name__)

Sink = Callable[[Library, Change], None]


class Watch:
    """The first call of the sink is the first scan, whatever it found."""

    def __init__(
        self,
        places: Callable[[], Sequence[Place]],
        sink: Sink,
        interval_s: float = INTERVAL_S,
        *,
        cache: Path | None = None,
    ) -> None:
        self._places, self._sink, self._interval_s = places, sink, interval_s
        self._cache = cache
        self._library: Library | None = None
        self._settled: Sequence[Place] | None = None  # what the library is known to show
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="library-watch")
        self._thread.start()

    def look_now(self) -> None:
        """Something is known to have changed: a download ended, a folder was added."""
        self._wake.set()

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing:
            try:
                self._look()
            except Exception:  # noqa: BLE001 - logged; the next look may go well
                _log.exception("The models could not be looked through")
            self._wake.wait(self._interval_s)
            self._wake.clear()

    def _look(self) -> None:
        places = tuple(self._places())
        old = self._library
        if old is not None and self._settled == places and _is_current(old):
            return
        started_ns = time.time_ns()
        if old is None and self._cache is not None:
            new = scan_again(places, self._cache)
        else:
            new = scan(places, old)
        # What changed in the same moment may carry the same time: then once more.
        newest = max(
            (*new.folders.values(), *(f.modified_ns for f in new.files.values())), default=0
        )
        self._settled = places if newest < started_ns - _MOMENT_NS else None
        self._library = new
        change = compare(old or Library(), new)
        if (change or old is None) and not self._closing:
            self._sink(new, change)


def _is_current(library: Library) -> bool:
    """A folder's own time tells of new and removed names, a file's of what grows in place."""
    folders = all(_mark(path)[0] == time_ns for path, time_ns in library.folders.items())
    return folders and all(
        _mark(path) == (file.modified_ns, file.size) for path, file in library.files.items()
    )


def _mark(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0  # not there, which is a state like any other
    return status.st_mtime_ns, status.st_size
