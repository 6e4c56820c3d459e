import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.chat import narrative
from app.chat.budget import Budget
from app.chat.events import ReplyFinished, WindFinished, WindStarted
from app.chat.narrative import live_merge_request
from app.chat.seen import load
from app.core.errors import ErrorInfo
from app.core.ids import ConversationId
from app.core.protocol import Generate
from app.core.settings import ToolSettings, WindSettings
from app.storage import conversations, messages, segments
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage

from .conftest import Chat, WordModel, price

CTX = 2048


@pytest.fixture
def windy(db: Database) -> Iterator[Chat]:
    room = Chat(db, WordModel(CTX), WindSettings())
    room.model.reply = answer
    yield room
    room.close()


def answer(request: Generate) -> str:
    if request.messages[-1].text.startswith("Summarize"):
        return "- They spoke of many things and agreed on the plan."
    return "Noted. " + " ".join(["indeed"] * 12)


def is_summary(request: Generate) -> bool:
    return request.messages[-1].text.startswith("Summarize")


def talk(chat: Chat, turns: int, *, start: int = 0) -> ConversationId:
    conversation = chat.turns.start(said(start)).result()
    chat.wait_for(ReplyFinished, 1)
    go_on(chat, conversation, turns - 1, start=start + 1)
    return conversation


def go_on(chat: Chat, conversation: ConversationId, turns: int, *, start: int) -> None:
    for number in range(start, start + turns):
        done = len([e for e in chat.events if isinstance(e, ReplyFinished)])
        chat.turns.send(conversation, said(number))
        chat.wait_for(ReplyFinished, done + 1)
        chat.settle()


def said(number: int) -> str:
    return f"Fact number {number}: box {number} holds {number * 7} marbles. " + "filler " * 130


def narrative_of(chat: Chat, conversation: ConversationId) -> str:
    budget = chat.budget
    composition = chat.db.read(lambda tx: load(tx, conversation, budget)).result()
    first = composition.messages[0]
    return first.text if first.role == "system" else ""


def test_past_the_threshold_the_oldest_turns_become_a_segment(windy: Chat) -> None:
    conversation = talk(windy, 10)
    windy.wait_for(WindFinished)
    standing = windy.db.read(lambda tx: segments.history(tx, conversation)).result()
    assert standing[0].origin == "model"
    assert standing[0].first_message_id == windy.branch(conversation)[0].id
    story = narrative_of(windy, conversation)
    assert "They spoke of many things" in story
    assert "box 0 holds 0 marbles" in story  # word for word, in the ledger


def test_a_summary_runs_on_the_live_conversation_in_the_background(windy: Chat) -> None:
    talk(windy, 10)
    windy.wait_for(WindFinished)
    summary = next(r for r in windy.model.asked if is_summary(r))
    asked_before = windy.model.asked[: windy.model.asked.index(summary)]
    before = [r for r in asked_before if r.priority == "interactive"][-1]
    assert summary.priority == "background"
    assert summary.session == before.session
    assert summary.messages[: len(before.messages)] == before.messages


def test_the_new_prompt_is_primed_before_it_is_used_and_comes_down_to_the_target(
    windy: Chat,
) -> None:
    conversation = talk(windy, 10)
    windy.wait_for(WindFinished)
    prime = [r for r in windy.model.asked if r.max_tokens == 0][-1]
    assert price(prime.messages) <= windy.budget.target_tokens + windy.budget.ledger_tokens
    windy.turns.send(conversation, "And now?")
    windy.wait_for(ReplyFinished, 11)
    after = next(r for r in reversed(windy.model.asked) if r.messages[-1].text == "And now?")
    assert after.messages[: len(prime.messages)] == prime.messages


def test_no_prompt_is_ever_over_budget_and_no_wind_starts_below_the_threshold(
    windy: Chat,
) -> None:
    talk(windy, 60)
    replies = [r for r in windy.model.asked if r.priority == "interactive"]
    assert max(price(r.messages) for r in replies) <= windy.budget.limit
    assert len(windy.wait_for(WindFinished)) >= 5
    # Hysteresis: far fewer winds than turns.
    assert len([e for e in windy.events if isinstance(e, WindStarted)]) <= 25


def test_a_wind_prefills_no_more_the_eighth_time_than_the_second(windy: Chat) -> None:
    talk(windy, 100)
    primes = [price(r.messages) for r in windy.model.asked if r.max_tokens == 0]
    assert len(primes) >= 8
    assert primes[7] <= primes[1] * 1.3


