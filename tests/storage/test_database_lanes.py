import threading
from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.storage import conversations
from app.storage.connection import APPLICATION_ID
from app.storage.database import Database, Tx
from app.storage.errors import NewerDatabase
from app.storage.migrations import latest


def test_a_failed_job_leaves_nothing_behind(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversations.create(tx, "lost")
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        db.write(job).result()
    assert db.read(conversations.page).result().items == ()


def test_reads_do_not_wait_for_a_write_in_progress(db: Database) -> None:
    inside, release = threading.Event(), threading.Event()

    def job(tx: Tx) -> None:
        conversations.create(tx, "slow")
        inside.set()
        assert release.wait(10)

    writing = db.write(job)
    assert inside.wait(10)
    try:
        assert db.read(conversations.page).result(5).items == ()
    finally:
        release.set()
    writing.result(10)
    assert [c.title for c in db.read(conversations.page).result().items] == ["slow"]


def test_the_read_lane_cannot_write(db: Database) -> None:
    with pytest.raises(StorageError):
        db.read(conversations.create).result()


def test_closing_finishes_queued_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "chats.sqlite3")
    for number in range(20):
        database.write(lambda tx, title=str(number): conversations.create(tx, title))
    database.close()
    again = Database(tmp_path / "chats.sqlite3")
    assert len(again.read(conversations.page).result().items) == 20
    again.close()


def test_a_newer_database_is_refused_with_every_byte_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    database = Database(path)
    database.write(conversations.create).result()
    database.write(lambda tx: tx.run(f"PRAGMA user_version = {latest() + 1}")).result()
    database.close()
    before = path.read_bytes()
    with pytest.raises(NewerDatabase, match="Update"):
        Database(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    database = Database(path)
    database.write(lambda tx: tx.run(f"PRAGMA application_id = {APPLICATION_ID + 1}")).result()
    database.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        Database(path)
    assert path.read_bytes() == before
