"""Row 6, power loss, and row 8, a full or failing disk: what was acknowledged is there."""

import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import pytest

from app.core.errors import KnownError, StorageError
from app.core.messages import Message
from app.storage import conversations, database, messages, search_index
from app.storage.connection import Tx, open_writer
from app.storage.database import Database

from .faulty_disk import Disk, plugged_in, power_losses

pytestmark = pytest.mark.timeout(900)  # the slow forms, on a busy machine


@pytest.fixture
def disk() -> Iterator[Disk]:
    with plugged_in() as plugged:
        yield plugged


def send(db: Database, text: str) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.find(tx, "chat") or conversations.create(tx, uid="chat")
        leaf = messages.active_leaf(tx, chat.id)
        messages.add(tx, chat.id, leaf, Message(role="user", content=text + " padding" * 40))

    db.write(job).result()


def kept(path: Path) -> set[str]:
    """The texts found after a start on a healthy disk; fails when anything is not whole."""
    db = Database(path)
    try:
        rows = db.read(lambda tx: tx.rows("SELECT text FROM message")).result()
        assert db.write(lambda tx: tx.value("PRAGMA integrity_check")).result() == "ok"
        assert db.read(lambda tx: tx.rows("PRAGMA foreign_key_check")).result() == []
        assert db.write(search_index.is_sound).result()
    finally:
        db.close()
    return {row[0].split()[0] for row in rows}


# ---------------------------------------------------------------- power loss


def record(disk: Disk, path: Path, count: int) -> None:
    db = Database(path)
    # Move pages into the database often, so that cuts fall inside that too.
    db.write(lambda tx: tx.rows("PRAGMA wal_autocheckpoint = 20")).result()
    for number in range(count):
        send(db, f"message{number}")
        disk.acknowledge(f"message{number}")
    db.close()


def lost_over_cuts(disk: Disk, folder: Path, cuts: int, seed: int) -> int:
    """Acknowledged messages missing, summed over cuts; every cut must open and be whole."""
    first = next(i for i, event in enumerate(disk.events) if event[0] == "ack")
    where = random.Random(seed).sample(range(first, len(disk.events)), cuts)
    lost = 0
    for number, (files, acknowledged) in enumerate(power_losses(disk.events, where, seed)):
        found = folder / f"cut-{number}"
        found.mkdir()
        for name, content in files.items():
            (found / name).write_bytes(content)
        lost += len(set(acknowledged) - kept(found / "chats.sqlite3"))
    return lost


@pytest.mark.parametrize(
    "seed", [0, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 11)]]
)
def test_power_loss_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    with plugged_in() as disk:
        record(disk, tmp_path / "live" / "chats.sqlite3", 40)
    assert lost_over_cuts(disk, tmp_path, 20, seed) == 0


def test_control_without_full_sync_power_loss_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def less_careful(path: Path) -> Tx:
        tx = open_writer(path)
        tx.rows("PRAGMA synchronous = normal")
        return tx

    monkeypatch.setattr(database, "open_writer", less_careful)
    with plugged_in() as disk:
        record(disk, tmp_path / "live" / "chats.sqlite3", 40)
    monkeypatch.undo()
    assert lost_over_cuts(disk, tmp_path, 60, 0) > 0


# ---------------------------------------------------------------- a disk that fails


class Session(msgspec.Struct):
    acknowledged: set[str]
    failures: int


def live(path: Path, count: int = 12) -> Session:
    """A session that goes on after failures; opening may fail too, in words."""
    session = Session(set(), 0)
    try:
        db = Database(path)
    except KnownError:
        session.failures += 1
        return session
    for number in range(count):
        try:
            send(db, f"message{number}")
        except StorageError:
            session.failures += 1
        else:
            session.acknowledged.add(f"message{number}")
    db.close()
    return session


def full_after(disk: Disk, capacity: int) -> None:
    written = 0

    def before(operation: str, size: int) -> bool:
        nonlocal written
        if operation == "write":
            written += size
            if written > capacity:
                raise apsw.FullError("database or disk is full")
        return True

    disk.before = before


def fail_at(disk: Disk, number: int, kind: str = "") -> None:
    """Operations of a kind are counted; of no kind: all that change the disk."""
    done = 0

    def before(operation: str, _size: int) -> bool:
        nonlocal done
        done += operation == kind if kind else operation != "read"
        if done == number:
            raise apsw.IOError("disk I/O error")
        return True

    disk.before = before


@pytest.mark.parametrize("step", range(20))
def test_a_full_disk_then_freed(tmp_path: Path, disk: Disk, step: int) -> None:
    path = tmp_path / "chats.sqlite3"
    full_after(disk, 20_000 + step * 60_000)
    session = live(path)
    assert session.failures or step > 10
    disk.before = lambda _operation, _size: True
    again = live(path)
    assert again.failures == 0
    assert kept(path) == session.acknowledged | again.acknowledged


@pytest.mark.parametrize(
    "numbers", [range(1, 200, 9), pytest.param(range(1, 201), marks=pytest.mark.slow)]
)
def test_an_io_error_at_any_operation(tmp_path: Path, disk: Disk, numbers: range) -> None:
    failures = 0
    for number in numbers:
        path = tmp_path / str(number) / "chats.sqlite3"
        fail_at(disk, number)
        session = live(path)
        failures += session.failures
        disk.before = lambda _operation, _size: True
        assert session.acknowledged <= kept(path)
        assert live(path).failures == 0
    assert failures >= len(numbers) // 2


@pytest.mark.parametrize(
    "numbers", [range(25, 45), pytest.param(range(1, 201), marks=pytest.mark.slow)]
)
def test_a_page_that_cannot_be_read(tmp_path: Path, disk: Disk, numbers: range) -> None:
    """Of a database that is there already: its pages are read again and again."""
    path = tmp_path / "chats.sqlite3"
    safe = live(path, 40).acknowledged
    failures = 0
    for number in numbers:
        fail_at(disk, number, "read")
        session = live(path, 2)
        failures += session.failures
        safe |= session.acknowledged
        disk.before = lambda _operation, _size: True
    assert safe <= kept(path)
    assert failures >= 5


def test_control_a_disk_that_lies_is_noticed(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "chats.sqlite3"
    live(path, 1)
    disk.before = lambda operation, _size: operation != "write"
    session = live(path)
    disk.before = lambda _operation, _size: True
    try:
        found = kept(path)
    except (KnownError, AssertionError):
        return
    assert not session.acknowledged <= found
