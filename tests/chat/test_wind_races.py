"""What may happen while a wind is at work, and what must not come of it."""

import threading
from collections.abc import Iterator

import pytest

from app.chat.events import (
    BranchChanged,
    MessageDeleted,
    ReplyFinished,
    WindFinished,
    WindStarted,
)
from app.core.errors import ErrorInfo
from app.core.ids import ConversationId
from app.core.protocol import SUMMARIZER, Generate
from app.core.settings import WindSettings
from app.storage import conversations, segments
from app.storage.database import Database
from app.storage.segments import Segment

from .conftest import Chat, WordModel, price

CTX = 2048
SUMMARY = "- They spoke of many things and agreed on the plan."


class Windy(Chat):
    """A chat that stands before its first wind, which `hold` keeps at work until `let_go`."""

    def __init__(self, db: Database, settings: WindSettings | None = None) -> None:
        super().__init__(db, WordModel(CTX), settings or WindSettings())
        self.at_work = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()
        self.model.reply = self.answer

    def answer(self, request: Generate) -> str:
        if not is_summary(request):
            return "Noted. " + "indeed " * 12
        self.at_work.set()
        assert self.let_go.wait(10)
        return SUMMARY

    def say(self, conversation: ConversationId, text: str) -> None:
        done = len([e for e in self.events if isinstance(e, ReplyFinished)])
        self.turns.send(conversation, text)
        self.wait_for(ReplyFinished, done + 1)

    def talk(self) -> ConversationId:
        """Until the first wind is at work."""
        self.let_go.clear()
        conversation = self.turns.start(said(0)).result()
        self.wait_for(ReplyFinished)
        number = 1
        while not self.at_work.wait(0.05):
            self.say(conversation, said(number))
            number += 1
        return conversation

    def history(self, conversation: ConversationId) -> list[Segment]:
        return self.db.read(lambda tx: segments.history(tx, conversation)).result()

    def summaries(self) -> list[Generate]:
        return [r for r in self.model.asked if is_summary(r)]

    def close(self) -> None:
        self.let_go.set()
        super().close()


@pytest.fixture
def windy(db: Database) -> Iterator[Windy]:
    room = Windy(db)
    yield room
    room.close()


def is_summary(request: Generate) -> bool:
    return request.messages[-1].text.startswith("Summarize")


def said(number: int) -> str:
    return f"Fact number {number}: box {number} holds {number * 7} marbles. " + "filler " * 130


def test_a_question_under_a_wind_is_answered_from_the_old_prompt_and_brings_no_second(
    windy: Windy,
) -> None:
    conversation = windy.talk()
    before = windy.last_asked().messages
    windy.say(conversation, said(99))
    assert windy.last_asked().messages[: len(before)] == before
    windy.let_go.set()
    windy.wait_for(WindFinished)
    windy.settle()
    assert len(windy.history(conversation)) == 1
    assert len([e for e in windy.events if isinstance(e, WindStarted)]) == 1


def test_a_model_that_is_unloaded_under_a_wind_is_not_loaded_again_for_it(windy: Windy) -> None:
    conversation = windy.talk()
    windy.model.cancel(windy.summaries()[0].request_id)
    windy.let_go.set()
    (finished,) = windy.wait_for(WindFinished)
    assert isinstance(finished, WindFinished)
    assert finished.segment is None
    assert len(windy.summaries()) == 1
    assert windy.history(conversation) == []


