"""Row 9: damaged databases never crash the app, and the damaged file is kept as it was."""

import contextlib
import errno
import random
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from app.core.errors import KnownError, StorageError
from app.core.messages import Message
from app.core.protocol import Stats
from app.storage import backup, conversations, folders, messages, recovery, search, segments
from app.storage.database import Database, Tx
from app.storage.errors import damage_marker

pytestmark = pytest.mark.timeout(900)  # the slow forms, on a busy machine

CHATS, SAID = 12, 20
PAGE = 4096


def fill(db: Database) -> None:
    def job(tx: Tx) -> None:
        folder = folders.create(tx, "Work").id
        for number in range(CHATS):
            chat = conversations.create(tx, f"chat {number}", folder_id=folder).id
            parent = None
            for index in range(SAID):
                text = f"message {index} of {number} " + "lorem ipsum " * random.Random(
                    index
                ).randint(1, 200)
                said = Message(role="user", content=text)
                parent = messages.add(tx, chat, parent, said).id
            reply = messages.start_reply(tx, chat, parent)
            messages.finish_reply(tx, reply.id, "done", stats=Stats(completion_tokens=1))
            segments.add(tx, chat, reply.id, reply.id, "narrative")

    db.write(job).result()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "chats.sqlite3"
    db = Database(path)
    fill(db)
    db.close()
    return path.read_bytes()


