"""What a database needs while the app runs: a daily backup, old trash purged.

Runs on a thread of its own, a while after the start and then every hour, through the writer
in small jobs and through a connection of its own for the backup. `close` ends it at once,
in the middle of a backup too: an unfinished one is removed.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from app.core.errors import StorageError
from app.storage import backup, conversations
from app.storage.database import Database

_FIRST_S, _EVERY_S = 60.0, 3600.0
_TRASH_MS = 30 * 86_400_000

_log = logging.getLogger(__name__)


class Upkeep:
    def __init__(
        self,
        db: Database,
        path: Path,
        first_s: float = _FIRST_S,
        after_purge: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = db
        self._after_purge = after_purge
        self._path = path
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(first_s,), name="upkeep")
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _work(self, first_s: float) -> None:
        wait_s = first_s
        while not self._closing.wait(wait_s):
            # Where there is no room for a backup, the trash is emptied all the same.
            for work in (self._back_up, self._empty_trash):
                try:
                    work()
                except StorageError as error:
                    if not self._closing.is_set():
                        _log.warning("upkeep did not finish: %s", error)
            wait_s = _EVERY_S

    def _back_up(self) -> None:
        backup.make_if_due(self._path, stop=self._closing.is_set)

    def _empty_trash(self) -> None:
        before_ms = conversations.now_ms() - _TRASH_MS
        while not self._closing.is_set():
            if not self._db.write(lambda tx: conversations.purge_trashed(tx, before_ms)).result():
                self._after_purge()
                break
