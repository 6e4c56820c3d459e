"""Restoring and recovering, killed at any step: nothing that was there is ever missing."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.messages import Message
from app.storage import backup, conversations, messages, recovery, replacement
from app.storage.connection import Tx
from app.storage.database import Database
from app.storage.errors import damage_marker

STEPS = range(10)


class Killed(BaseException):
    pass


def kill_at(patch: pytest.MonkeyPatch, step: int) -> None:
    """The process ends before its n-th change of a name."""
    done = 0

    def stepped(change: Callable[..., object]) -> Callable[..., object]:
        def changed(*args: object, **options: object) -> object:
            nonlocal done
            if done == step:
                raise Killed
            done += 1
            return change(*args, **options)

        return changed

    for name in ("rename", "replace", "mkdir"):
        patch.setattr(Path, name, stepped(getattr(Path, name)))


def say(path: Path, text: str) -> None:
    db = Database(path)

    def job(tx: Tx) -> None:
        chat = conversations.create(tx, text).id
        messages.add(tx, chat, None, Message(role="user", content=text))

    db.write(job).result()
    db.close()


def said(path: Path) -> list[str]:
    db, _ = recovery.open_database(path)
    found = db.read(lambda tx: [row[0] for row in tx.rows("SELECT text FROM message")]).result()
    db.close()
    return sorted(found)


def kept_aside(path: Path) -> list[bytes]:
    return [file.read_bytes() for file in path.parent.glob(f"quarantine/*/{path.name}")]


def restore_and_die(folder: Path, step: int) -> bool:
    """Whether everything is there after the next start: restored, or as it was."""
    path = folder / "chats.sqlite3"
    say(path, "old")
    made = backup.make(path, "manual")
    say(path, "new")
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, step)
        with contextlib.suppress(Killed):
            backup.restore(made.path, path)
    now = said(path)
    return now == ["new", "old"] or (now == ["old"] and len(kept_aside(path)) == 1)


def test_a_restore_killed_anywhere(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("take the place")
    assert all(restore_and_die(tmp_path / str(step), step) for step in STEPS)


def test_control_a_restore_without_a_successor_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(database: Path, complete: Path) -> Path | None:
        aside = replacement._set_aside(database)
        complete.rename(database)
        return aside

    monkeypatch.setattr(replacement, "replace", careless)
    assert not all(restore_and_die(tmp_path / str(step), step) for step in STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_recovery_killed_anywhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    expect_log: Callable[[str], None],
) -> None:
    expect_log("damaged|take the place")
    path = tmp_path / "chats.sqlite3"
    say(path, "old")
    backup.make(path, "daily")
    say(path, "new")
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    path.write_bytes(data)
    damage_marker(path).touch()
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with contextlib.suppress(Killed):
            db, _ = recovery.open_database(path)
            db.close()
    assert said(path) == ["new", "old"]
    assert kept_aside(path) == [bytes(data)]
