"""Imports into the database: one conversation is one transaction on the writer.

Runs on the caller's thread. Saving the same file twice changes nothing the second time.
"""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from app.core.lines import counted
from app.storage.connection import Tx
from app.storage.transfer import archive, reading

T = TypeVar("T")


class WriteLane(Protocol):
    def write(self, job: Callable[[Tx], T]) -> Future[T]: ...


class Outcome(msgspec.Struct, frozen=True):
    added: int
    messages: int
    known: int  # conversations that were here already

    def sentence(self) -> str:
        known = f"; {self.known:,} were here already" if self.known else ""
        were = "was" if self.added == 1 else "were"
        said = counted(self.messages, "message")
        return f"{counted(self.added, 'chat')} with {said} {were} imported{known}."


def import_file(
    db: WriteLane, path: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Outcome:
    """Nothing is saved of a file that cannot be read to its end."""
    found = reading.read(path)
    added = said = 0
    for done, chat in enumerate(found):
        progress(done, len(found))
        if db.write(lambda tx, chat=chat: archive.save(tx, chat)).result() is not None:
            added += 1
            said += len(chat.messages)
    progress(len(found), len(found))
    return Outcome(added, said, len(found) - added)
