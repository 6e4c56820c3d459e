"""SQLite's failures as sentences a person can act on."""

import apsw

from app.core.errors import StorageError


class DamagedDatabase(StorageError):
    """The file is not a sound database; `recovery` knows what to do."""


class NewerDatabase(StorageError):
    """The file was written by a later version of the app."""


def translate(error: apsw.Error) -> StorageError:
    match error:
        case apsw.FullError():
            return StorageError("The disk is full. Free some space; nothing already saved is lost.")
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError():
            return DamagedDatabase("The chat database is damaged. Restart the app to repair it.")
        case apsw.BusyError() | apsw.LockedError():
            return StorageError("Another program is holding the chat database. Close it and retry.")
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.CantOpenError():
            return StorageError("The chat database cannot be opened for writing. Check the folder.")
        case apsw.IOError():
            return StorageError("The disk refused to read or write the chats. Check the drive.")
        case _:
            return StorageError(f"The chat database refused an operation ({error}).")
