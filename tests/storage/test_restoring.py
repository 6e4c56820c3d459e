"""A backup asked for in the window is restored at the next start."""

import pytest

from app.core.errors import StorageError
from app.storage import backup, conversations, restoring
from app.storage.database import Database


def titles(path):
    db = Database(path)
    found = [chat.title for chat in db.read(conversations.page).result(5).items]
    db.close()
    return found


def fill(path, title):
    db = Database(path)
    db.write(lambda tx: conversations.create(tx, title)).result(5)
    db.close()


def test_it_is_done_once_and_what_was_there_is_kept(tmp_path):
    path = tmp_path / "chats.sqlite3"
    fill(path, "old")
    made = backup.make(path, "manual")
    fill(path, "new")
    restoring.ask(path, made.path)
    assert restoring.asked(path) == made.path
    assert made.path.name in restoring.carry_out(path)
    assert titles(path) == ["old"]
    assert len(list((tmp_path / "quarantine").glob("*/chats.sqlite3"))) == 1
    fill(path, "newer")
    assert restoring.carry_out(path) == ""
    assert titles(path) == ["newer", "old"]


def test_a_wish_can_be_taken_back_and_a_bad_one_is_refused(tmp_path):
    path = tmp_path / "chats.sqlite3"
    fill(path, "old")
    made = backup.make(path, "manual")
    restoring.ask(path, made.path)
    restoring.forget(path)
    assert restoring.carry_out(path) == ""
    bad = tmp_path / "bad.sqlite3"
    bad.write_bytes(b"no database")
    with pytest.raises(StorageError):
        restoring.ask(path, bad)


def test_a_backup_that_went_away_does_not_keep_the_app_from_starting(tmp_path, expect_log):
    expect_log("was not restored")
    path = tmp_path / "chats.sqlite3"
    fill(path, "old")
    made = backup.make(path, "manual")
    restoring.ask(path, made.path)
    made.path.write_bytes(b"torn")
    assert "was not restored" in restoring.carry_out(path)
    assert titles(path) == ["old"]
