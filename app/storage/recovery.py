"""Opening the database whatever state it is in.

Runs at start, under the instance lock. A damaged file is set aside unchanged, never deleted;
the newest good backup comes back, completed by every row that can still be read, and a report
says in words what was saved.
"""

import errno
import logging
import shutil
import tempfile
from pathlib import Path

import apsw
import msgspec

from app.core.errors import StorageError
from app.storage import backup, replacement, salvage
from app.storage.connection import open_reader, open_writer
from app.storage.database import Database
from app.storage.errors import DamagedDatabase, damage_marker

_log = logging.getLogger(__name__)


class Report(msgspec.Struct, frozen=True):
    """What a recovery did. `salvaged` is None when nothing of the old file could be read."""

    kept_in: Path
    backup: backup.Backup | None
    salvaged: salvage.Salvaged | None
    conversations: int
    messages: int

    def sentence(self) -> str:
        saved = f"{self.conversations:,} chats with {self.messages:,} messages were saved"
        match self.backup is not None, self.salvaged is not None:
            case True, True:
                how = "from the last backup and from what could still be read"
            case True, False:
                how = "from the last backup"
            case False, True:
                how = "from what could still be read"
            case _:
                saved, how = "none of it could be read", "and there was no backup"
        return f"The chat database was damaged: {saved} {how}. The old file is in {self.kept_in}."


def open_database(path: Path) -> tuple[Database, Report | None]:
    try:
        replacement.resume(path)
    except OSError as error:
        raise StorageError(
            f"The chats that were restored could not be put in place ({error.strerror})."
        ) from error
    if not _looks_sound(path):
        return _recover(path)
    try:
        return Database(path), None
    except DamagedDatabase as error:
        _log.error("the database cannot be opened: %s", error)
        return _recover(path)


def _looks_sound(path: Path) -> bool:
    """A whole check, but only after some job has met damage."""
    marker = damage_marker(path)
    if not marker.exists():
        return True
    try:
        tx = open_reader(path)
        try:
            sound = tx.value("PRAGMA integrity_check(1)") == "ok"
        finally:
            tx.close()
    except (apsw.BusyError, apsw.LockedError, apsw.CantOpenError):
        return True  # opening it says what is the matter
    except (apsw.Error, UnicodeDecodeError):
        sound = False
    if sound:
        marker.unlink(missing_ok=True)
    return sound


def _recover(path: Path) -> tuple[Database, Report]:
    """Builds the sound database beside the damaged one, which stays in place until that is done:
    a crash or a full disk on the way leaves everything for the next start."""
    fresh = path.with_name(f"{path.name}.recovering")
    for tail in ("", "-wal", "-shm"):
        fresh.with_name(fresh.name + tail).unlink(missing_ok=True)
    try:
        good = backup.newest_good(path)
        if good is not None:
            shutil.copyfile(good.path, fresh)
        Database(fresh).close()  # brings an older backup's schema up to date
        salvaged = _salvage(path, fresh)
        conversations, messages = _count(fresh)
        if fresh.with_name(f"{fresh.name}-wal").exists():
            raise OSError(errno.EIO, "the disk does not take it in")
        aside = replacement.replace(path, fresh)
        assert aside is not None  # it was there a moment ago, and we hold the lock
        damage_marker(path).unlink(missing_ok=True)
        report = Report(aside, good, salvaged, conversations, messages)
        (aside / "report.txt").write_text(report.sentence() + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"The chats are damaged and could not be recovered yet ({error.strerror}). "
            "Free some space and start again; nothing was deleted."
        ) from error
    _log.error("%s", report.sentence())
    return Database(path), report


def _count(path: Path) -> tuple[int, int]:
    db = Database(path)
    try:
        return db.read(
            lambda tx: (
                tx.value("SELECT count(*) FROM conversation"),
                tx.value("SELECT count(*) FROM message"),
            )
        ).result()
    finally:
        db.close()


def _salvage(damaged: Path, path: Path) -> salvage.Salvaged | None:
    """From a copy: even reading may write to the files beside a database."""
    with tempfile.TemporaryDirectory(prefix="salvage-", dir=path.parent) as folder:
        copy = Path(folder) / damaged.name
        for tail in ("", "-wal"):
            part = damaged.with_name(damaged.name + tail)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + tail))
        try:
            source, target = open_writer(copy), open_writer(path)
        except apsw.Error:
            return None
        try:
            salvaged = salvage.salvage(source, target)
        except (apsw.Error, UnicodeDecodeError) as error:
            raise StorageError("The chats could not be recovered; the disk may be full.") from error
        finally:
            source.close()
            target.close()
    return salvaged if salvaged.conversations or salvaged.messages else None
