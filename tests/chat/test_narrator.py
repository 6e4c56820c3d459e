"""People and the narrative: nothing they do to it loses a version, a turn or a token's account."""

from collections.abc import Iterator

import msgspec
import pytest

from app.chat.events import (
    NarrativeChanged,
    ReplyFinished,
    TurnRefused,
    WindFinished,
    WindStarted,
)
from app.chat.narrator import Part
from app.chat.wind import replace
from app.core.errors import ErrorInfo, InvalidRequest
from app.core.ids import ConversationId
from app.core.messages import Message
from app.core.protocol import SUMMARIZER, Generate
from app.core.settings import ToolSettings, WindSettings
from app.storage import conversations, messages, segments
from app.storage.database import Database, Tx
from app.storage.recalls import Quote, put
from app.storage.segments import Segment

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


def talk(chat: Chat, turns: int) -> ConversationId:
    conversation = chat.turns.start(said(0)).result()
    chat.wait_for(ReplyFinished, 1)
    for number in range(1, turns):
        chat.turns.send(conversation, said(number))
        chat.wait_for(ReplyFinished, number + 1)
        chat.settle()
    return conversation


def said(number: int) -> str:
    return f"Fact number {number}: box {number} holds {number * 7} marbles. " + "filler " * 130


def parts(chat: Chat, conversation: ConversationId) -> tuple[Part, ...]:
    return chat.narrator.read(conversation).result()


def changed(chat: Chat, count: int = 1) -> NarrativeChanged:
    event = chat.wait_for(NarrativeChanged, count)[-1]
    assert isinstance(event, NarrativeChanged)
    return event


def refusal(chat: Chat) -> str:
    event = chat.wait_for(TurnRefused)[-1]
    assert isinstance(event, TurnRefused)
    assert event.text == ""
    return event.error.message


def test_an_edit_counts_at_once_and_its_undo_brings_the_old_text_back(windy: Chat) -> None:
    conversation = talk(windy, 8)
    (part,) = parts(windy, conversation)
    windy.narrator.edit(conversation, part.segment.id, "- The code word is Marigold-7.\0 ")
    (standing,) = changed(windy).standing
    assert (standing.origin, standing.text) == ("edited", "- The code word is Marigold-7.")
    assert standing.tokens == 6
    assert any("Marigold-7" in fact.text for fact in standing.ledger)
    assert {fact.key for fact in part.segment.ledger} <= {fact.key for fact in standing.ledger}
    (edited,) = parts(windy, conversation)
    assert [old.text for old in edited.earlier] == [part.segment.text]
    windy.turns.send(conversation, "And now?")
    windy.wait_for(ReplyFinished, 9)
    assert "Marigold-7" in windy.last_asked().messages[0].text

    windy.narrator.undo(conversation, standing.id)
    assert changed(windy, 2).standing == (part.segment,)


def test_a_changed_narrative_is_in_the_cache_before_it_is_needed(windy: Chat) -> None:
    conversation = talk(windy, 8)
    (part,) = parts(windy, conversation)
    windy.narrator.edit(conversation, part.segment.id, "- Nothing happened.")
    changed(windy)
    windy.settle()
    prime = windy.model.asked[-1]
    assert (prime.max_tokens, prime.priority) == (0, "background")
    assert "Nothing happened" in prime.messages[0].text


def test_taking_the_newest_part_back_shows_its_turns_again_word_for_word(windy: Chat) -> None:
    conversation = talk(windy, 8)
    (part,) = parts(windy, conversation)
    windy.narrator.undo(conversation, part.segment.id)
    assert changed(windy).standing == ()
    seen = windy.narrator.account(conversation).result().messages
    assert {each.seen for each in seen} == {"verbatim"}


def test_an_older_part_cannot_be_taken_back_under_a_newer_one(windy: Chat) -> None:
    conversation = talk(windy, 16)
    first, *rest = parts(windy, conversation)
    assert rest
    assert not first.can_undo
    windy.narrator.undo(conversation, first.segment.id)
    assert "newest part" in refusal(windy)
    assert parts(windy, conversation) == (first, *rest)


