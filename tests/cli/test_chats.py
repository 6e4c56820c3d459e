import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.main import main
from app.core.messages import Message
from app.core.paths import find_folders
from app.storage import conversations, messages
from app.storage.database import Database, Tx
from app.storage.instance import Instance


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def filled() -> None:
    db = Database(find_folders().database)

    def fill(tx: Tx) -> None:
        for title in ("Rome", "Lisbon"):
            chat = conversations.create(tx, title).id
            messages.add(tx, chat, None, Message(role="user", content=f"about {title}"))

    db.write(fill).result()
    db.close()


@pytest.fixture
def window() -> Iterator[None]:
    with Instance(find_folders().data):
        yield


@pytest.mark.usefixtures("filled", "window")
def test_reading_works_beside_an_open_window(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "list"]) == 0
    assert [line.split()[-1] for line in capfd.readouterr().out.splitlines()] == ["Lisbon", "Rome"]
    assert main(["chats", "search", "about", "lisbon", "--json"]) == 0
    (group,) = json.loads(capfd.readouterr().out)
    assert group["title"] == "Lisbon"
    assert main(["chats", "show", "1"]) == 0
    assert "about Rome" in capfd.readouterr().out
    assert main(["chats", "backup"]) == 0
    assert Path(capfd.readouterr().out.strip()).exists()


@pytest.mark.usefixtures("filled", "window")
@pytest.mark.parametrize("command", [["import", "x.json"], ["restore", "x"], ["check"]])
def test_writing_beside_an_open_window_is_refused_with_a_sentence(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.json").write_text("[]")
    assert main(["chats", *command]) == 1
    assert "already open" in capfd.readouterr().err


@pytest.mark.usefixtures("filled")
def test_out_and_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "all.json"
    assert main(["chats", "export", "--all", "--format", "json", "--to", str(target)]) == 0
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(tmp_path / "elsewhere"))
    assert main(["chats", "import", str(target)]) == 0
    assert "2 chats with 2 messages were imported" in capfd.readouterr().out
    assert main(["chats", "import", str(target)]) == 0
    assert "2 were here already" in capfd.readouterr().out


@pytest.mark.usefixtures("filled")
def test_a_page_goes_to_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "export", "1"]) == 0
    assert capfd.readouterr().out.startswith("# Rome\n")
    assert main(["chats", "export", "--all"]) == 2
    assert main(["chats", "export"]) == 2


@pytest.mark.usefixtures("filled")
def test_restore_sets_the_present_aside(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "backup"]) == 0
    made = capfd.readouterr().out.strip()
    assert main(["chats", "restore", made]) == 0
    assert "quarantine" in capfd.readouterr().out
    assert main(["chats", "backup", "--list"]) == 0
    assert made in capfd.readouterr().out


@pytest.mark.usefixtures("filled")
def test_check_finds_and_repairs_a_wrong_index(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "check"]) == 0
    db = Database(find_folders().database)
    db.write(lambda tx: tx.run("INSERT INTO message_fts(rowid, text) VALUES (1, 'x')")).result()
    db.close()
    assert main(["chats", "check"]) == 1
    assert main(["chats", "check", "--repair"]) == 0
    assert "rebuilt" in capfd.readouterr().out
    assert main(["chats", "check"]) == 0


def test_no_chats_and_unknown_chats_are_sentences(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "list"]) == 1
    assert "no chats here yet" in capfd.readouterr().err
    Database(find_folders().database).close()
    assert main(["chats", "show", "7"]) == 1
    assert "no longer exists" in capfd.readouterr().err
