"""What the storage section asks of the disk and the database: elsewhere, answered by futures.

Verbs may be called on the main thread and return at once; the work is done one at a time.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec

from app.core.ids import ConversationId
from app.core.paths import Folders
from app.storage import backup, conversations, restoring
from app.storage.backup import Backup
from app.storage.database import Database, Tx
from app.storage.transfer import exporting, reading
from app.storage.transfer.exporting import Format
from app.storage.transfer.importing import Outcome, import_file

UNTITLED = "Untitled chat"


class Sizes(msgspec.Struct, frozen=True):
    """In bytes, but for the counts."""

    chats: int
    backups: int
    backup_count: int
    snapshots: int
    logs: int
    trashed: int  # chats


class Preview(msgspec.Struct, frozen=True):
    """What is in a file, before anything of it is saved."""

    path: Path
    titles: tuple[str, ...]
    messages: int


class Stores:
    def __init__(self, db: Database, folders: Folders, changed: Callable[[], None]) -> None:
        """`changed` is called on the lane's thread when chats came or went."""
        self._changed = changed
        self._db = db
        self._folders = folders
        self._lane = ThreadPoolExecutor(1, "stores")

    def close(self) -> None:
        self._lane.shutdown(wait=True, cancel_futures=True)

    @property
    def data_folder(self) -> Path:
        return self._folders.data

    # -- what there is

    def sizes(self) -> "Future[Sizes]":
        return self._lane.submit(self._sizes)

    def _sizes(self) -> Sizes:
        database = self._folders.database
        backups = [each.path for each in backup.find(database)]
        return Sizes(
            chats=sum(_size(database.with_name(database.name + tail)) for tail in ("", "-wal")),
            backups=sum(map(_size, backups)),
            backup_count=len(backups),
            snapshots=_total(self._folders.snapshots),
            logs=_total(self._folders.logs),
            trashed=self._db.read(lambda tx: conversations.count(tx, "trash")).result(),
        )

    def backups(self) -> "Future[list[Backup]]":
        return self._lane.submit(lambda: backup.find(self._folders.database))

    # -- what can be done

    def back_up(self) -> "Future[Backup]":
        return self._lane.submit(lambda: backup.make(self._folders.database, "manual"))

    def restore_at_start(self, wanted: Path) -> "Future[None]":
        return self._lane.submit(lambda: restoring.ask(self._folders.database, wanted))

    def keep_as_it_is(self) -> "Future[None]":
        return self._lane.submit(lambda: restoring.forget(self._folders.database))

    def empty_trash(self) -> "Future[int]":
        """How many chats are gone."""

        def empty() -> int:
            count = self._db.read(lambda tx: conversations.count(tx, "trash")).result()
            ever = conversations.now_ms() + 1
            while self._db.write(lambda tx: conversations.purge_trashed(tx, ever)).result():
                pass
            self._changed()
            return count

        return self._lane.submit(empty)

    def export(
        self, ids: Sequence[ConversationId], format: Format, target: Path
    ) -> "Future[list[Path]]":
        """No ids: every chat outside the trash."""

        def write() -> list[Path]:
            chosen = ids or self._db.read(exporting.all_ids).result()
            return exporting.export(self._db, chosen, format, target)

        return self._lane.submit(write)

    def to_export(self, ids: Sequence[ConversationId]) -> "Future[tuple[str, ...]]":
        """The titles of what `export` would write."""

        def titles(tx: Tx) -> tuple[str, ...]:
            chosen = ids or exporting.all_ids(tx)
            return tuple(conversations.get(tx, each).title or UNTITLED for each in chosen)

        return self._db.read(titles)

    def preview(self, path: Path) -> "Future[Preview]":
        def look() -> Preview:
            found = reading.read(path)
            titles = tuple(chat.title or UNTITLED for chat in found)
            return Preview(path, titles, sum(len(chat.messages) for chat in found))

        return self._lane.submit(look)

    def bring_in(self, path: Path, progress: Callable[[int, int], None]) -> "Future[Outcome]":
        """`progress` is called on the lane's thread."""

        def save() -> Outcome:
            try:
                return import_file(self._db, path, progress)
            finally:
                self._changed()

        return self._lane.submit(save)

    def clear_snapshots(self) -> "Future[None]":
        """What is gone is read again when its chat goes on."""

        def clear() -> None:
            for path in self._folders.snapshots.rglob("*"):
                if path.is_file():
                    path.unlink(missing_ok=True)

        return self._lane.submit(clear)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _total(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*") if path.is_file())
