"""Row 10: a migration killed at any statement leaves a database that opens and is whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from app.core.errors import KnownError
from app.core.messages import Message
from app.storage import backup, conversations, messages, migrations
from app.storage.connection import Tx, open_writer
from app.storage.database import Database

NEXT_STEP = (
    "ALTER TABLE conversation ADD COLUMN mood TEXT NOT NULL DEFAULT ''",
    "UPDATE conversation SET mood = 'calm'",
    "UPDATE message SET text = text || '!'",
    "CREATE TABLE mood (name TEXT)",
    "INSERT INTO mood SELECT mood FROM conversation",
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the released version with something in it."""
    path = tmp_path / "old" / "chats.sqlite3"
    db = Database(path)

    def fill(tx: Tx) -> None:
        chat = conversations.create(tx, "kept").id
        messages.add(tx, chat, None, Message(role="user", content="said"))

    db.write(fill).result()
    db.close()
    return path


@pytest.fixture
def newer(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the app knows one step more than `old` has taken."""
    assert old.exists()
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, NEXT_STEP))


def killed_at_each_statement(path: Path, migrate: Callable[[Tx], None]) -> list[Path]:
    """What a kill would leave on disk, before each statement of a migration."""
    left: list[Path] = []
    tx = open_writer(path)

    def snapshot(_cursor: object, _statement: str, _values: object) -> bool:
        folder = path.parent.parent / f"killed-{len(left)}"
        shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns("*-shm", "backups"))
        left.append(folder / path.name)
        return True

    # Pages reach the log early, as they do in a migration larger than the cache.
    tx.rows("PRAGMA cache_size = 1")
    tx.connection.exec_trace = snapshot
    migrate(tx)
    tx.connection.exec_trace = None
    tx.close()
    return left


def whole(path: Path) -> bool:
    """Opens, is at the latest version, and has been migrated exactly once."""
    try:
        db = Database(path)
    except KnownError:
        return False
    try:
        return db.read(
            lambda tx: (
                tx.value("SELECT text FROM message") == "said!"
                and tx.rows("SELECT title, mood FROM conversation") == [("kept", "calm")]
                and tx.rows("SELECT name FROM mood") == [("calm",)]
                and tx.value("PRAGMA integrity_check") == "ok"
            )
        ).result()
    finally:
        db.close()


def migrate_carelessly(tx: Tx) -> None:
    for statement in NEXT_STEP:
        tx.run(statement)
    tx.run(f"PRAGMA user_version = {migrations.latest()}")


@pytest.mark.usefixtures("newer")
def test_a_migration_killed_anywhere_ends_whole(old: Path) -> None:
    left = killed_at_each_statement(old, migrations.migrate_one)
    assert len(left) >= len(NEXT_STEP) + 3
    assert all(whole(path) for path in left)


@pytest.mark.usefixtures("newer")
def test_control_a_migration_without_a_transaction_is_caught(old: Path) -> None:
    left = killed_at_each_statement(old, migrate_carelessly)
    assert not all(whole(path) for path in left)


@pytest.mark.parametrize("taken", range(1, migrations.latest()))
def test_a_database_of_any_released_version_killed_on_its_way_here_ends_whole(
    tmp_path: Path, taken: int
) -> None:
    path = tmp_path / "old" / "chats.sqlite3"
    tx = open_released(path, taken)
    chat = tx.insert(
        "INSERT INTO conversation (uid, title, created_ms, updated_ms) VALUES ('u', 'kept', 1, 1)"
    )
    tx.run(
        "INSERT INTO message (conversation_id, role, status, created_ms, text)"
        " VALUES (?, 'user', 'complete', 1, 'said')",
        (chat,),
    )
    tx.close()
    for copy in killed_at_each_statement(path, migrate_all):
        db = Database(copy)
        said = db.read(lambda tx: tx.rows("SELECT text FROM message")).result()
        sound = db.read(lambda tx: tx.value("PRAGMA integrity_check")).result()
        version = db.read(migrations.version).result()
        db.close()
        assert (said, sound, version) == ([("said",)], "ok", migrations.latest())


def test_an_upgrade_over_several_versions_keeps_the_oldest_state(tmp_path: Path) -> None:
    path = tmp_path / "old" / "chats.sqlite3"
    open_released(path, 1).close()
    Database(path).close()
    (made,) = backup.find(path)
    tx = apsw.Connection(str(made.path))
    assert tx.pragma("user_version") == 1
    tx.close()


def open_released(path: Path, steps: int) -> Tx:
    """A database as it was when the app knew only so many steps."""
    path.parent.mkdir()
    tx = open_writer(path)
    for _ in range(steps):
        migrations.migrate_one(tx)
    return tx


def migrate_all(tx: Tx) -> None:
    while migrations.version(tx) < migrations.latest():
        migrations.migrate_one(tx)


def test_the_first_start_killed_anywhere_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "chats.sqlite3"
    path.parent.mkdir()
    left = killed_at_each_statement(path, migrations.migrate_one)
    assert len(left) > 20
    for copy in left:
        db = Database(copy)
        db.write(lambda tx: conversations.create(tx, "x")).result()
        db.close()


@pytest.mark.usefixtures("newer")
def test_a_backup_of_the_old_version_is_made_first(old: Path) -> None:
    Database(old).close()
    (made,) = backup.find(old)
    assert made.reason == "migration"
    tx = apsw.Connection(str(made.path))
    assert tx.pragma("user_version") == migrations.latest() - 1
    assert list(tx.execute("SELECT text FROM message")) == [("said",)]
    tx.close()


def test_a_new_database_needs_no_backup(tmp_path: Path) -> None:
    Database(tmp_path / "chats.sqlite3").close()
    assert not (tmp_path / "backups").exists()
