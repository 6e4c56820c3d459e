from collections.abc import Callable

from app.chat.events import (
    BranchChanged,
    ConversationChanged,
    MessageAdded,
    ReplyDelta,
    ReplyFinished,
    TurnRefused,
)
from app.core.errors import ErrorInfo
from app.core.ids import MessageId
from app.core.messages import Message
from app.storage import messages

from .conftest import Chat


def test_a_sent_message_is_stored_announced_and_answered(chat: Chat) -> None:
    conversation = chat.turns.start("Hello there").result()
    (finished,) = chat.wait_for(ReplyFinished)
    kinds = [type(event) for event in chat.events]
    assert kinds[:3] == [ConversationChanged, MessageAdded, MessageAdded]
    assert isinstance(finished, ReplyFinished)
    assert finished.message.message.text == "Understood, go on please."
    assert finished.message.status == "complete"
    assert [m.message.role for m in chat.branch(conversation)] == ["user", "assistant"]


def test_every_request_carries_the_whole_conversation(chat: Chat) -> None:
    conversation = chat.turns.start("First").result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "Second")
    chat.wait_for(ReplyFinished, 2)
    first, second = [r for r in chat.model.asked if r.priority == "interactive"]
    assert first.messages == (Message(role="user", content="First"),)
    assert second.messages[:1] == first.messages
    assert [m.text for m in second.messages] == ["First", "Understood, go on please.", "Second"]


def test_stop_keeps_the_text(chat: Chat) -> None:
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    chat.turns.stop(conversation)
    (finished,) = chat.wait_for(ReplyFinished)
    assert isinstance(finished, ReplyFinished)
    assert finished.message.status == "stopped"
    assert finished.message.message.text == "Understood,"


def test_stop_while_the_model_loads_ends_at_once_and_the_next_turn_works(chat: Chat) -> None:
    chat.loaded.clear()
    conversation = chat.turns.start("One").result()
    chat.turns.stop(conversation)
    (stopped,) = chat.wait_for(ReplyFinished)
    assert isinstance(stopped, ReplyFinished)
    assert stopped.message.error is not None
    assert stopped.message.error.message == "Stopped before the first word."
    chat.turns.send(conversation, "Two")
    chat.loaded.set()
    answered = chat.wait_for(ReplyFinished, 2)[1]
    assert isinstance(answered, ReplyFinished)
    assert answered.message.status == "complete"
    chat.settle()
    replies = [r for r in chat.model.asked if r.priority == "interactive"]
    assert [reply.messages[-1].text for reply in replies] == ["Two"]


def test_a_failure_is_kept_with_its_sentence_and_the_next_turn_works(chat: Chat) -> None:
    chat.model.fail = lambda request: ErrorInfo("worker_died", "The engine stopped.")
    conversation = chat.turns.start("One").result()
    (failed,) = chat.wait_for(ReplyFinished)
    assert isinstance(failed, ReplyFinished)
    assert failed.message.status == "failed"
    assert failed.message.error == ErrorInfo("worker_died", "The engine stopped.")
    chat.model.fail = lambda request: None
    chat.turns.send(conversation, "Two")
    chat.wait_for(ReplyFinished, 2)
    # The empty failed reply is not shown to the model.
    assert [m.text for m in chat.last_asked().messages] == ["One", "Two"]


def test_regenerate_adds_a_sibling_and_switching_brings_the_first_back(chat: Chat) -> None:
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    first = chat.branch(conversation)[-1]
    chat.model.reply = lambda request: "Another answer."
    chat.turns.regenerate(conversation, first.id)
    chat.wait_for(ReplyFinished, 2)
    second = chat.branch(conversation)[-1]
    assert (second.message.text, second.sibling_index, second.sibling_count) == (
        "Another answer.",
        1,
        2,
    )
    chat.turns.switch_version(conversation, second.id, -1)
    chat.wait_for(BranchChanged, 2)
    assert chat.branch(conversation)[-1].id == first.id


def test_edit_overwrites_nothing(chat: Chat) -> None:
    conversation = chat.turns.start("Original").result()
    chat.wait_for(ReplyFinished)
    question = chat.branch(conversation)[0]
    chat.turns.edit(conversation, question.id, "Edited")
    chat.wait_for(ReplyFinished, 2)
    assert chat.branch(conversation)[0].message.text == "Edited"
    versions = chat.db.read(lambda tx: messages.siblings(tx, question.id)).result()
    assert [v.message.text for v in versions] == ["Original", "Edited"]
    assert [m.text for m in chat.last_asked().messages] == ["Edited"]


def test_a_refused_edit_names_the_message_it_was_to_change(
    chat: Chat, expect_log: Callable[[str], None]
) -> None:
    expect_log("a turn could not be stored")
    chat.model.gate.clear()
    conversation = chat.turns.start("Original").result()
    chat.wait_for(ReplyDelta)
    question = chat.branch(conversation)[0].id
    chat.turns.edit(conversation, question, "Edited")
    chat.turns.edit(conversation, question, " \0 ")
    chat.model.gate.set()
    chat.wait_for(ReplyFinished)
    chat.turns.edit(conversation, MessageId(999), "Edited")
    refused = chat.wait_for(TurnRefused, 3)
    assert [(each.text, each.question) for each in refused if isinstance(each, TurnRefused)] == [
        ("Edited", question),
        (" \0 ", question),
        ("Edited", 999),
    ]


def test_closing_while_a_reply_streams_keeps_its_text(chat: Chat) -> None:
    chat.model.gate.clear()
    conversation = chat.turns.start("Talk").result()
    chat.wait_for(ReplyDelta)
    chat.turns.close()
    last = chat.branch(conversation)[-1]
    assert (last.status, last.message.text) == ("stopped", "Understood,")


def test_blank_messages_are_refused_with_a_sentence(chat: Chat) -> None:
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "  \0 ")
    (refused,) = chat.wait_for(TurnRefused)
    assert isinstance(refused, TurnRefused)
    assert refused.error.message.endswith(".")
    assert len(chat.branch(conversation)) == 2
