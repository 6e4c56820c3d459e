from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.storage import backup, conversations
from app.storage.database import Database

DAY_MS = 86_400_000
NOW_MS = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1000)


def titles(path: Path) -> list[str]:
    db = Database(path)
    found = [item.title for item in db.read(conversations.page).result().items]
    db.close()
    return found


def test_a_backup_holds_what_is_still_in_the_log(db: Database) -> None:
    db.write(lambda tx: conversations.create(tx, "kept")).result()
    assert db.path.with_name(db.path.name + "-wal").stat().st_size > 0
    made = backup.make(db.path, "manual")
    assert titles(made.path) == ["kept"]
    assert [found.path for found in backup.find(db.path)] == [made.path]


def test_restore_brings_back_and_sets_aside(db: Database) -> None:
    db.write(lambda tx: conversations.create(tx, "old")).result()
    made = backup.make(db.path, "manual")
    db.write(lambda tx: conversations.create(tx, "new")).result()
    db.close()
    aside = backup.restore(made.path, db.path)
    assert aside is not None
    assert titles(db.path) == ["old"]
    assert sorted(titles(aside / db.path.name)) == ["new", "old"]


def test_a_damaged_backup_is_neither_restored_nor_chosen(
    db: Database, expect_log: Callable[[str], None]
) -> None:
    expect_log("is no use")
    db.write(lambda tx: conversations.create(tx, "good")).result()
    good = backup.make(db.path, "daily", NOW_MS)
    bad = backup.make(db.path, "daily", NOW_MS + DAY_MS)
    data = bytearray(bad.path.read_bytes())
    data[4096:20480] = b"\xff" * 16384
    bad.path.write_bytes(data)
    db.close()
    before = db.path.read_bytes()
    with pytest.raises(StorageError):
        backup.restore(bad.path, db.path)
    assert db.path.read_bytes() == before
    assert backup.newest_good(db.path) == good


def test_a_backups_folder_that_cannot_be_made_is_said(db: Database) -> None:
    assert db.path is not None
    backup.folder_of(db.path).write_text("a file")
    with pytest.raises(StorageError, match="could not be written"):
        backup.make_if_due(db.path)


def test_an_unfinished_backup_is_never_seen(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, stop: backup.Stop) -> None:
        raise StorageError("damaged")

    monkeypatch.setattr(backup, "verify", refuse)
    with pytest.raises(StorageError, match="damaged"):
        backup.make(db.path, "daily")
    assert list(backup.folder_of(db.path).iterdir()) == []


def test_no_room_is_said_before_anything_is_written(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(backup.shutil, "disk_usage", lambda _folder: Usage)
    with pytest.raises(StorageError, match="no room"):
        backup.make(db.path, "daily")


def test_one_a_day(db: Database) -> None:
    assert backup.make_if_due(db.path, NOW_MS) is not None
    assert backup.make_if_due(db.path, NOW_MS + DAY_MS - 1000) is None
    assert backup.make_if_due(db.path, NOW_MS + DAY_MS) is not None


def test_thinning_keeps_days_then_weeks_then_months_and_all_manual_ones(db: Database) -> None:
    folder = backup.folder_of(db.path)
    folder.mkdir()
    for age in range(200):
        when = datetime.fromtimestamp((NOW_MS - age * DAY_MS) / 1000, UTC)
        (folder / f"chats-{when:%Y%m%d-%H%M%S}-daily.sqlite3").touch()
    for number in range(5):
        (folder / f"chats-2026010{number + 1}-000000-migration.sqlite3").touch()
    (folder / "chats-20200101-000000-manual.sqlite3").touch()
    (folder / "chats-notes.sqlite3").touch()
    backup.thin(db.path)
    kept = sorted(path.name for path in folder.iterdir())
    daily = [name[6:14] for name in kept if "daily" in name]
    assert daily == [
        "20260930",
        "20261031",
        "20261101",
        "20261108",
        *[f"202611{day}" for day in range(15, 22)],
    ]
    assert sum("migration" in name for name in kept) == 3
    assert "chats-20200101-000000-manual.sqlite3" in kept
    assert "chats-notes.sqlite3" in kept
