import pytest

from app.chat.events import ConversationChanged, ReplyFinished
from app.chat.titles import WISH, first_words, usable
from app.core.errors import ErrorInfo
from app.core.messages import ToolCall
from app.core.protocol import Generate
from app.core.settings import ToolSettings
from app.storage import conversations
from app.storage.documents import Document

from .conftest import Chat


def title_of(chat: Chat, conversation: conversations.ConversationId) -> str:
    return chat.db.read(lambda tx: conversations.get(tx, conversation).title).result()


def is_title(request: Generate) -> bool:
    return request.messages[-1].text == WISH


def test_the_first_reply_is_followed_by_a_title_that_costs_the_chat_nothing(chat: Chat) -> None:
    chat.model.reply = lambda r: '"Trip to Lisbon."' if is_title(r) else "Sure."
    conversation = chat.turns.start("Plan a trip to Lisbon for three").result()
    assert title_of(chat, conversation) == "Plan a trip to Lisbon for three"
    chat.wait_for(ConversationChanged, 2)
    assert title_of(chat, conversation) == "Trip to Lisbon"
    (asked,) = [r for r in chat.model.asked if is_title(r)]
    reply = chat.last_asked()
    assert (asked.priority, asked.session) == ("background", reply.session)
    assert asked.messages[: len(reply.messages)] == reply.messages


def test_a_failed_title_leaves_the_first_words(chat: Chat) -> None:
    chat.model.fail = lambda r: ErrorInfo("known", "No.") if is_title(r) else None
    conversation = chat.turns.start("Plan a trip").result()
    chat.wait_for(ReplyFinished)
    chat.turns.send(conversation, "And then?")
    chat.wait_for(ReplyFinished, 2)
    assert title_of(chat, conversation) == "Plan a trip"
    assert len([r for r in chat.model.asked if is_title(r)]) == 1


def test_a_first_reply_that_used_a_tool_is_followed_by_one_title(chat: Chat) -> None:
    calls = (ToolCall("c", "calculator", '{"expression": "6*7"}'),)
    chat.tool_settings = ToolSettings(enabled=("calculator",), trusted=("calculator",))
    asks = "What is 6 times 7?"
    chat.model.call = lambda r: calls if r.messages[-1].text == asks else ()
    chat.model.reply = lambda r: {asks: "", WISH: "A small sum"}.get(r.messages[-1].text, "42.")
    conversation = chat.turns.start(asks).result()
    chat.wait_for(ConversationChanged, 2)
    assert title_of(chat, conversation) == "A small sum"
    assert len([r for r in chat.model.asked if is_title(r)]) == 1


def test_a_chat_that_begins_with_a_document_alone_gets_a_title(chat: Chat) -> None:
    chat.model.reply = lambda r: "Plans for May" if is_title(r) else "Sure."
    conversation = chat.turns.start("", carried=[Document(name="may.txt", text="Go")]).result()
    assert title_of(chat, conversation) == "may.txt"
    chat.wait_for(ConversationChanged, 2)
    assert title_of(chat, conversation) == "Plans for May"


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("# Trip to Lisbon", "Trip to Lisbon"),
        ("Title: **Trip to Lisbon**", "Trip to Lisbon"),
        ("\n\nTrip to Lisbon\nand more", "Trip to Lisbon"),
        ("", ""),
        ("x " * 40, ""),
    ],
)
def test_only_a_title_is_taken_for_one(said: str, title: str) -> None:
    assert usable(said) == title


def test_first_words_are_cut_at_a_word() -> None:
    assert first_words("word " * 30).endswith("word…")
    assert first_words("  one line\nanother") == "one line"
