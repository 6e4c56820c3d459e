import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.core.messages import Message
from app.storage import backup, conversations, messages
from app.storage.database import Database, Tx
from app.storage.upkeep import Upkeep

DAY_MS = 86_400_000


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.02)


def trashed(db: Database) -> int:
    return db.read(lambda tx: conversations.count(tx, "trash")).result()


def test_old_trash_goes_and_a_backup_comes(db: Database) -> None:
    def fill(tx: Tx) -> None:
        for title in ("old trash", "new trash", "kept"):
            chat = conversations.create(tx, title).id
            messages.add(tx, chat, None, Message(role="user", content="x"))
            if "trash" in title:
                conversations.trash(tx, chat)
        long_ago = conversations.now_ms() - 31 * DAY_MS
        tx.run("UPDATE conversation SET trashed_ms = ? WHERE title = 'old trash'", (long_ago,))

    db.write(fill).result()
    assert db.path is not None
    left: list[int] = []
    upkeep = Upkeep(db, db.path, first_s=0, after_purge=lambda: left.append(trashed(db)))
    try:
        eventually(lambda: bool(left))
    finally:
        upkeep.close()
    assert left == [1], "what follows a purge comes after all of it"
    assert [found.reason for found in backup.find(db.path)] == ["daily"]
    assert db.read(conversations.count).result() == 1


def test_a_backup_ends_when_told_and_leaves_nothing(db: Database) -> None:
    def fill(tx: Tx) -> None:
        chat = conversations.create(tx).id
        parent = None
        for number in range(2_000):
            said = Message(role="user", content=f"message {number} " * 50)
            parent = messages.add(tx, chat, parent, said).id

    db.write(fill).result()
    assert db.path is not None
    with pytest.raises(StorageError, match="stopped"):
        backup.make(db.path, "daily", stop=lambda: True)
    assert list(backup.folder_of(db.path).iterdir()) == []


def test_a_failed_backup_is_logged_and_the_app_goes_on(
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    expect_log: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    expect_log("upkeep did not finish: no room")

    def refuse(_path: Path, stop: Callable[[], bool]) -> None:
        raise StorageError("no room")

    monkeypatch.setattr(backup, "make_if_due", refuse)

    def throw_away(tx: Tx) -> None:
        chat = conversations.create(tx).id
        tx.run("UPDATE conversation SET trashed_ms = 1 WHERE id = ?", (chat,))

    db.write(throw_away).result()
    assert db.path is not None
    upkeep = Upkeep(db, db.path, first_s=0)
    try:
        eventually(lambda: "no room" in caplog.text)
        eventually(lambda: trashed(db) == 0)
    finally:
        upkeep.close()
