"""The database: one writer thread with the only writing connection, and a lane of readers.

Jobs are functions of a transaction; they run on the lane's own threads and their outcome
comes back as a Future. A write job is one transaction: all of it is on disk when its future
succeeds, none of it when it fails. Readers never wait for the writer, nor it for them.
"""

import logging
import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from app.core.errors import StorageError
from app.core.ids import ConversationId
from app.storage import backup, migrations, search_index
from app.storage.connection import APPLICATION_ID, Tx, open_reader, open_writer, read_stamp
from app.storage.errors import DAMAGED, DamagedDatabase, NewerDatabase, known_errors

__all__ = ["Database", "Reader", "Tx", "is_temporary"]

T = TypeVar("T")

_READERS = 2
_STORED_IDS = 1 << 40  # temporary ones are above
_log = logging.getLogger(__name__)


class Reader:
    """Read-only connections, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        refuse_foreign(path)
        self._idle: queue.SimpleQueue[Tx] = queue.SimpleQueue()
        with known_errors(path):
            for _ in range(_READERS):
                self._idle.put(open_reader(path))
            tx = self._idle.get()
            current = migrations.version(tx) == migrations.latest()
            self._idle.put(tx)
        if not current:
            self._close_idle()
            raise StorageError(
                "These chats are of another version. Start the app once, then retry."
            )
        self._path = path
        self._threads = ThreadPoolExecutor(_READERS, "db-read")

    def read(self, job: Callable[[Tx], T]) -> Future[T]:
        return self._threads.submit(self._run, job)

    def _run(self, job: Callable[[Tx], T]) -> T:
        tx = self._idle.get()
        try:
            with known_errors(self._path):
                tx.begin(writing=False)
                return job(tx)
        finally:
            tx.roll_back()
            self._idle.put(tx)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._close_idle()

    def _close_idle(self) -> None:
        while not self._idle.empty():
            self._idle.get().close()


class Database:
    """The owner's door: writes and reads. Only one process may hold it (see `instance`).

    Without a path it is in memory, gone when closed: one connection serves both lanes, and its
    ids start above all stored ones, so that one window can show chats of both kinds.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                refuse_foreign(path)
        with known_errors(path):
            self._writer = _open_migrated(path)
        try:
            self._reader = None if path is None else Reader(path)
        except BaseException:
            self._writer.close()
            raise
        self._doubtful = False  # only on the writer's thread
        self._thread = ThreadPoolExecutor(1, "db-write")

    def write(self, job: Callable[[Tx], T]) -> Future[T]:
        return self._thread.submit(self._run, job)

    def read(self, job: Callable[[Tx], T]) -> Future[T]:
        return self.write(job) if self._reader is None else self._reader.read(job)

    def _run(self, job: Callable[[Tx], T]) -> T:
        with known_errors(self.path):
            if self._doubtful and self.path is not None:
                self._writer.close()
                self._writer = open_writer(self.path)
                self._doubtful = False
            try:
                return _in_transaction(self._writer, job)
            except (apsw.IOError, apsw.FullError):
                # The search index may keep in memory what was rolled back, and write it with
                # the next job: a connection that met a failing disk is not used again.
                self._doubtful = True
                raise

    def close(self) -> None:
        """Queued writes are finished first, queued reads are dropped."""
        self._thread.shutdown(wait=True)
        if self._reader is not None:
            self._reader.close()
        self._writer.close()


def is_temporary(conversation: ConversationId) -> bool:
    return conversation > _STORED_IDS


def refuse_foreign(path: Path) -> None:
    """Refuse another program's file or a later version's, without touching a byte."""
    try:
        stamp = read_stamp(path)
    except OSError as error:
        raise StorageError(f"The chat database cannot be read ({error.strerror}).") from error
    if stamp is None:
        raise DamagedDatabase(DAMAGED)
    application, version = stamp
    if application not in (0, APPLICATION_ID):
        raise StorageError(f"{path.name} belongs to another program; it was left as it is.")
    if version > migrations.latest():
        raise NewerDatabase("These chats were saved by a newer version of the app. Update the app.")


def _open_migrated(path: Path | None) -> Tx:
    tx = open_writer(path)
    try:
        if migrations.version(tx) > migrations.latest():
            raise NewerDatabase("These chats were saved by a newer version of the app. Update it.")
        if path is not None and 0 < migrations.version(tx) < migrations.latest():
            backup.make(path, "migration")
        while migrations.version(tx) < migrations.latest():
            migrations.migrate_one(tx)
        if path is None:
            _in_transaction(tx, _start_ids_high)
        interrupted = _in_transaction(tx, _settle)
    except (apsw.SQLError, apsw.ConstraintError) as error:
        tx.close()
        raise DamagedDatabase(f"The chat database is not as it should be ({error}).") from error
    except BaseException:
        tx.close()
        raise
    if interrupted:
        _log.warning("%d replies were interrupted by the last exit", interrupted)
    return tx


def _start_ids_high(tx: Tx) -> None:
    for table in ("conversation", "message"):
        tx.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, _STORED_IDS))


def _settle(tx: Tx) -> int:
    """Replies that no process is writing any more keep the text that was saved."""
    search_index.prepare(tx)
    interrupted = tx.run(
        """UPDATE message SET status = 'interrupted',
            text = ifnull((SELECT text FROM partial WHERE message_id = message.id), text),
            reasoning =
                ifnull((SELECT reasoning FROM partial WHERE message_id = message.id), reasoning)
        WHERE status = 'streaming'"""
    )
    tx.run("DELETE FROM partial")
    return interrupted


def _in_transaction(tx: Tx, job: Callable[[Tx], T]) -> T:
    try:
        tx.begin(writing=True)
        result = job(tx)
        tx.commit()
    except BaseException:
        tx.roll_back()
        raise
    return result
