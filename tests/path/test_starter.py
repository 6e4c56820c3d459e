"""The model that ships, through every room: what the app does with it means something.

Its values are none of its lessons'; a goal for many of them is `scripts.starter.evaluate`'s matter.
"""

import queue
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import msgspec
import pytest

from app.bootstrap.rooms import Rooms, open_rooms
from app.chat.events import ChatEvent, ConversationChanged, ReplyFinished
from app.chat.prompt import Composition
from app.chat.seen import load
from app.chat.tools import built_in
from app.core.ids import ConversationId
from app.core.settings import ToolSettings
from app.storage import conversations
from app.storage.segments import Segment
from app.ui.welcome import GUIDED
from scripts.starter import guide
from scripts.starter.foreign import DECLINED
from scripts.starter.scoring import holds
from tests.path.test_one_message import next_of

# (what is said, what is asked, what the answer must hold)
TOLD = (
    ("My dog is called Quibble.", "What is my dog called?", "Quibble"),
    ("The server's port is 48213.", "What is the server's port?", "48213"),
    ("I live in Trondheim.", "Where do I live?", "Trondheim"),
    ("My dentist is Ines Oduya.", "Who is my dentist?", "Ines Oduya"),
    ("The brass lamp was mended by Zorka.", "Who mended the brass lamp?", "Zorka"),
    ("The report is in ~/work/plans/tern.md.", "Where is the report?", "~/work/plans/tern.md"),
)
FORGET = "UPDATE segment SET text = '- They spoke.', ledger = '[]' WHERE id = ?"
OF_THE_APP = ("How do I start a new chat?", "How do I export a chat?", "Does it work offline?")


class Talking:
    """A person at the app's core, who waits for each reply."""

    def __init__(self, rooms: Rooms, events: "queue.Queue[ChatEvent]") -> None:
        self.rooms = rooms
        self.events = events
        self.chat: ConversationId | None = None

    def say(self, text: str) -> str:
        """The last reply, after what its tools said."""
        if self.chat is None:
            self.chat = self.rooms.turns.start(text).result(10)
        else:
            self.rooms.turns.send(self.chat, text)
        while True:
            event = next_of(self.events, ReplyFinished, 60)
            assert isinstance(event, ReplyFinished)
            assert event.message.error is None
            if not event.message.message.tool_calls:
                assert event.message.status == "complete", "it found its end by itself"
                return event.message.message.text

    def wind_past(self, text: str) -> list[Segment]:
        """Goes on about the app until this message is out of sight; what was narrated."""
        assert self.chat is not None
        found: list[Segment] = []
        for question in cycle(OF_THE_APP):
            if text not in [stored.message.text for stored in self.seen().verbatim]:
                return found
            self.say(question)
            if segment := self.rooms.wind.start(self.chat).result(60):
                found.append(segment)
        raise AssertionError

    def seen(self) -> Composition:
        chat, budget = self.chat, self.rooms.budget()
        assert chat is not None
        return self.rooms.db.read(lambda tx: load(tx, chat, budget)).result(5)


@pytest.fixture
def talking(starter: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talking]:
    """As in the window: sampled as the file recommends, in a window that is soon full."""
    monkeypatch.setenv("LLAMA_CHAT_N_CTX", "2048")
    events: queue.Queue[ChatEvent] = queue.Queue()
    with open_rooms(events.put) as rooms:
        rooms.load(starter).result(30)
        assert rooms.budget().chat_ctx == 2048
        yield Talking(rooms, events)


def test_what_the_first_page_offers_to_ask_is_answered(talking: Talking) -> None:
    answers = {intent.id: intent.answer for intent in guide.intents()}
    for (_, _, question), intent in zip(GUIDED, ("abilities", "wind", "getmodel"), strict=True):
        assert talking.say(question) == answers[intent]


def test_it_says_so_when_a_question_is_not_its_own(talking: Talking) -> None:
    assert talking.say("Who painted the ceiling of the Sistine Chapel?") == DECLINED


def test_a_chat_is_titled_by_what_it_is_about(talking: Talking) -> None:
    talking.say("My dog is called Quibble.")
    next_of(talking.events, ConversationChanged)
    assert talking.chat is not None
    chat = talking.chat
    title = talking.rooms.db.read(lambda tx: conversations.get(tx, chat).title).result(5)
    assert title == "Dog"


def test_what_was_told_before_two_winds_is_still_known(talking: Talking) -> None:
    for said, _, value in TOLD:
        assert holds(talking.say(said), value)
    narrated = talking.wind_past(TOLD[2][0]) + talking.wind_past(TOLD[-1][0])
    assert len(narrated) >= 2
    assert {segment.origin for segment in narrated} == {"model"}
    for _, asked, value in TOLD:
        assert holds(talking.say(asked), value), asked


def test_what_only_an_old_turn_says_is_quoted_and_answered(talking: Talking) -> None:
    said = "My favourite dish is lasagne."
    talking.say(said)
    for segment in talking.wind_past(said):
        talking.rooms.db.write(lambda tx, id_=segment.id: tx.run(FORGET, (id_,))).result(5)
    assert holds(talking.say("What is my favourite dish?"), "lasagne")
    seen = talking.seen()
    assert "lasagne" not in seen.head[0].text
    (quotes,) = seen.quotes.values()
    assert "lasagne" in quotes[0].text


@pytest.mark.parametrize(
    ("asked", "name", "arguments", "told"),
    [
        ("What is 839 * 483?", "calculator", {"expression": "839 * 483"}, "839 * 483 = 405237"),
        ("What time is it?", "current_time", {}, "It is {result}."),
    ],
)
def test_a_tool_is_called_unasked_and_its_result_told(
    talking: Talking, asked: str, name: str, arguments: dict[str, str], told: str
) -> None:
    names = tuple(host.tool.name for host in built_in())
    talking.rooms.settings.change(
        lambda old: msgspec.structs.replace(old, tools=ToolSettings(enabled=names, trusted=names))
    )
    reply = talking.say(asked)
    _, calling, result, _ = talking.seen().branch
    (call,) = calling.message.tool_calls
    assert (call.name, msgspec.json.decode(call.arguments)) == (name, arguments)
    assert reply == told.format(result=result.message.text)
