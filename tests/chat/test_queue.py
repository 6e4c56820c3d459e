"""What is sent while a reply streams waits, and is never lost."""

from pathlib import Path

from app.chat.events import MessageAdded, QueueChanged, ReplyDelta, ReplyFinished
from app.core.errors import ErrorInfo
from app.core.ids import ConversationId
from app.core.settings import WindSettings
from app.storage import queued
from app.storage.database import Database
from app.storage.queued import Queued

from .conftest import Chat, WordModel


def busy(chat: Chat) -> ConversationId:
    """A conversation whose first reply is streaming."""
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    return conversation


def queue(chat: Chat, conversation: ConversationId, *texts: str) -> tuple[Queued, ...]:
    for number, text in enumerate(texts):
        chat.turns.send(conversation, text)
        chat.wait_for(QueueChanged, number + 1)
    return waiting(chat, conversation)


def waiting(chat: Chat, conversation: ConversationId) -> tuple[Queued, ...]:
    return chat.db.read(lambda tx: queued.waiting(tx, conversation)).result()


def last_queue(chat: Chat, count: int) -> QueueChanged:
    event = chat.wait_for(QueueChanged, count)[-1]
    assert isinstance(event, QueueChanged)
    return event


def asked(chat: Chat, conversation: ConversationId) -> list[str]:
    return [m.message.text for m in chat.branch(conversation) if m.message.role == "user"]


def test_messages_sent_while_a_reply_streams_are_sent_one_after_the_other(chat: Chat) -> None:
    conversation = busy(chat)
    queue(chat, conversation, "Second", "Third")
    changed = last_queue(chat, 2)
    assert ([q.text for q in changed.waiting], changed.held) == (["Second", "Third"], False)
    assert len(chat.branch(conversation)) == 2
    chat.model.gate.set()
    chat.wait_for(ReplyFinished, 3)
    assert asked(chat, conversation) == ["Talk", "Second", "Third"]
    assert last_queue(chat, 4).waiting == ()
    # Each was asked about alone, with the reply before it.
    last = chat.last_asked().messages
    assert [m.role for m in last] == ["user", "assistant"] * 2 + ["user"]


def test_after_stop_the_queue_waits_and_says_so(chat: Chat) -> None:
    conversation = busy(chat)
    queue(chat, conversation, "Second")
    chat.turns.stop(conversation)
    changed = last_queue(chat, 2)
    assert ([q.text for q in changed.waiting], changed.held) == (["Second"], True)
    assert asked(chat, conversation) == ["Talk"]
    chat.turns.send_waiting(conversation)
    chat.wait_for(ReplyFinished, 2)
    assert asked(chat, conversation) == ["Talk", "Second"]


def test_after_a_failure_the_queue_waits_and_the_next_good_reply_sends_it(chat: Chat) -> None:
    conversation = busy(chat)
    queue(chat, conversation, "Second", "Third")
    chat.model.fail = lambda request: ErrorInfo("worker_died", "The engine stopped.")
    chat.model.gate.set()  # the first reply ends well, the second fails at once
    chat.wait_for(ReplyFinished, 2)
    changed = last_queue(chat, 4)
    assert ([q.text for q in changed.waiting], changed.held) == (["Third"], True)
    chat.model.fail = lambda request: None
    chat.turns.send(conversation, "Now")
    chat.wait_for(ReplyFinished, 4)
    assert asked(chat, conversation) == ["Talk", "Second", "Now", "Third"]


def test_what_waits_can_be_edited_and_removed(chat: Chat) -> None:
    conversation = busy(chat)
    second, third = queue(chat, conversation, "Second", "Third")
    chat.turns.edit_waiting(conversation, second.id, "Better")
    chat.turns.remove_waiting(conversation, third.id)
    assert [q.text for q in last_queue(chat, 4).waiting] == ["Better"]
    chat.model.gate.set()
    chat.wait_for(ReplyFinished, 2)
    assert asked(chat, conversation) == ["Talk", "Better"]


def test_an_edit_of_what_was_sent_meanwhile_changes_nothing(chat: Chat) -> None:
    conversation = busy(chat)
    (second,) = queue(chat, conversation, "Second")
    chat.model.gate.set()
    chat.wait_for(ReplyFinished, 2)
    chat.turns.edit_waiting(conversation, second.id, "Too late")
    last_queue(chat, 3)
    assert asked(chat, conversation) == ["Talk", "Second"]
    assert waiting(chat, conversation) == ()


def test_the_queue_survives_the_end_of_the_app(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    before = Chat(Database(path), WordModel(), WindSettings(threshold=2.0))
    conversation = busy(before)
    queue(before, conversation, "Second")
    before.close()
    before.db.close()

    after = Chat(Database(path), WordModel(), WindSettings(threshold=2.0))
    try:
        assert [q.text for q in waiting(after, conversation)] == ["Second"]
        after.turns.send_waiting(conversation)
        after.wait_for(MessageAdded, 2)
        after.wait_for(ReplyFinished)
        assert asked(after, conversation) == ["Talk", "Second"]
    finally:
        after.close()
        after.db.close()
