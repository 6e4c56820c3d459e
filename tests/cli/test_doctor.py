"""`llama-chat doctor` on every kind of home: empty, full, damaged, open in a window."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from app.bootstrap import checkup as checking
from app.bootstrap.checkup import check_up
from app.bootstrap.diagnostics import at_home, diagnostics, lines
from app.bootstrap.rooms import open_rooms
from app.cli.main import main
from app.core.calibration import MeasuredLoad
from app.core.messages import Message
from app.core.paths import find_folders
from app.core.protocol import Device, Hello
from app.storage import conversations, messages, migrations
from app.storage.database import Database, Tx
from app.storage.errors import damage_marker
from app.storage.instance import Instance
from app.storage.measured_file import MeasuredFile
from app.workers.process import Launch
from tests.hub import gguf_files

SECRET = "the-word-nobody-sees"


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without the models of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "none"))
    return tmp_path / "user"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick word of an engine; two tests ask a real one."""
    cpu = Device(name="CPU", description="two cores", kind="cpu", total_bytes=8 << 30, free_bytes=1)
    hello = Hello(protocol=1, pid=1, versions={"llama.cpp": "9.9", "system": ""}, devices=(cpu,))
    monkeypatch.setattr(checking, "greet", lambda _: hello)


@pytest.fixture
def window() -> Iterator[Database]:
    """As an open window holds the chats: locked, and with what it wrote last in its log."""
    folders = find_folders()
    with Instance(folders.data):
        db = Database(folders.database)

        def fill(tx: Tx) -> None:
            chat = conversations.create(tx, SECRET).id
            messages.add(tx, chat, None, Message(role="user", content=f"about {SECRET}"))

        db.write(fill).result()
        yield db
        db.close()


def doctor(capfd: pytest.CaptureFixture[str], code: int = 0) -> tuple[Any, str]:
    """What it found, and what it said on stderr."""
    assert main(["doctor", "--json"]) == code
    out, err = capfd.readouterr()
    return json.loads(out), err