def test_the_parts_become_one_when_they_are_too_long_and_so_seldom(windy: Chat) -> None:
    windy.model.reply = lambda r: "- " + "told " * 60 if is_summary(r) else answer(r)
    conversation = talk(windy, 80)
    winds = len(windy.wait_for(WindFinished))
    merges = [r for r in windy.model.asked if r.messages[-1].text == live_merge_request()]
    assert 2 <= len(merges) <= winds // 2
    written = windy.db.read(lambda tx: segments.history(tx, conversation)).result()
    standing = [segment for segment in written if segment.superseded_by is None]
    assert sum(segment.tokens for segment in standing) <= windy.budget.narrative_tokens
    oldest = standing[0]
    assert oldest.first_message_id == windy.branch(conversation)[0].id
    assert len([s for s in written if s.superseded_by == oldest.id]) > 2


def test_a_summary_that_was_cut_ends_before_what_was_cut(windy: Chat) -> None:
    room = windy.budget.summary_tokens
    windy.model.reply = lambda r: (
        "- " + "told " * (room - 2) + "4,200 euros" if is_summary(r) else answer(r)
    )
    conversation = talk(windy, 10)
    windy.wait_for(WindFinished)
    (segment,) = windy.db.read(lambda tx: segments.history(tx, conversation)).result()
    assert segment.text.endswith(" told")
    assert narrative.whole("- The plan stands.\n- The budget is 4,") == "- The plan stands."


def test_a_failing_summary_falls_back_to_a_mechanical_one(windy: Chat) -> None:
    windy.model.fail = lambda r: ErrorInfo("known", "No.") if is_summary(r) else None
    conversation = talk(windy, 10)
    windy.wait_for(WindFinished)
    standing = windy.db.read(lambda tx: segments.history(tx, conversation)).result()
    assert standing[0].origin == "mechanical"
    assert "User: Fact number" in standing[0].text
    # One retry each: the second attempt asks over the old turns alone.
    summaries = [r for r in windy.model.asked if is_summary(r)]
    assert len(summaries) % 2 == 0


def test_a_branch_without_the_last_narrated_message_does_not_have_the_segment(
    windy: Chat,
) -> None:
    conversation = talk(windy, 10)
    windy.wait_for(WindFinished)
    first = windy.branch(conversation)[0]
    windy.turns.edit(conversation, first.id, "A new beginning")
    windy.wait_for(ReplyFinished, 11)
    assert narrative_of(windy, conversation) == ""
    assert [m.text for m in windy.last_asked().messages] == ["A new beginning"]


def test_a_single_giant_turn_is_excerpted_not_declined(windy: Chat) -> None:
    giant = "begin " + "word " * 3000 + "end"
    conversation = windy.turns.start(giant).result()
    (finished,) = windy.wait_for(ReplyFinished)
    assert isinstance(finished, ReplyFinished)
    assert finished.message.status == "complete"
    sent = windy.last_asked().messages[-1].text
    assert sent.startswith("begin")
    assert sent.rstrip().endswith("end")
    assert "left out" in sent
    assert price(windy.last_asked().messages) <= windy.budget.limit
    # The stored message is whole.
    assert windy.branch(conversation)[0].message.text == giant


def test_a_message_that_would_not_fit_waits_for_the_wind_and_says_so(db: Database) -> None:
    never_idle = Chat(db, WordModel(CTX), WindSettings(threshold=0.99))
    never_idle.model.reply = answer
    try:
        talk(never_idle, 20)
        awaited = [e for e in never_idle.events if isinstance(e, WindStarted) and e.awaited]
        assert awaited
        replies = [r for r in never_idle.model.asked if r.priority == "interactive"]
        assert max(price(r.messages) for r in replies) <= never_idle.budget.limit
    finally:
        never_idle.close()


def test_nothing_is_stored_when_priming_fails(windy: Chat) -> None:
    windy.model.fail = lambda r: ErrorInfo("worker_died", "Gone.") if r.max_tokens == 0 else None
    conversation = talk(windy, 9)
    finished = windy.wait_for(WindFinished)
    assert all(isinstance(e, WindFinished) and e.segment is None for e in finished)
    assert windy.db.read(lambda tx: segments.history(tx, conversation)).result() == []


