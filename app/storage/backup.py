"""Backups: whole databases, made beside the running app, verified before they are named.

Runs on the caller's thread with a connection of its own, so neither the writer nor the
readers wait. A file in the backups folder under its final name has been opened and checked.
Restoring needs the instance lock and a closed database; what was there is set aside.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import apsw
import msgspec

from app.core.errors import StorageError
from app.storage import migrations, replacement
from app.storage.connection import APPLICATION_ID, open_reader, read_stamp
from app.storage.errors import translate
from app.storage.files import sync, sync_folder

Reason = Literal["daily", "migration", "manual"]
Stop = Callable[[], bool]

_DAY_MS = 86_400_000
_STAMP = "%Y%m%d-%H%M%S"
_SPARE_BYTES = 64 * 1024 * 1024
# Of the daily ones, the newest of each of so many days, weeks and months.
_DAYS, _WEEKS, _MONTHS = 7, 4, 3
_MIGRATIONS = 3

_log = logging.getLogger(__name__)


class Backup(msgspec.Struct, frozen=True):
    path: Path
    made_ms: int
    reason: Reason


def folder_of(database: Path) -> Path:
    return database.parent / "backups"


def make(
    database: Path, reason: Reason, now_ms: int | None = None, stop: Stop = lambda: False
) -> Backup:
    """`stop` is asked now and then; once it says so, nothing is left behind."""
    folder = folder_of(database)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _require_room(database, folder)
        made = _named(folder, time.time_ns() // 1_000_000 if now_ms is None else now_ms, reason)
        _write(database, made.path, stop)
    except OSError as error:
        raise StorageError(f"The backup could not be written ({error.strerror}).") from error
    return made


def _write(database: Path, made: Path, stop: Stop) -> None:
    unfinished = made.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        _copy(database, unfinished, stop)
        verify(unfinished, stop)
        sync(unfinished)
        unfinished.rename(made)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(made.parent)


def make_if_due(
    database: Path, now_ms: int | None = None, stop: Stop = lambda: False
) -> Backup | None:
    """The daily one, when the last is a day old; then the old ones are thinned."""
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    daily = [backup.made_ms for backup in find(database) if backup.reason == "daily"]
    if daily and 0 <= now - max(daily) < _DAY_MS:
        return None
    made = make(database, "daily", now, stop)
    thin(database)
    return made


def find(database: Path) -> list[Backup]:
    """Every backup there is, newest first."""
    found = [_parsed(path) for path in folder_of(database).glob("chats-*.sqlite3")]
    return sorted((b for b in found if b), key=lambda b: (b.made_ms, b.path.name), reverse=True)


def newest_good(database: Path) -> Backup | None:
    for backup in find(database):
        try:
            verify(backup.path)
        except StorageError as error:
            _log.warning("%s is no use: %s", backup.path.name, error)
            continue
        return backup
    return None


def verify(path: Path, stop: Stop = lambda: False) -> None:
    """Open it as it would be opened after a restore, and read every page."""
    try:
        application, version = read_stamp(path) or (0, 0)
        if application != APPLICATION_ID or not 0 < version <= migrations.latest():
            raise StorageError(f"{path.name} is not a backup this version can use.")
        tx = open_reader(path)
        tx.stop_when(stop)
        try:
            if tx.value("PRAGMA quick_check(1)") != "ok" or tx.rows("PRAGMA foreign_key_check"):
                raise StorageError(f"{path.name} is damaged and cannot be used.")
        finally:
            tx.close()
    except apsw.Error as error:
        raise translate(error) from error
    except OSError as error:
        raise StorageError(f"{path.name} cannot be read ({error.strerror}).") from error


def restore(backup: Path, database: Path) -> Path | None:
    """Put a backup in the database's place; returns where the old one was set aside."""
    verify(backup)
    _require_room(backup, database.parent)
    unfinished = database.with_suffix(".restoring")
    try:
        shutil.copyfile(backup, unfinished)
        return replacement.replace(database, unfinished)
    except OSError as error:
        raise StorageError(f"The backup could not be restored ({error.strerror}).") from error
    finally:
        unfinished.unlink(missing_ok=True)


def thin(database: Path) -> list[Path]:
    """Delete what is no longer worth its room; manual backups stay."""
    backups = find(database)
    daily = [backup for backup in backups if backup.reason == "daily"]
    kept = {
        *_newest_of(daily, _DAYS, lambda when: when.date().isoformat()),
        *_newest_of(daily, _WEEKS, lambda when: when.strftime("%G-%V")),
        *_newest_of(daily, _MONTHS, lambda when: when.strftime("%Y-%m")),
        *[backup.path for backup in backups if backup.reason == "migration"][:_MIGRATIONS],
        *[backup.path for backup in backups if backup.reason == "manual"],
    }
    gone = [backup.path for backup in backups if backup.path not in kept]
    try:
        for path in gone:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"Old backups could not be removed ({error.strerror}).") from error
    return gone


def _newest_of(
    backups: Iterable[Backup], periods: int, period: Callable[[datetime], str]
) -> list[Path]:
    newest: dict[str, Path] = {}
    for backup in backups:
        when = datetime.fromtimestamp(backup.made_ms / 1000, UTC)
        newest.setdefault(period(when), backup.path)
    return list(newest.values())[:periods]


def _copy(database: Path, target: Path, stop: Stop) -> None:
    # A copy of the files would miss what is still in the log; this is one consistent moment.
    try:
        tx = open_reader(database)
        tx.stop_when(stop)
        try:
            tx.rows("PRAGMA query_only = off")
            tx.rows("VACUUM INTO ?", (str(target),))
        finally:
            tx.close()
    except apsw.Error as error:
        raise translate(error) from error


def _require_room(source: Path, folder: Path) -> None:
    need = source.stat().st_size + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < need:
        raise StorageError(
            f"There is no room for a backup: {need // 2**20:,} MB are needed, "
            f"{free // 2**20:,} MB are free."
        )


def _named(folder: Path, now_ms: int, reason: Reason) -> Backup:
    while True:
        stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_STAMP)
        path = folder / f"chats-{stamp}-{reason}.sqlite3"
        if not path.exists():
            return Backup(path, now_ms, reason)
        now_ms += 1000


def _parsed(path: Path) -> Backup | None:
    _, day, second, reason = path.stem.split("-", 3) if path.stem.count("-") == 3 else [""] * 4
    try:
        when = datetime.strptime(f"{day}-{second}", _STAMP).replace(tzinfo=UTC)
        return Backup(path, int(when.timestamp() * 1000), msgspec.convert(reason, Reason))
    except (ValueError, msgspec.ValidationError):
        return None