def spoil(database: Path) -> bytes:
    data = bytearray(database.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    database.write_bytes(data)
    return bytes(data)


def test_an_empty_home_is_well_and_stays_empty(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a real engine, asked as the app asks it."""
    found, err = doctor(capfd)
    assert err == ""
    shown = found["versions"]
    assert {"llama-chat", "Python", "Qt (PySide6)", "llama-cpp-python", "SQLite", "llama.cpp"} <= {
        name for name, version in shown.items() if version
    }
    assert [device["kind"] for device in found["devices"]][-1] == "cpu"
    assert all(0 < one["free_bytes"] <= one["total_bytes"] for one in found["devices"])
    assert found["database"]["note"] == "There are no chats yet."
    assert (found["models"], found["models_broken"], found["estimates"]) == (0, [], [])
    assert all(folder["free_bytes"] > 0 for folder in found["folders"])
    assert not home.exists()


@pytest.mark.usefixtures("engine", "window")
def test_beside_an_open_window_it_sees_all_but_no_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    folders = find_folders()
    gguf_files.write(folders.models / "fine-Q4_0.gguf", name="x")
    (folders.models / "bad.gguf").write_bytes(b"<html>")
    found, _ = doctor(capfd)
    chats = found["database"]
    assert (chats["readable"], chats["chats"], chats["messages"]) == (True, 1, 1)
    assert chats["schema"] == chats["latest_schema"] == migrations.latest()
    assert found["models"] == 1
    (broken,) = found["models_broken"]
    assert broken["path"].endswith("bad.gguf")
    assert "does not begin" in broken["reason"]
    assert sum(f["used_bytes"] for f in found["folders"] if f["name"] == "models") > 100
    assert main(["doctor"]) == 0
    out = capfd.readouterr().out
    assert f"Schema {migrations.latest()} of {migrations.latest()}, opens read-only" in out
    assert "1 found, 1 broken" in out
    assert SECRET not in out + json.dumps(found)


@pytest.mark.usefixtures("engine")
def test_estimates_are_held_against_what_loads_took(capfd: pytest.CaptureFixture[str]) -> None:
    kept = MeasuredFile(find_folders().measured_loads)
    find_folders().create()
    kept.add(MeasuredLoad("/m/gem-3-4b-it-Q4_K_M.gguf", 8192, 0, 1_000_000_000, 900_000_000))
    kept.add(MeasuredLoad("/m/big-Q8_0.gguf", 4096, 12, 2_000_000_000, 2_200_000_000))
    found, _ = doctor(capfd)
    told = {one["model"]: round(one["error"], 3) for one in found["estimates"]}
    assert told == {"gem 3 4b it Q4_K_M": -0.1, "big Q8_0": 0.1}
    assert found["estimates_report"]["loads"] == 2
    assert main(["doctor"]) == 0
    out = capfd.readouterr().out
    assert any(
        line.split() == "big Q8_0 4,096 12 2.00 GB 2.20 GB +10.0%".split()
        for line in out.splitlines()
    )
    assert "later estimates are raised by 10.0%" in out


@pytest.mark.usefixtures("engine")
def test_an_impossible_estimate_is_none(capfd: pytest.CaptureFixture[str]) -> None:
    find_folders().create()
    find_folders().measured_loads.write_text(
        '[{"path": "a", "chat_ctx": 1, "gpu_layers": 0, "estimated_bytes": 0, "measured_bytes": 1}]'
    )
    assert doctor(capfd)[0]["estimates"] == []


@pytest.mark.usefixtures("engine")
def test_settings_that_were_refused_are_named(capfd: pytest.CaptureFixture[str]) -> None:
    folders = find_folders()
    folders.create()
    folders.settings.write_text('{"models": {"chat_ctx": 3, "threads": 2}}')
    (refused,) = doctor(capfd)[0]["settings_refused"]
    assert refused["where"] == "models.chat_ctx"
    assert "default is used" in refused["reason"]
    folders.settings.write_text("{ not json")
    (refused,) = doctor(capfd)[0]["settings_refused"]
    assert "is not valid JSON" in refused["reason"]
    # The next time the file is not there any more, but what was set aside is.
    (refused,) = doctor(capfd)[0]["settings_refused"]
    assert ".bad-" in refused["where"]
    assert Path(refused["where"]).read_text() == "{ not json"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("how", ["header", "page", "noticed"])
def test_a_damaged_database_is_said_and_left_as_it_is(
    how: str, window: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    database = find_folders().database
    window.close()
    assert doctor(capfd)[0]["problems"] == [], "sound until now"
    data = database.read_bytes()
    if how == "page":
        data = spoil(database)
    elif how == "header":
        database.write_bytes(data := b"?" * len(data))
    else:
        damage_marker(database).touch()
    found, err = doctor(capfd, 1)
    assert err.strip() == "The chat database is damaged. Restart the app to repair it."
    assert found["problems"] == [err.strip()]
    assert database.read_bytes() == data
    if how == "page":
        assert damage_marker(database).exists(), "or the next start would not repair it"


@pytest.mark.usefixtures("engine")
def test_chats_that_another_program_holds_are_not_called_damaged(
    window: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    database = find_folders().database
    window.close()
    monkeypatch.setattr("app.storage.connection._BUSY_MS", 20)
    with closing(apsw.Connection(str(database))) as other:
        for statement in ("PRAGMA locking_mode = exclusive", "BEGIN EXCLUSIVE"):
            list(other.execute(statement))
        _, err = doctor(capfd, 1)
    assert err == "Another program is holding the chat database. Close it and retry.\n"
    assert not damage_marker(database).exists()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("step", "code"), [(-1, 0), (1, 1)])
def test_chats_of_another_version(
    step: int, code: int, window: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    """Older ones are updated by the next start; newer ones need another app."""
    database = find_folders().database
    window.close()
    with apsw.Connection(str(database)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.latest() + step}")
    connection.close()
    found, err = doctor(capfd, code)
    assert ("updates them" in found["database"]["note"]) == (code == 0)
    assert ("newer version" in err) == (code == 1)


def test_an_engine_that_does_not_start_is_said_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    dies = Launch([sys.executable, "-c", "raise SystemExit(7)"], {})
    monkeypatch.setattr("app.bootstrap.runtimes.engine_launch", lambda: dies)
    found, err = doctor(capfd, 1)
    assert err.startswith("The engine ended while starting")
    assert found["devices"] == []
    assert found["versions"]["SQLite"]


def test_the_window_says_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    """Its diagnostics are the check-up, and what only a window knows."""
    monkeypatch.setenv("HOME", str(home.parent))
    with open_rooms(lambda _: None) as rooms:
        rooms.settings.change(
            lambda old: msgspec.structs.replace(
                old, wind=msgspec.structs.replace(old.wind, instructions=SECRET)
            )
        )
        text = diagnostics(rooms)
        same = [line for line in lines(check_up(rooms.folders)) if "free" not in line]
    assert set(same) - set(text.splitlines()) == set()
    assert "## Engines" in text
    assert "~/home/data" in text
    monkeypatch.setenv("HOME", "/")
    assert at_home("/a/b") == "/a/b"
    assert str(home.parent) not in text
    assert SECRET not in text
