"""Another database in the place of the one there is, whatever happens on the way.

Needs the instance lock and both databases closed. The new one is complete before the old one
moves; from then on a crash leaves a successor, which the next start puts in place.
"""

import logging
from datetime import UTC, datetime
from pathlib import Path

from app.storage.files import sync, sync_folder

_log = logging.getLogger(__name__)
_STAMP = "%Y%m%d-%H%M%S"


def replace(database: Path, complete: Path) -> Path | None:
    """Returns where the old one was set aside."""
    resume(database)
    sync(complete)
    complete.rename(_successor(database))
    sync_folder(database.parent)
    return _succeed(database)


def resume(database: Path) -> None:
    """Does what a replacement that was cut short has left to do."""
    if _successor(database).exists():
        _log.warning("another database was about to take the place of %s: now it does", database)
        _succeed(database)


def _succeed(database: Path) -> Path | None:
    aside = _set_aside(database)
    _successor(database).rename(database)
    sync_folder(database.parent)
    return aside


def _successor(database: Path) -> Path:
    return database.with_name(f"{database.name}.successor")


def _set_aside(database: Path) -> Path | None:
    """Move a database with its log into a folder of its own; nothing is ever deleted."""
    parts = [database.with_name(database.name + tail) for tail in ("-shm", "-wal", "")]
    there = [part for part in parts if part.exists()]
    if not there:
        return None
    folder = _new_folder(database.parent / "quarantine")
    for part in there:
        part.rename(folder / part.name)
    sync_folder(folder)
    return folder


def _new_folder(quarantine: Path) -> Path:
    stamp = datetime.now(UTC).strftime(_STAMP)
    number = 0
    while (folder := quarantine / (f"{stamp}-{number}" if number else stamp)).exists():
        number += 1
    folder.mkdir(parents=True)
    return folder
