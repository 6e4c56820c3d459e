"""What a conversation still knows after ten winds, asked through the whole app core.

Forty facts are dropped among chatter, winds pass, and every fact is asked about. It counts when
the answer stands word for word in the very prompt that is sent; whether the model then uses it
is another matter.
"""

import queue
import random
from collections import Counter
from pathlib import Path

import msgspec

from app.bootstrap.rooms import Rooms, open_rooms
from app.chat.events import ChatEvent, ReplyFinished, WindowMeasured
from app.chat.prompt import Composition
from app.chat.seen import load
from app.cli.bench_facts import Fact, places, small_talk
from app.core.ids import ConversationId
from app.core.sampling import GREEDY
from app.storage import messages
from app.storage.connection import Tx

WINDS = 10
_REPLY_TOKENS = 8
_CHATTER_WORDS = 60
_WAIT_S = 1800


class Remembered(msgspec.Struct, frozen=True):
    """How many answers stood in their prompts, and where; one may stand in several places."""

    asked: int
    quoted: int
    places: dict[str, int]
    missing: tuple[str, ...]  # what was said and could not be found
    winds: int

    @property
    def share(self) -> float:
        return self.quoted / self.asked


def remember(model: Path, facts: tuple[Fact, ...], seed: int = 7) -> Remembered:
    """The home folder and the window's size come from the environment."""
    events: queue.Queue[ChatEvent] = queue.Queue()
    with open_rooms(events.put, sampling=GREEDY, max_tokens=_REPLY_TOKENS) as rooms:
        rooms.load(model).result(_WAIT_S)
        return _Talk(rooms, events, random.Random(seed)).about(facts)


class _Talk:
    def __init__(self, rooms: Rooms, events: "queue.Queue[ChatEvent]", dice: random.Random) -> None:
        self._rooms = rooms
        self._events = events
        self._dice = dice
        self._conversation: ConversationId | None = None
        self._winds = 0

    def about(self, facts: tuple[Fact, ...]) -> Remembered:
        said = [fact.said for fact in facts] + [self._chatter() for _ in facts]
        self._dice.shuffle(said)
        for text in said:
            self._say(text)
        while self._winds < WINDS:
            self._say(self._chatter())
        winds = self._winds
        held: Counter[str] = Counter()
        missing: list[str] = []
        for fact in facts:
            found = places(self._say(fact.question), fact.answer)
            held.update(found)
            missing += [] if found else [fact.said]
        asked = len(facts)
        return Remembered(asked, asked - len(missing), dict(held), tuple(missing), winds)

    def _chatter(self) -> str:
        return small_talk(self._dice, _CHATTER_WORDS)

    def _say(self, text: str) -> Composition:
        """What the model saw of this turn."""
        if self._conversation is None:
            self._conversation = self._rooms.turns.start(text).result(_WAIT_S)
        else:
            self._rooms.turns.send(self._conversation, text)
        conversation, budget = self._conversation, self._rooms.budget()
        used = self._end_of_turn()

        def read(tx: Tx) -> Composition:
            question = messages.path(tx, conversation)[-2].id
            return load(tx, conversation, budget, leaf=question)

        seen = self._rooms.db.read(read).result(_WAIT_S)
        if budget.should_wind(used):
            self._winds += self._rooms.wind.start(conversation).result(_WAIT_S) is not None
        return seen

    def _end_of_turn(self) -> int:
        while True:
            event = self._events.get(timeout=_WAIT_S)
            if isinstance(event, ReplyFinished):
                assert event.message.error is None, event.message.error
            if isinstance(event, WindowMeasured):
                return event.used
