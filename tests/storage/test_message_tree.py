from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.errors import ErrorInfo, StorageError
from app.core.ids import ConversationId, MessageId
from app.core.messages import ImagePart, Message, TextPart, ToolCall
from app.core.protocol import Stats
from app.storage import conversations, messages
from app.storage.database import Database, Tx


def user(text: str) -> Message:
    return Message(role="user", content=text)


def texts(branch: list[messages.StoredMessage]) -> list[str]:
    return [stored.message.text for stored in branch]


def chain(tx: Tx, count: int) -> tuple[ConversationId, list[MessageId]]:
    conversation = conversations.create(tx).id
    ids: list[MessageId] = []
    for number in range(count):
        parent = ids[-1] if ids else None
        ids.append(messages.add(tx, conversation, parent, user(str(number))).id)
    return conversation, ids


def test_an_edit_is_a_sibling_and_overwrites_nothing(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversation, ids = chain(tx, 3)
        edited = messages.add(tx, conversation, ids[0], user("edited"))
        assert texts(messages.path(tx, conversation)) == ["0", "edited"]
        assert (edited.sibling_index, edited.sibling_count) == (1, 2)
        assert texts(messages.siblings(tx, edited.id)) == ["1", "edited"]
        messages.set_active_leaf(tx, conversation, ids[1])
        assert texts(messages.path(tx, conversation)) == ["0", "1", "2"]

    db.write(job).result()


def test_first_messages_are_siblings_within_their_conversation_only(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversation, ids = chain(tx, 1)
        chain(tx, 1)
        second = messages.add(tx, conversation, None, user("other start"))
        assert (second.sibling_index, second.sibling_count) == (1, 2)
        assert [s.id for s in messages.siblings(tx, ids[0])] == [ids[0], second.id]

    db.write(job).result()


def test_pages_go_upward_from_the_newest(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversation, _ = chain(tx, 7)
        newest = messages.path_page(tx, conversation, limit=3)
        assert texts(newest) == ["6", "5", "4"]
        above = messages.path_page(tx, conversation, newest[-1], limit=3)
        assert texts(above) == ["3", "2", "1"]
        assert texts(messages.path_page(tx, conversation, above[-1], limit=3)) == ["0"]
        root = messages.path_page(tx, conversation, above[-1], limit=3)[-1]
        assert messages.path_page(tx, conversation, root) == []

    db.write(job).result()


def test_a_message_round_trips_with_everything_it_carries(db: Database) -> None:
    said = Message(
        role="assistant",
        content=(TextPart("look"), ImagePart("image/png", b"\x00\xff")),
        reasoning="because",
        tool_calls=(ToolCall("1", "search", '{"q": "x"}'),),
    )

    def job(tx: Tx) -> messages.StoredMessage:
        conversation = conversations.create(tx).id
        return messages.add(tx, conversation, None, said, model="m")

    stored = db.write(job).result()
    again = db.read(lambda tx: messages.get(tx, stored.id)).result()
    assert again == stored
    assert again.message == said


def test_a_message_cannot_answer_one_of_another_conversation(db: Database) -> None:
    def job(tx: Tx) -> None:
        _, ids = chain(tx, 1)
        other, _ = chain(tx, 1)
        messages.add(tx, other, ids[0], user("stray"))

    with pytest.raises(StorageError, match="another conversation"):
        db.write(job).result()


def test_a_reply_streams_and_ends_with_its_account(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversation, ids = chain(tx, 1)
        reply = messages.start_reply(tx, conversation, ids[0], "m")
        assert reply.status == "streaming"
        messages.save_partial(tx, reply.id, "half", "hmm")
        shown = messages.path(tx, conversation)[-1].message
        assert (shown.text, shown.reasoning) == ("half", "hmm")
        done = messages.finish_reply(
            tx,
            reply.id,
            "whole",
            "thought",
            (ToolCall("1", "f", "{}"),),
            "failed",
            Stats(completion_tokens=3),
            ErrorInfo("worker_died", "gone"),
        )
        assert done.message == Message(
            role="assistant",
            content="whole",
            reasoning="thought",
            tool_calls=(ToolCall("1", "f", "{}"),),
        )
        assert done.stats == Stats(completion_tokens=3)
        assert done.error == ErrorInfo("worker_died", "gone")
        messages.save_partial(tx, reply.id, "late")  # a flush that lost the race
        assert messages.get(tx, reply.id).message.text == "whole"

    db.write(job).result()


def test_a_streaming_reply_found_at_open_is_interrupted_with_its_text(
    tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("1 replies were interrupted")
    path = tmp_path / "chats.sqlite3"
    first = Database(path)

    def job(tx: Tx) -> ConversationId:
        conversation, ids = chain(tx, 1)
        reply = messages.start_reply(tx, conversation, ids[0])
        messages.save_partial(tx, reply.id, "half a sente", "hmm")
        return conversation

    conversation = first.write(job).result()
    first.close()
    second = Database(path)
    reply = second.read(lambda tx: messages.path(tx, conversation)).result()[-1]
    second.close()
    assert (reply.status, reply.message.text, reply.message.reasoning) == (
        "interrupted",
        "half a sente",
        "hmm",
    )


def test_surrogates_and_nul_never_reach_the_disk(db: Database) -> None:
    def job(tx: Tx) -> str:
        conversation = conversations.create(tx, title="a\0b\ud800").id
        messages.add(tx, conversation, None, user("x\ud83dy\0z"))
        assert conversations.get(tx, conversation).title == "ab\ufffd"
        return messages.path(tx, conversation)[0].message.text

    assert db.write(job).result() == "x\ufffdyz"
