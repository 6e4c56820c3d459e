"""Continue, retry, delete and undo: what has been said is never lost by any of them."""

from app.chat.events import (
    BranchChanged,
    MessageDeleted,
    ReplyDelta,
    ReplyFinished,
    ReplyResumed,
    TurnRefused,
)
from app.core.errors import ErrorInfo
from app.core.ids import ConversationId
from app.core.protocol import Generate
from app.storage import conversations, copies, messages, search

from .conftest import Chat


def stopped_reply(chat: Chat) -> ConversationId:
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    chat.turns.stop(conversation)
    chat.wait_for(ReplyFinished)
    return conversation


def refusal(chat: Chat, count: int = 1) -> str:
    event = chat.wait_for(TurnRefused, count)[-1]
    assert isinstance(event, TurnRefused)
    return event.error.message


def shown(chat: Chat, conversation: ConversationId) -> list[str]:
    return [stored.message.text for stored in chat.branch(conversation)]


def test_a_stopped_reply_goes_on_inside_the_same_message(chat: Chat) -> None:
    conversation = stopped_reply(chat)
    cut = chat.branch(conversation)[-1]
    chat.model.reply = lambda request: "-and-on"
    chat.turns.continue_reply(conversation, cut.id)
    finished = chat.wait_for(ReplyFinished, 2)[-1]
    assert isinstance(finished, ReplyFinished)
    assert finished.message.id == cut.id
    assert finished.message.status == "complete"
    assert finished.message.message.text == "Understood,-and-on"
    asked = chat.last_asked()
    assert asked.continue_last
    assert [m.text for m in asked.messages] == ["Talk", "Understood,"]
    assert len(chat.branch(conversation)) == 2
    assert len(chat.wait_for(ReplyResumed)) == 1


def test_a_continuation_that_fails_keeps_what_was_said_before(chat: Chat) -> None:
    conversation = stopped_reply(chat)
    cut = chat.branch(conversation)[-1]
    chat.model.fail = lambda request: ErrorInfo("worker_died", "The engine stopped.")
    chat.turns.continue_reply(conversation, cut.id)
    chat.wait_for(ReplyFinished, 2)
    last = chat.branch(conversation)[-1]
    assert (last.id, last.status, last.message.text) == (cut.id, "failed", "Understood,")


def test_a_continuation_interrupted_by_a_crash_keeps_what_was_said_before(chat: Chat) -> None:
    conversation = stopped_reply(chat)
    cut = chat.branch(conversation)[-1]
    reopened = chat.db.write(lambda tx: messages.reopen(tx, cut.id)).result()
    assert (reopened.status, reopened.message.text) == ("streaming", "Understood,")


def test_only_the_last_reply_that_ended_early_can_be_continued(chat: Chat) -> None:
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyFinished)
    question, complete = chat.branch(conversation)
    chat.turns.continue_reply(conversation, complete.id)
    assert "ended too early" in refusal(chat)
    chat.turns.continue_reply(conversation, question.id)
    assert "ended too early" in refusal(chat, 2)
    # And the conversation is free again.
    chat.turns.send(conversation, "And now?")
    chat.wait_for(ReplyFinished, 2)


def test_retry_after_a_failure_uses_the_empty_reply_again(chat: Chat) -> None:
    chat.model.fail = lambda request: ErrorInfo("worker_died", "The engine stopped.")
    conversation = chat.turns.start("One").result()
    chat.wait_for(ReplyFinished)
    failed = chat.branch(conversation)[-1]
    chat.model.fail = lambda request: None
    chat.turns.retry(conversation, failed.id)
    chat.wait_for(ReplyFinished, 2)
    last = chat.branch(conversation)[-1]
    assert (last.id, last.status, last.error, last.sibling_count) == (
        failed.id,
        "complete",
        None,
        1,
    )
    assert not chat.last_asked().continue_last


def test_retry_of_a_reply_with_text_is_another_version(chat: Chat) -> None:
    conversation = stopped_reply(chat)
    chat.turns.retry(conversation, chat.branch(conversation)[-1].id)
    chat.wait_for(ReplyFinished, 2)
    last = chat.branch(conversation)[-1]
    assert (last.sibling_index, last.sibling_count) == (1, 2)


def test_delete_hides_what_follows_and_undo_brings_exactly_that_back(chat: Chat) -> None:
    conversation = chat.turns.start("First").result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "The walrus question")
    chat.wait_for(ReplyFinished, 2)
    before = chat.branch(conversation)
    chat.turns.delete(conversation, before[2].id)
    (deleted,) = chat.wait_for(MessageDeleted)
    assert isinstance(deleted, MessageDeleted)
    assert shown(chat, conversation) == ["First", "Understood, go on please."]
    found = chat.db.read(lambda tx: search.search(tx, "walrus")).result()
    assert found.groups == ()
    count = chat.db.read(lambda tx: conversations.get(tx, conversation).messages).result()
    assert count == 2

    chat.turns.undelete(conversation, deleted.leaf)
    chat.wait_for(BranchChanged)
    assert chat.branch(conversation) == before
    found = chat.db.read(lambda tx: search.search(tx, "walrus")).result()
    assert len(found.groups) == 1


def test_after_a_delete_the_model_no_longer_sees_it(chat: Chat) -> None:
    conversation = chat.turns.start("First").result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "Secret")
    chat.wait_for(ReplyFinished, 2)
    chat.turns.delete(conversation, chat.branch(conversation)[2].id)
    chat.wait_for(MessageDeleted)
    chat.turns.send(conversation, "Public")
    chat.wait_for(ReplyFinished, 3)
    asked: Generate = chat.last_asked()
    assert [m.text for m in asked.messages] == ["First", "Understood, go on please.", "Public"]
    # The deleted one is no version to switch to either.
    assert chat.branch(conversation)[2].sibling_count == 1


def test_deleting_one_version_shows_the_version_beside_it(chat: Chat) -> None:
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    for number, text in enumerate(("Two.", "Three.")):
        chat.model.reply = lambda request, said=text: said
        chat.turns.regenerate(conversation, chat.branch(conversation)[-1].id)
        chat.wait_for(ReplyFinished, number + 2)
    chat.turns.delete(conversation, chat.branch(conversation)[-1].id)
    chat.wait_for(MessageDeleted)
    assert shown(chat, conversation) == ["Hi", "Two."]
    assert chat.branch(conversation)[-1].sibling_count == 2


def test_the_first_message_can_be_deleted_and_brought_back(chat: Chat) -> None:
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    before = chat.branch(conversation)
    chat.turns.delete(conversation, before[0].id)
    (deleted,) = chat.wait_for(MessageDeleted)
    assert isinstance(deleted, MessageDeleted)
    assert chat.branch(conversation) == []
    chat.turns.undelete(conversation, deleted.leaf)
    chat.wait_for(BranchChanged)
    assert chat.branch(conversation) == before


def test_nothing_is_deleted_under_a_reply_that_streams(chat: Chat) -> None:
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    chat.turns.delete(conversation, chat.branch(conversation)[0].id)
    assert "stop it" in refusal(chat)
    assert len(chat.branch(conversation)) == 2


def test_a_copy_of_a_chat_leaves_out_what_was_deleted(chat: Chat) -> None:
    conversation = chat.turns.start("First").result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "Secret")
    chat.wait_for(ReplyFinished, 2)
    chat.turns.delete(conversation, chat.branch(conversation)[2].id)
    chat.wait_for(MessageDeleted)
    copy = chat.db.write(lambda tx: copies.duplicate(tx, conversation)).result()
    assert copy.messages == 2