def test_a_part_that_was_replaced_meanwhile_is_neither_edited_nor_redone(windy: Chat) -> None:
    conversation = talk(windy, 8)
    (part,) = parts(windy, conversation)
    windy.narrator.edit(conversation, part.segment.id, "- One.")
    changed(windy)
    windy.narrator.edit(conversation, part.segment.id, "- Two.")
    assert "changed meanwhile" in refusal(windy)
    windy.narrator.rewrite(conversation, part.segment.id)
    windy.wait_for(TurnRefused, 2)
    windy.narrator.edit(conversation, parts(windy, conversation)[0].segment.id, "  ")
    windy.wait_for(TurnRefused, 3)
    assert [p.segment.text for p in parts(windy, conversation)] == ["- One."]


def test_a_rerun_reads_the_originals_again_and_keeps_the_old_version(windy: Chat) -> None:
    conversation = talk(windy, 8)
    (part,) = parts(windy, conversation)
    windy.model.reply = lambda request: "- A better account of the marbles in their boxes."
    windy.narrator.rewrite(conversation, part.segment.id)
    (standing,) = changed(windy).standing
    assert standing.text == "- A better account of the marbles in their boxes."
    assert standing.origin == "model"
    kept = (part.segment.first_message_id, part.segment.last_message_id)
    assert (standing.first_message_id, standing.last_message_id) == kept
    asked = next(r for r in windy.model.asked if r.messages[-1].text.startswith("Summarize") and
                 r.session == "")  # fmt: skip
    assert asked.messages[0].text == windy.branch(conversation)[0].message.text
    assert asked.priority == "background"
    assert len(windy.wait_for(WindStarted)) == len(windy.wait_for(WindFinished))
    assert parts(windy, conversation)[0].earlier == (part.segment.__class__(**{
        **{f: getattr(part.segment, f) for f in part.segment.__struct_fields__},
        "superseded_by": standing.id,
    }),)  # fmt: skip


def joined(chat: Chat, conversation: ConversationId) -> Segment:
    """All that stands as one part, as if merged."""
    first = chat.branch(conversation)[0].id

    def join(tx: Tx) -> Segment:
        standing = [s for s in segments.history(tx, conversation) if s.superseded_by is None]
        return segments.add(
            tx,
            conversation,
            first,
            standing[-1].last_message_id,
            "- All of it.",
            supersedes=[s.id for s in standing],
        )

    return chat.db.write(join).result()


def test_a_rerun_of_more_than_a_window_reads_it_in_parts(windy: Chat) -> None:
    conversation = talk(windy, 30)
    whole = windy.branch(conversation)
    big = joined(windy, conversation)
    before = len(windy.model.asked)
    windy.narrator.rewrite(conversation, big.id)
    changed(windy)
    asked = windy.model.asked[before:]
    summaries = [r for r in asked if r.messages[-1].text.startswith("Summarize")]
    assert len(summaries) > 1
    assert all(price(r.messages) <= windy.budget.limit for r in asked)
    read = [m.text for r in summaries for m in r.messages[:-1]]
    last = next(i for i, m in enumerate(whole) if m.id == big.last_message_id)
    assert read == [m.message.text for m in whole[: last + 1]]


def test_a_rerun_of_many_windows_joins_its_summaries_in_rounds(windy: Chat) -> None:
    conversation = talk(windy, 60)
    big = joined(windy, conversation)
    before = len(windy.model.asked)
    windy.model.reply = lambda request: "- " + "word " * 200  # as long as it may be
    windy.narrator.rewrite(conversation, big.id)
    changed(windy)
    asked = windy.model.asked[before:]
    assert len([r for r in asked if r.messages[-1].text.startswith("These are notes")]) > 1
    assert all(price(r.messages) <= windy.budget.limit for r in asked)


def test_a_rerun_that_fails_leaves_what_stands(windy: Chat) -> None:
    conversation = talk(windy, 8)
    before = parts(windy, conversation)
    windy.model.fail = lambda request: ErrorInfo("known", "The model cannot now.")
    windy.narrator.rewrite(conversation, before[0].segment.id)
    assert refusal(windy) == "The model cannot now."
    assert parts(windy, conversation) == before


