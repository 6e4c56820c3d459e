"""`chats show --as-seen` and `run --attach`: what the model sees, from the command line."""

import json
from pathlib import Path

import pytest

from app.cli.main import main
from app.core.messages import Message
from app.core.paths import find_folders
from app.storage import conversations, messages, segments
from app.storage.database import Database, Tx
from app.storage.instance import Instance
from app.storage.segments import LedgerEntry


def winded(tx: Tx) -> None:
    chat = conversations.create(tx, "Rome", system_prompt="Be brief.").id
    ids = []
    for role, text in (("user", "about Rome"), ("assistant", "A city."), ("user", "And Lisbon?")):
        leaf = messages.active_leaf(tx, chat)
        ids.append(messages.add(tx, chat, leaf, Message(role=role, content=text)).id)
    fact = LedgerEntry("name", "about Rome", ids[0])
    segments.add(tx, chat, ids[0], ids[1], "- They spoke of Rome.", ledger=[fact])


@pytest.fixture
def chat(home: Path) -> int:
    db = Database(find_folders().database)
    db.write(winded).result()
    db.close()
    return 1


def test_each_message_is_accounted_for_without_a_model_beside_a_window(
    chat: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with Instance(find_folders().data):
        assert main(["chats", "show", str(chat), "--as-seen"]) == 0
        first, *rest = capfd.readouterr().out.splitlines()
        assert first.startswith("about ")
        assert [line.split()[0] for line in rest] == [
            "system", "narrative", "facts", "narrated", "narrated", "verbatim",
        ]  # fmt: skip
        assert rest[-1].endswith("user       And Lisbon?")
        assert main(["chats", "show", str(chat), "--as-seen", "--json"]) == 0
    account = json.loads(capfd.readouterr().out)
    assert not account["exact"]
    parts = sum(account[name] for name in ("system", "tools", "narrative", "ledger"))
    assert account["total"] == parts + sum(each["tokens"] for each in account["messages"])


def test_with_a_model_it_counts_exactly_and_an_attachment_is_seen_too(
    tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The garden gate is painted green.")
    options = ["--model", str(tiny_model), "--max-tokens", "4", "--prompt", "What colour?"]
    assert main(["run", *options, "--attach", str(note)]) == 0
    said = capfd.readouterr()
    assert said.err.startswith("note.txt: ")
    assert "note.txt" not in said.out
    assert main(["chats", "show", "1", "--as-seen", "--json", "--model", str(tiny_model)]) == 0
    account = json.loads(capfd.readouterr().out)
    assert account["exact"]
    question, reply = account["messages"]
    assert (question["seen"], reply["seen"]) == ("verbatim", "verbatim")
    alone = len("What colour?".split()) * 4
    assert question["tokens"] > alone  # the document is in it
    assert account["system"] >= 0


def test_an_attachment_that_cannot_be_read_is_a_sentence(
    tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lost = str(tmp_path / "lost.pdf")
    assert main(["run", "--model", str(tiny_model), "-p", "Hi", "--attach", lost]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.strip().endswith(".")
    assert "Traceback" not in said.err
