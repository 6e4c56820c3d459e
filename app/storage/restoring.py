"""A backup that the window was asked to restore: done at the next start, before chats are opened.

Any thread. One small file beside the database names the backup; what cannot be restored is said
and forgotten, so that a bad wish never keeps the app from starting.
"""

import logging
from pathlib import Path

from app.core.errors import StorageError
from app.storage import backup

_log = logging.getLogger(__name__)


def ask(database: Path, wanted: Path) -> None:
    """Refuses a backup that could not be used."""
    backup.verify(wanted)
    _note(database).write_text(str(wanted), "utf-8")


def asked(database: Path) -> Path | None:
    try:
        return Path(_note(database).read_text("utf-8").strip())
    except OSError:
        return None


def forget(database: Path) -> None:
    _note(database).unlink(missing_ok=True)


def carry_out(database: Path) -> str:
    """The caller holds the instance lock and has not opened the database. In words; empty: none."""
    wanted = asked(database)
    if wanted is None:
        return ""
    forget(database)
    try:
        aside = backup.restore(wanted, database)
    except StorageError as error:
        _log.warning("%s was not restored: %s", wanted.name, error.message)
        return f"The backup was not restored. {error.message}"
    kept = f" What was there is kept in {aside}." if aside else ""
    return f"The chats are as they were in {wanted.name}.{kept}"


def _note(database: Path) -> Path:
    return database.with_name("restore-at-start")
