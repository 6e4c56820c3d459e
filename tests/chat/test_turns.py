from collections.abc import Callable

import pytest

from app.chat.events import (
    BranchChanged,
    ConversationChanged,
    MessageAdded,
    ReplyDelta,
    ReplyFinished,
    TurnRefused,
)
from app.core.errors import ErrorInfo, StorageError
from app.core.generator import Sink
from app.core.ids import MessageId
from app.core.messages import Message
from app.core.protocol import CHAT, Generate, Request
from app.storage import conversations, messages

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


def test_a_stop_that_comes_before_the_engine_knows_the_request_still_stops(chat: Chat) -> None:
    """The engine forgets what it is told of a request it has not got yet."""
    submit, cancelled = chat.model.submit, chat.model.cancel
    known: set[str] = set()

    def stop_first(request: Request, sink: Sink) -> None:
        if isinstance(request, Generate) and request.priority == "interactive":
            chat.turns.stop(conversation)
        known.add(request.request_id)
        submit(request, sink)

    chat.model.cancel = lambda id_: cancelled(id_) if id_ in known else None
    chat.loaded.clear()
    conversation = chat.turns.start("Talk").result()
    chat.model.submit = stop_first
    chat.loaded.set()
    (finished,) = chat.wait_for(ReplyFinished)
    assert isinstance(finished, ReplyFinished)
    assert finished.message.status == "stopped"


def test_a_stop_while_the_engine_refuses_a_prompt_is_not_forgotten(chat: Chat) -> None:
    too_long = ErrorInfo("context_limit_exceeded", "No.", {"maximum": 900, "required": 999})

    def refuse(request: Generate) -> ErrorInfo:
        chat.turns.stop(conversation)
        return too_long

    chat.loaded.clear()
    conversation = chat.turns.start("Talk").result()
    chat.model.fail = refuse
    chat.loaded.set()
    (finished,) = chat.wait_for(ReplyFinished)
    assert isinstance(finished, ReplyFinished)
    assert finished.message.error is not None
    assert finished.message.error.message == "Stopped before the first word."
    assert len([r for r in chat.model.asked if r.priority == "interactive"]) == 1


def test_a_reply_whose_end_cannot_be_saved_ends_all_the_same(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("the end of a reply could not be saved")

    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(messages, "finish_reply", full)
    conversation = chat.turns.start("Talk").result()
    (finished,) = chat.wait_for(ReplyFinished)
    assert isinstance(finished, ReplyFinished)
    assert finished.message.message.text == "Understood, go on please."
    assert finished.message.error is not None
    sentence = "The end of this reply could not be saved. The disk is full."
    assert (finished.message.status, finished.message.error.message) == ("failed", sentence)
    assert conversation not in chat.turns.streaming()


def test_a_reply_says_who_made_it_and_not_where_that_is(chat: Chat) -> None:
    chat.default_model = "/home/me/models/tiny.Q8_0.gguf"
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    assert [m.model for m in chat.branch(conversation)] == ["", "tiny.Q8_0"]
    assert chat.last_asked().model == CHAT  # whichever is loaded, not that one


def test_no_other_version_is_shown_while_a_reply_is_being_made(chat: Chat) -> None:
    conversation = chat.turns.start("Original").result()
    chat.wait_for(ReplyFinished)
    question = chat.branch(conversation)[0]
    chat.turns.edit(conversation, question.id, "Edited")
    chat.wait_for(ReplyFinished, 2)
    edited, reply = chat.branch(conversation)
    chat.model.gate.clear()
    chat.turns.regenerate(conversation, reply.id)
    chat.wait_for(BranchChanged, 2)
    chat.turns.switch_version(conversation, edited.id, -1)
    chat.wait_for(TurnRefused)
    chat.turns.send(conversation, "Next")
    chat.model.gate.set()
    chat.wait_for(ReplyFinished, 4)
    assert [m.message.text for m in chat.branch(conversation)][::2] == ["Edited", "Next"]


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


def test_who_goes_on_with_a_chat_in_the_trash_takes_it_out(chat: Chat) -> None:
    conversation = chat.turns.start("Hi").result()
    chat.wait_for(ReplyFinished)
    for number, go_on in enumerate(
        (
            lambda: chat.turns.send(conversation, "And then?"),
            lambda: chat.turns.regenerate(conversation, chat.branch(conversation)[-1].id),
        )
    ):
        chat.db.write(lambda tx: conversations.trash(tx, conversation)).result()
        go_on()
        chat.wait_for(ReplyFinished, number + 2)
        stored = chat.db.read(lambda tx: conversations.get(tx, conversation)).result()
        assert (stored.place, stored.trashed_ms) == ("chats", None)
