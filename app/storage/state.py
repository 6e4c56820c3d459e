"""How a database is, for those who only look: read-only, beside an open window.

Any thread; reads every page, so a large one takes seconds. Always true: nothing is repaired or
migrated here, and nothing is written but the mark that has the next start repair what is damaged.
"""

from pathlib import Path

import apsw
import msgspec

from app.core.errors import StorageError
from app.storage import backup, migrations
from app.storage.connection import Tx, open_reader
from app.storage.database import refuse_foreign
from app.storage.errors import DAMAGED, damage_marker, known_errors

_OLDER = "These chats are of an older version; the next start of the app updates them."


class DatabaseState(msgspec.Struct, frozen=True):
    path: Path
    latest_schema: int
    schema: int = 0
    bytes: int = 0
    readable: bool = False
    chats: int = 0
    messages: int = 0
    backups: int = 0
    note: str = ""  # what a start of the app will do to it
    problem: str = ""  # why it cannot be used as it is


def sqlite_version() -> str:
    return apsw.sqlite_lib_version()


def look(path: Path) -> DatabaseState:
    state = DatabaseState(path, migrations.latest())
    try:
        if not path.exists():
            return msgspec.structs.replace(state, note="There are no chats yet.")
        return _look(path, msgspec.structs.replace(state, backups=len(backup.find(path))))
    except StorageError as error:
        return msgspec.structs.replace(state, problem=error.message)
    except OSError as error:
        problem = f"The chat database cannot be read ({error.strerror}). Check its folder."
        return msgspec.structs.replace(state, problem=problem)


def _look(path: Path, state: DatabaseState) -> DatabaseState:
    refuse_foreign(path)
    state = msgspec.structs.replace(state, bytes=_size(path))
    if damage_marker(path).exists():
        return msgspec.structs.replace(state, problem=DAMAGED)
    with known_errors(path):
        tx = open_reader(path)
        try:
            # Not from the file's header: what was migrated lately is in the log still.
            schema = migrations.version(tx)
            if schema < state.latest_schema:
                return msgspec.structs.replace(state, schema=schema, readable=True, note=_OLDER)
            tx.begin(writing=False)
            fault, chats, messages = _check(tx)
        finally:
            tx.close()
    if fault != "ok":
        damage_marker(path).touch()
    return msgspec.structs.replace(
        state,
        schema=schema,
        readable=True,
        chats=chats,
        messages=messages,
        problem="" if fault == "ok" else DAMAGED,
    )


def _check(tx: Tx) -> tuple[str, int, int]:
    return (
        str(tx.value("PRAGMA quick_check(1)")),
        int(tx.value("SELECT count(*) FROM conversation")),
        int(tx.value("SELECT count(*) FROM message")),
    )


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