def _fill(db: Database, lengths: list[int]) -> tuple[ConversationId, list[StoredMessage]]:
    from app.core.messages import Message

    def write(tx: Tx) -> tuple[ConversationId, list[StoredMessage]]:
        conversation = conversations.create(tx, title="random").id
        parent = None
        for number, length in enumerate(lengths):
            role = "user" if number % 2 == 0 else "assistant"
            text = f"{number}: " + "lorem " * length
            parent = messages.add(tx, conversation, parent, Message(role=role, content=text)).id
        return conversation, messages.path(tx, conversation)

    return db.write(write).result()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    ctx=st.integers(512, 2048),
    lengths=st.lists(st.integers(0, 900), max_size=14),
    last=st.integers(0, 4000),
)
def test_whatever_the_conversation_no_prompt_is_over_budget(
    tmp_path_factory: pytest.TempPathFactory, ctx: int, lengths: list[int], last: int
) -> None:
    lengths = lengths[: len(lengths) // 2 * 2]
    folder: Path = tmp_path_factory.mktemp("db")
    db = Database(folder / f"{random.random()}.sqlite3")
    chat = Chat(db, WordModel(ctx), WindSettings())
    chat.model.reply = answer
    try:
        conversation, _ = _fill(db, lengths)
        chat.turns.send(conversation, "last " + "ipsum " * last)
        (finished,) = chat.wait_for(ReplyFinished)
        assert isinstance(finished, ReplyFinished)
        assert finished.message.status in {"complete", "length"}, finished.message.error
        sent = [r for r in chat.model.asked if r.priority == "interactive"]
        assert all(price(r.messages) <= Budget(ctx).limit for r in sent)
    finally:
        chat.close()
        db.close()


def test_a_question_about_something_evicted_gets_it_quoted_and_keeps_the_quote(
    windy: Chat,
) -> None:
    secret = "The gardener hides the spare key under the third flowerpot. " + "filler " * 130
    conversation = windy.turns.start(secret).result()
    windy.wait_for(ReplyFinished)
    go_on(windy, conversation, 20, start=1)
    assert windy.branch(conversation)[0].message.text == secret.strip()
    question = "Under which flowerpot is the spare key?"
    windy.turns.send(conversation, question)
    windy.wait_for(ReplyFinished, 22)
    asked = next(r for r in reversed(windy.model.asked) if r.messages[-1].text.endswith(question))
    assert "third flowerpot" in asked.messages[-1].text
    # The stored message is what the user wrote; the quote is only what the model sees.
    stored = next(m for m in windy.branch(conversation) if m.message.text == question)
    windy.turns.send(conversation, "Thanks!")
    windy.wait_for(ReplyFinished, 23)
    after = next(r for r in reversed(windy.model.asked) if r.messages[-1].text == "Thanks!")
    assert asked.messages[-1] in after.messages
    assert stored.message.content == question


@pytest.mark.parametrize("told", [{"maximum": 700, "required": 1500}, {}])
def test_a_prompt_the_engine_finds_too_long_is_sent_again_after_a_wind(
    windy: Chat, told: dict[str, int]
) -> None:
    conversation = talk(windy, 6)

    def refuse(request: Generate) -> ErrorInfo | None:
        too_long = request.priority == "interactive" and price(request.messages) > 600
        return ErrorInfo("context_limit_exceeded", "Too long.", {**told}) if too_long else None

    windy.model.fail = refuse
    windy.turns.send(conversation, said(6))
    finished = windy.wait_for(ReplyFinished, 7)[-1]
    assert isinstance(finished, ReplyFinished)
    assert finished.message.status == "complete", finished.message.error
    assert [e for e in windy.events if isinstance(e, WindStarted) and e.awaited]
    sent = [r for r in windy.model.asked if r.priority == "interactive"]
    assert price(sent[-2].messages) > 600 >= price(sent[-1].messages)
    assert len(windy.branch(conversation)) == 14


def test_an_engine_that_refuses_everything_is_asked_twice_and_then_believed(windy: Chat) -> None:
    too_long = ErrorInfo("context_limit_exceeded", "Too long.", {"maximum": 900, "required": 999})
    windy.model.fail = lambda r: too_long if r.priority == "interactive" else None
    windy.turns.start(said(0)).result()
    (finished,) = windy.wait_for(ReplyFinished)
    assert isinstance(finished, ReplyFinished)
    assert (finished.message.status, finished.message.error) == ("failed", too_long)
    assert len([r for r in windy.model.asked if r.priority == "interactive"]) == 2


def test_a_wind_counts_with_the_model_and_the_tools_of_the_chat(windy: Chat) -> None:
    windy.tool_settings = ToolSettings(enabled=("calculator",))
    conversation = windy.turns.start(said(0), "/models/other.gguf").result()
    windy.wait_for(ReplyFinished)
    go_on(windy, conversation, 9, start=1)
    windy.wait_for(WindFinished)
    asides = [r for r in windy.model.asked if r.priority == "background"]
    assert asides
    assert {r.model for r in (*asides, *windy.model.counted)} == {"/models/other.gguf"}
    live = [r for r in asides if r.session]
    assert all([t.name for t in r.tools] == ["calculator"] for r in live)
