"""SQLite's failures as sentences a person can act on."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import msgspec

from app.core.errors import StorageError

DAMAGED = "The chat database is damaged. Restart the app to repair it."


class DamagedDatabase(StorageError):
    """The file is not a sound database; `recovery` knows what to do."""


class NewerDatabase(StorageError):
    """The file was written by a later version of the app."""


def damage_marker(database: Path) -> Path:
    """Present beside a database in which some job has met damage; the next start checks it."""
    return database.with_name(database.name + ".damaged")


@contextmanager
def known_errors(database: Path | None) -> Generator[None]:
    """Turn what SQLite raises, and values no sound database holds, into a StorageError."""
    try:
        yield
    except apsw.Error as error:
        known = translate(error)
        if isinstance(known, DamagedDatabase):
            _mark(database)
        raise known from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _mark(database)
        raise DamagedDatabase(DAMAGED) from error


def _mark(database: Path | None) -> None:
    if database is not None:  # one in memory has no next start
        damage_marker(database).touch()


def translate(error: apsw.Error) -> StorageError:
    match error:
        case apsw.FullError():
            return StorageError("The disk is full. Free some space; nothing already saved is lost.")
        # FTS5 is always built in: only a schema that cannot be read hides it.
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError() | apsw.NoFTS5Error():
            return DamagedDatabase(DAMAGED)
        case apsw.BusyError() | apsw.LockedError():
            return StorageError("Another program is holding the chat database. Close it and retry.")
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.CantOpenError():
            return StorageError("The chat database cannot be opened for writing. Check the folder.")
        case apsw.InterruptError():
            return StorageError("That was stopped before it was done.")
        case apsw.IOError():
            return StorageError("The disk refused to read or write the chats. Check the drive.")
        case _:
            return StorageError(f"The chat database refused an operation ({error}).")