@pytest.mark.parametrize("change", ["edit", "regenerate", "delete", "switch"])
def test_a_branch_that_changes_under_a_wind_has_only_what_it_contains(
    windy: Windy, change: str
) -> None:
    conversation = windy.talk()
    branch = windy.branch(conversation)
    replies = len(branch) // 2
    match change:
        case "edit":
            windy.turns.edit(conversation, branch[0].id, "A new beginning")
        case "regenerate":
            windy.turns.regenerate(conversation, branch[-1].id)
        case "delete":
            windy.turns.delete(conversation, branch[0].id)
        case _:
            windy.turns.edit(conversation, branch[0].id, "A new beginning")
            windy.wait_for(ReplyFinished, replies + 1)
            windy.turns.switch_version(conversation, windy.branch(conversation)[0].id, 1)
    windy.wait_for(MessageDeleted if change == "delete" else BranchChanged)
    windy.wait_for(ReplyFinished, replies if change == "delete" else replies + 1)
    windy.let_go.set()
    windy.wait_for(WindFinished)
    windy.settle()
    windy.say(conversation, "And now?")
    story = windy.last_asked().messages[0].text
    contains = change in ("regenerate", "switch")
    assert (SUMMARY in story) == contains
    if change == "delete":
        windy.turns.undelete(conversation, branch[-1].id)
        windy.wait_for(BranchChanged)
        windy.say(conversation, "Back again?")
        assert SUMMARY in windy.last_asked().messages[0].text


def test_another_model_chosen_under_a_wind_reads_what_the_first_one_told(windy: Windy) -> None:
    conversation = windy.talk()
    windy.db.write(lambda tx: conversations.set_model(tx, conversation, "/other.gguf")).result()
    windy.let_go.set()
    windy.wait_for(WindFinished)
    windy.say(conversation, "And now?")
    asked = windy.last_asked()
    assert asked.model == "/other.gguf"
    assert SUMMARY in asked.messages[0].text


def test_a_chat_deleted_under_a_wind_ends_it_quietly(windy: Windy) -> None:
    conversation = windy.talk()
    windy.db.write(lambda tx: conversations.purge(tx, conversation)).result()
    windy.let_go.set()
    (finished,) = windy.wait_for(WindFinished)
    assert isinstance(finished, WindFinished)
    assert finished.segment is None


def test_stop_while_a_question_waits_for_a_wind_ends_the_question_alone(windy: Windy) -> None:
    conversation = windy.talk()
    windy.turns.send(conversation, "word " * 900)
    waiting = [e for e in windy.wait_for(WindStarted, 2) if isinstance(e, WindStarted)]
    assert [e.awaited for e in waiting] == [False, True]
    windy.turns.stop(conversation)
    ended = windy.wait_for(ReplyFinished, len(windy.branch(conversation)) // 2)[-1]
    assert isinstance(ended, ReplyFinished)
    assert ended.message.status == "failed"
    windy.let_go.set()
    windy.wait_for(WindFinished, 2)
    assert len(windy.history(conversation)) >= 1
    windy.say(conversation, "And now?")


def test_a_summarizer_that_dies_leaves_its_work_to_the_chat_model(windy: Windy) -> None:
    windy.summarizer = SUMMARIZER
    died = ErrorInfo("worker_died", "The engine process ended.")
    windy.model.fail = lambda r: died if r.model == SUMMARIZER else None
    windy.talk()
    windy.let_go.set()
    (finished,) = windy.wait_for(WindFinished)
    assert isinstance(finished, WindFinished)
    assert finished.segment is not None
    assert (finished.segment.origin, finished.segment.text) == ("model", SUMMARY)


def test_a_fault_in_a_wind_does_not_end_the_reply_that_waits_for_it(
    windy: Windy, monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    expect_log("a wind failed")
    conversation = windy.turns.start(said(0)).result()
    windy.wait_for(ReplyFinished)

    def fault(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(windy.wind._scribe, "narrate", fault)
    windy.say(conversation, "word " * 1700)
    assert windy.branch(conversation)[-1].status == "complete"
    assert price(windy.last_asked().messages) <= windy.budget.limit


def test_no_wind_comes_where_winds_are_off_even_when_the_engine_refuses(db: Database) -> None:
    room = Windy(db, WindSettings(enabled=False))
    try:
        conversation = room.turns.start(said(0)).result()
        room.wait_for(ReplyFinished)
        too_long = ErrorInfo("context_limit_exceeded", "No.", {"maximum": 900, "required": 999})
        room.model.fail = lambda r: too_long if price(r.messages) > 280 else None
        room.say(conversation, said(1))
        assert room.branch(conversation)[-1].status == "complete"
        assert not [e for e in room.events if isinstance(e, WindStarted)]
    finally:
        room.close()