def test_an_edit_under_a_wind_at_work_wins_over_it(windy: Chat) -> None:
    conversation = talk(windy, 8)
    (part,) = parts(windy, conversation)

    def edit_first(request: Generate) -> str:
        if request.messages[-1].text.startswith("Summarize"):
            windy.narrator.edit(conversation, part.segment.id, "- Mine.")
            changed(windy)
        return answer(request)

    windy.model.reply = edit_first
    for number in range(8, 16):
        windy.turns.send(conversation, said(number))
        windy.wait_for(ReplyFinished, number + 1)
        windy.settle()
        if any(isinstance(e, NarrativeChanged) for e in windy.events):
            break
    assert [p.segment.text for p in parts(windy, conversation)] == ["- Mine."]


def test_the_account_adds_up_to_what_the_engine_counts(windy: Chat) -> None:
    windy.tool_settings = ToolSettings(enabled=("calculator",))
    conversation = talk(windy, 10)
    branch = windy.branch(conversation)
    (part, *_) = parts(windy, conversation)
    quote = Quote(branch[0].id, "user", "box 0 holds 0 marbles")
    windy.db.write(lambda tx: put(tx, branch[-2].id, part.segment.id, [quote])).result()
    account = windy.narrator.account(conversation).result()
    assert account.exact
    assert [each.message for each in account.messages] == [m.id for m in branch]
    seen = {each.message: each.seen for each in account.messages}
    assert seen[branch[0].id] == "recalled"
    assert seen[branch[1].id] == "narrated"
    assert seen[branch[-1].id] == "verbatim"
    assert account.narrative > 0 < account.ledger
    assert all(each.tokens > 0 for each in account.messages if each.seen == "recalled")
    assert all(each.tokens == 0 for each in account.messages if each.seen == "narrated")
    windy.turns.send(conversation, "x")
    windy.wait_for(ReplyFinished, 11)
    sent = windy.last_asked()
    assert sent.tools != ()
    assert account.total <= price(sent.messages) <= account.total + 20


def test_what_a_mechanical_summary_passes_over_is_evicted(windy: Chat) -> None:
    windy.model.fail = lambda r: (
        ErrorInfo("known", "No.") if r.messages[-1].text.startswith("Summarize") else None
    )
    windy.model.reply = lambda request: "so " * 60
    conversation = talk(windy, 10)
    seen = {each.seen for each in windy.narrator.account(conversation).result().messages}
    assert "evicted" in seen
    assert "narrated" in seen


def test_a_summarizer_of_its_own_reads_only_the_old_turns(windy: Chat) -> None:
    windy.summarizer = SUMMARIZER
    talk(windy, 8)
    summary = next(r for r in windy.model.asked if r.messages[-1].text.startswith("Summarize"))
    assert (summary.model, summary.session) == (SUMMARIZER, "")
    prime = next(r for r in windy.model.asked if r.max_tokens == 0)
    assert prime.model == "chat"


def test_a_part_can_be_edited_where_it_stands_whatever_another_branch_made_of_it(
    db: Database,
) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        a = messages.add(tx, chat, None, Message(role="user", content="a")).id
        left, right = (
            messages.add(tx, chat, a, Message(role="user", content=text)).id for text in "lr"
        )
        trunk = segments.add(tx, chat, a, a, "trunk")
        segments.add(tx, chat, a, left, "both", supersedes=(trunk.id,))
        trunk = segments.get(tx, trunk.id)
        edit = msgspec.structs.replace(trunk, text="edited", origin="edited")
        messages.set_active_leaf(tx, chat, left)
        with pytest.raises(InvalidRequest):
            replace(tx, chat, trunk, edit)
        messages.set_active_leaf(tx, chat, right)
        replace(tx, chat, trunk, edit)
        assert [part.text for part in segments.on_branch(tx, chat, right)] == ["edited"]

    db.write(job).result()
