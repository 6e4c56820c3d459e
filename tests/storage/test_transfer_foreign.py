"""ChatGPT, Claude and OpenAI-style files, written from their documented structure."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import InvalidRequest
from app.core.messages import ImagePart, TextPart, ToolCall
from app.storage import conversations, messages
from app.storage.database import Database, Tx
from app.storage.transfer import reading
from app.storage.transfer.archive import ArchivedConversation
from app.storage.transfer.importing import import_file


def node(name: str, parent: str | None, children: list[str], role: str = "", **message: Any):
    said = None
    if role:
        content = message.pop(
            "content", {"content_type": "text", "parts": [message.pop("text", "")]}
        )
        said = {"id": name, "author": {"role": role}, "content": content, **message}
    return {"id": name, "message": said, "parent": parent, "children": children}


CHATGPT = [
    {
        "title": "Trip",
        "conversation_id": "c-1",
        "create_time": 1700000000.5,
        "update_time": 1700000900.0,
        "current_node": "a2",
        "default_model_slug": "gpt-x",
        "mapping": {
            "root": node("root", None, ["sys"]),
            "sys": node("sys", "root", ["u1"], "system", text=""),
            "u1": node(
                "u1", "sys", ["a1", "think"], "user", text="Where to?", create_time=1700000001.0
            ),
            "a1": node("a1", "u1", [], "assistant", text="Rome", metadata={"model_slug": "gpt-x"}),
            "think": node(
                "think",
                "u1",
                ["a2"],
                "assistant",
                content={"content_type": "thoughts", "thoughts": [{"content": "warm places"}]},
            ),
            "a2": node("a2", "think", ["u2"], "assistant", text="Lisbon", create_time=1700000002.0),
            "u2": node(
                "u2",
                "a2",
                [],
                "user",
                content={
                    "content_type": "multimodal_text",
                    "parts": [{"content_type": "image_asset_pointer"}, "this one"],
                },
                metadata={"attachments": [{"name": "map.pdf"}]},
            ),
        },
    }
]

CLAUDE = [
    {
        "uuid": "k-1",
        "name": "Poem",
        "created_at": "2025-03-01T10:00:00.000000Z",
        "updated_at": "2025-03-01T11:00:00Z",
        "chat_messages": [
            {
                "uuid": "m1",
                "sender": "human",
                "text": "write",
                "content": [{"type": "text", "text": "write"}],
                "created_at": "2025-03-01T10:00:01Z",
                "attachments": [{"file_name": "notes.txt", "extracted_content": "be short"}],
                "parent_message_uuid": "00000000-0000-4000-8000-000000000000",
            },
            {
                "uuid": "m2",
                "sender": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "rhymes"},
                    {"type": "text", "text": "Roses"},
                    {"type": "tool_use", "id": "t", "name": "look", "input": {"a": 1}},
                ],
                "created_at": "2025-03-01T10:00:02Z",
                "parent_message_uuid": "m1",
            },
            {"uuid": "m3", "sender": "assistant", "text": "Violets", "parent_message_uuid": "m1"},
        ],
    }
]

OPENAI: dict[str, Any] = {
    "title": "API",
    "messages": [
        {"role": "developer", "content": "be kind"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "42"},
    ],
}


def write(path: Path, raw: object) -> Path:
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def one(path: Path) -> ArchivedConversation:
    (chat,) = reading.read(path)
    return chat


def test_chatgpt_branches_dates_roles_and_attachments(tmp_path: Path) -> None:
    chat = one(write(tmp_path / "c.json", CHATGPT))
    assert (chat.uid, chat.title) == ("chatgpt-c-1", "Trip")
    # Who answered, and no model that this machine would have to have to go on.
    assert (chat.messages[1].model, chat.model) == ("gpt-x", "")
    assert (chat.created_ms, chat.updated_ms) == (1_700_000_000_500, 1_700_000_900_000)
    told = [(m.message.role, m.message.text, m.parent) for m in chat.messages]
    assert told == [
        ("user", "Where to?", None),
        ("assistant", "Rome", 0),
        ("assistant", "Lisbon", 0),
        ("user", "[Image]\nthis one\n\n[Attached: map.pdf]", 2),
    ]
    assert chat.messages[2].message.reasoning == "warm places"
    assert chat.messages[0].created_ms == 1_700_000_001_000
    assert chat.shown == 2


def test_claude_branches_thinking_and_attachments(tmp_path: Path) -> None:
    chat = one(write(tmp_path / "c.json", CLAUDE))
    assert (chat.uid, chat.title) == ("claude-k-1", "Poem")
    assert chat.created_ms == 1_740_823_200_000
    assert [m.parent for m in chat.messages] == [None, 0, 0]
    assert chat.messages[0].message.text == "write\n\n[Attached: notes.txt]\n\nbe short"
    answer = chat.messages[1].message
    assert (answer.text, answer.reasoning) == ("Roses", "rhymes")
    assert answer.tool_calls == (ToolCall("t", "look", '{"a":1}'),)


@pytest.mark.parametrize("shape", ["object", "bare list", "list of objects", "lines"])
def test_openai_lists_in_every_wrapping(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "c.json"
    match shape:
        case "object":
            write(path, OPENAI)
        case "bare list":
            write(path, OPENAI["messages"])
        case "list of objects":
            write(path, [OPENAI])
        case _:
            path.write_text(json.dumps(OPENAI) + "\n\n" + json.dumps({**OPENAI, "id": "2"}) + "\n")
    for chat in reading.read(path):
        assert chat.system_prompt == "be kind"
        told = [m.message for m in chat.messages]
        assert told[0].content == (TextPart("see"), ImagePart("image/png", b"\x00\x01\x02"))
        assert told[1].tool_calls == (ToolCall("1", "f", "{}"),)
        assert (told[2].role, told[2].tool_call_id, told[2].text) == ("tool", "1", "42")


def test_a_zip_as_the_service_sends_it(tmp_path: Path, db: Database) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("user.json", "{}")
        whole.writestr("export/conversations.json", json.dumps(CHATGPT + CLAUDE))
    first = import_file(db, path)
    assert (first.added, first.messages, first.known) == (2, 7, 0)
    assert import_file(db, path).sentence().startswith("0 chats")

    def shown(tx: Tx) -> list[str]:
        chats = conversations.page(tx).items
        trip = next(chat for chat in chats if chat.title == "Trip")
        return [m.message.text for m in messages.path(tx, trip.id)][:2]

    assert db.read(shown).result() == ["Where to?", "Lisbon"]


def test_a_conversation_that_grew_is_kept_beside_the_old(tmp_path: Path, db: Database) -> None:
    import_file(db, write(tmp_path / "c.json", CLAUDE))
    more = json.loads(json.dumps(CLAUDE))
    more[0]["chat_messages"].append({"uuid": "m4", "sender": "human", "text": "more"})
    path = write(tmp_path / "c2.json", more)
    assert import_file(db, path).added == 1
    assert import_file(db, path).added == 0
    assert db.read(conversations.count).result() == 2


def test_half_a_surrogate_pair_does_not_stop_an_import(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"messages": [{"role": "user", "content": "cut \\ud83d off\\u0000"}]}')
    assert one(path).messages[0].message.text == "cut \ufffd off"


@pytest.mark.parametrize("value", ['"\\ud83d"', "9" * 30])
@pytest.mark.parametrize("program", ["claude", "openai"])
def test_a_tool_call_may_hold_any_value(tmp_path: Path, program: str, value: str) -> None:
    path = tmp_path / "c.json"
    said = {
        "claude": f"""[{{"chat_messages": [{{"sender": "assistant", "content":
            [{{"type": "tool_use", "name": "f", "input": {{"a": {value}}}}}]}}]}}]""",
        "openai": f"""{{"messages": [{{"role": "assistant", "tool_calls":
            [{{"function": {{"name": "f", "arguments": {{"a": {value}}}}}}}]}}]}}""",
    }
    path.write_text(said[program])
    (call,) = one(path).messages[0].message.tool_calls
    assert call.arguments.startswith('{"a":')


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("conversations.json", b"[" + b" " * 60_000_000 + b"]")


def lying_bomb(path: Path) -> None:
    """A member that claims to be small and is not."""
    bomb(path)
    data = bytearray(path.read_bytes())
    claimed = (60_000_002).to_bytes(4, "little")
    for _ in range(2):
        at = data.index(claimed)
        data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)


def no_member(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("../../conversations.txt", "[]")


def locked(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("conversations.json", "[]")
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


HOSTILE: dict[str, Any] = {
    "empty": b"",
    "not json": b"\xff\xfe\x00hello",
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 50_000,
    "a number": b"7",
    "a huge number": b"9" * 10_000,
    "nothing inside": b"[]",
    "wrong types": json.dumps([{"mapping": {"a": 7, "b": {"message": [], "children": "x"}}}]),
    "circle": json.dumps([{"mapping": {"a": {"parent": "b", "children": ["b"]},
                                       "b": {"parent": "a", "children": ["a"]}}}]),
    "wrong claude": json.dumps([{"chat_messages": [7, {"content": 3, "text": [], "files": 1}]}]),
    "wrong ours": json.dumps({"format": "llama-chat", "version": 1, "conversations": [{"uid": 7}]}),
    "newer ours": json.dumps({"format": "llama-chat", "version": 99, "conversations": []}),
    "zip bomb": bomb,
    "lying zip bomb": lying_bomb,
    "zip without chats": no_member,
    "locked zip": locked,
    "cut zip": b"PK\x03\x04" + b"\0" * 100,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "c.json"
    content = HOSTILE[name]
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InvalidRequest, match=r"c\.json .*\."):
        reading.read(path)


@pytest.mark.parametrize(
    "message",
    [
        {"message": {"role": "user"}, "parent": 5},
        {"message": {"role": "user"}, "parent": 0},
        {"message": {"role": "user"}, "parent": -1},
        {"message": {"role": "wizard"}},
        {"message": {"role": "user"}, "created_ms": 2**70},
        {"message": {"role": "user"}, "documents": [0]},
    ],
)
def test_an_archive_with_impossible_references_saves_nothing(
    tmp_path: Path, db: Database, message: object
) -> None:
    raw = {
        "format": "llama-chat",
        "version": 1,
        "conversations": [{"uid": "x", "messages": [message]}],
    }
    with pytest.raises(InvalidRequest):
        import_file(db, write(tmp_path / "c.json", raw))
    assert db.read(conversations.count).result() == 0