def flipped(sound: bytes, seed: int) -> bytes:
    """One to four pages spoiled, each in another way."""
    rng = random.Random(seed)
    data = bytearray(sound)
    for _ in range(rng.randint(1, 4)):
        page = rng.randrange(len(data) // PAGE) * PAGE
        match rng.randrange(4):
            case 0:
                data[page : page + PAGE] = rng.randbytes(PAGE)
            case 1:
                data[page : page + PAGE] = bytes(PAGE)
            case 2:
                for _ in range(8):
                    data[page + rng.randrange(PAGE)] ^= 1 << rng.randrange(8)
            case _:
                other = rng.randrange(len(data) // PAGE) * PAGE
                data[page : page + PAGE] = data[other : other + PAGE]
    return bytes(data)


def use(db: Database) -> None:
    """What a session does; a job may fail, but only in words."""

    def everything(tx: Tx) -> None:
        for item in conversations.page(tx).items:
            messages.path(tx, item.id)
        search.search(tx, "lorem message")

    def change(tx: Tx) -> None:
        chat = conversations.create(tx, "after").id
        messages.add(tx, chat, None, Message(role="user", content="still works"))

    for future in (db.read(everything), db.write(change)):
        with contextlib.suppress(KnownError):
            future.result()


def survives(path: Path, damaged: bytes) -> bool:
    """Two starts with use between them; True when a recovery kept the damaged bytes."""
    path.parent.mkdir(parents=True)
    path.write_bytes(damaged)
    kept = False
    for _ in range(2):
        before = path.read_bytes()
        db, report = recovery.open_database(path)
        if report is not None:
            assert (report.kept_in / path.name).read_bytes() == before
            assert (report.kept_in / "report.txt").read_text().strip() == report.sentence()
            kept = True
        use(db)
        db.close()
    if kept:
        db, report = recovery.open_database(path)
        assert report is None
        assert db.write(lambda tx: tx.value("PRAGMA integrity_check")).result() == "ok"
        assert db.read(lambda tx: tx.rows("PRAGMA foreign_key_check")).result() == []
        db.close()
    return kept


@pytest.mark.parametrize(
    "seeds",
    [
        range(8),
        *[pytest.param(range(n, n + 50), marks=pytest.mark.slow) for n in range(100, 600, 50)],
    ],
)
def test_flipped_pages(
    tmp_path: Path, sound: bytes, seeds: range, expect_log: Callable[[str], None]
) -> None:
    expect_log("damaged")
    recovered = 0
    for seed in seeds:
        recovered += survives(tmp_path / str(seed) / "chats.sqlite3", flipped(sound, seed))
    assert recovered > len(seeds) // 4


@pytest.mark.parametrize("damaged", [b"not a database" * 1000, b"SQLite format 3\0" + b"\0" * 9000])
def test_what_is_no_database_is_set_aside(
    tmp_path: Path, damaged: bytes, expect_log: Callable[[str], None]
) -> None:
    expect_log("database (was|cannot be)")
    path = tmp_path / "chats.sqlite3"
    path.write_bytes(damaged)
    db, report = recovery.open_database(path)
    db.close()
    assert report is not None
    assert (report.kept_in / path.name).read_bytes() == damaged


def test_an_empty_file_is_a_database_that_has_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    path.touch()
    db, report = recovery.open_database(path)
    db.close()
    assert report is None


def test_what_can_be_read_is_saved(
    tmp_path: Path, sound: bytes, expect_log: Callable[[str], None]
) -> None:
    expect_log("damaged")
    path = tmp_path / "chats.sqlite3"
    data = bytearray(sound)
    middle = len(data) // PAGE // 2 * PAGE
    data[middle : middle + PAGE] = b"\xff" * PAGE
    path.write_bytes(data)
    damage_marker(path).touch()
    db, report = recovery.open_database(path)
    db.close()
    assert report is not None
    assert report.conversations == CHATS
    assert report.messages >= CHATS * (SAID + 1) * 0.8
    assert "saved from what could still be read" in report.sentence()


def test_a_backup_is_completed_by_what_was_said_since(
    tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("damaged")
    path = tmp_path / "chats.sqlite3"
    db = Database(path)
    fill(db)
    made = backup.make(path, "daily")

    def later(tx: Tx) -> None:
        chat = conversations.create(tx, "since the backup").id
        messages.add(tx, chat, None, Message(role="user", content="newer words"))

    db.write(later).result()
    leaves = "SELECT pageno FROM dbstat WHERE name = 'message' AND pagetype = 'leaf' LIMIT 4"
    spoiled = db.read(lambda tx: [row[0] - 1 for row in tx.rows(leaves)]).result()
    db.close()
    data = bytearray(path.read_bytes())
    for page in spoiled:
        data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    damage_marker(path).touch()
    db, report = recovery.open_database(path)
    assert report is not None
    assert report.backup is not None
    assert report.backup.path == made.path
    assert (report.conversations, report.messages) == (CHATS + 1, CHATS * (SAID + 1) + 1)
    assert db.read(lambda tx: len(search.search(tx, "newer words").groups)).result() == 1
    assert db.read(conversations.count).result() == CHATS + 1
    db.close()


def test_a_recovery_that_fails_on_the_way_is_made_again(
    tmp_path: Path,
    sound: bytes,
    monkeypatch: pytest.MonkeyPatch,
    expect_log: Callable[[str], None],
) -> None:
    expect_log("damaged")
    path = tmp_path / "chats.sqlite3"
    data = bytearray(sound)
    data[60 * PAGE : 61 * PAGE] = b"\xff" * PAGE
    path.write_bytes(data)
    damage_marker(path).touch()

    def full(_damaged: Tx, _fresh: Tx) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(recovery.salvage, "salvage", full)
        with pytest.raises(StorageError, match="No space left"):
            recovery.open_database(path)
    assert path.read_bytes() == data
    db, report = recovery.open_database(path)
    db.close()
    assert report is not None
    assert report.conversations == CHATS
    assert (report.kept_in / path.name).read_bytes() == data


def test_control_a_marker_alone_recovers_nothing_from_a_sound_file(
    tmp_path: Path, sound: bytes
) -> None:
    path = tmp_path / "chats.sqlite3"
    path.write_bytes(sound)
    damage_marker(path).touch()
    db, report = recovery.open_database(path)
    db.close()
    assert report is None
    assert not damage_marker(path).exists()


def test_what_another_program_holds_is_not_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chats.sqlite3"
    Database(path).close()
    before = path.read_bytes()
    damage_marker(path).touch()  # some job had met damage, and it is still to be looked at
    monkeypatch.setattr("app.storage.connection._BUSY_MS", 20)
    with contextlib.closing(apsw.Connection(str(path))) as other:
        for statement in ("PRAGMA locking_mode = exclusive", "BEGIN EXCLUSIVE"):
            list(other.execute(statement))
        with pytest.raises(StorageError, match="Another program is holding"):
            recovery.open_database(path)
    assert path.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {path.name, damage_marker(path).name}
    db, report = recovery.open_database(path)
    db.close()
    assert report is None


def test_a_file_that_somebody_took_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    damage_marker(path).touch()
    db, report = recovery.open_database(path)
    db.close()
    assert report is None
