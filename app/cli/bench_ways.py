"""Ways to go on with a conversation that outgrows its window: the wind, and what others do.

Every way is told the same messages, one after the other, and answers through the same engine.
The wind is the app's own, through all of its rooms; the others are rules in a few lines over the
pool, with the same template, cache and room for the reply. A bench's thread; everything waits.
"""

import queue
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol

import msgspec

from app.bootstrap.rooms import Rooms
from app.chat import narrative
from app.chat.ask import Answered, ask, count
from app.chat.budget import LEDGER_SHARE, NARRATIVE_SHARE, Budget
from app.chat.events import ChatEvent, ReplyDelta, ReplyFinished, WindFinished, WindowMeasured
from app.chat.prompt import Composition
from app.chat.seen import load
from app.core.generator import Generator
from app.core.ids import ConversationId, SessionId, new_request_id
from app.core.messages import Message
from app.core.protocol import Count, Generate
from app.core.sampling import GREEDY
from app.storage import messages
from app.storage.connection import Tx

WAIT_S = 1800  # a busy machine, a large model: slow is still a figure

# Which turns are sent, of turns that cost so many tokens, into so much room.
Rule = Callable[[Sequence[int], int], Sequence[int]]


class Heard(msgspec.Struct, frozen=True):
    """One message, as a way dealt with it."""

    prompt: tuple[Message, ...] = ()  # what the model saw; empty: the message was refused
    reply: str = ""
    first_token_ms: float = 0.0  # what a person waited, for room to be made too where that is so
    prefilled: int = 0  # tokens, those of making room included


class Way(Protocol):
    made_room: int  # how often

    def say(self, text: str, *, question: bool = False) -> Heard: ...


class Winding:
    """The app's own way; the home folder and the window's size come from the environment."""

    def __init__(self, rooms: Rooms, events: "queue.Queue[ChatEvent]") -> None:
        self.made_room = 0
        self.seen: Composition | None = None  # by the model, at the last message
        self._rooms = rooms
        self._events = events
        self._conversation: ConversationId | None = None
        self._prefilled_in_winds = 0

    def say(self, text: str, *, question: bool = False) -> Heard:
        """A person rests after each reply: a wind that is due then passes unseen."""
        began = time.monotonic()
        if self._conversation is None:
            self._conversation = self._rooms.turns.start(text).result(WAIT_S)
        else:
            self._rooms.turns.send(self._conversation, text)
        conversation, budget = self._conversation, self._rooms.budget()
        finished, used, first = self._end_of_turn()

        def read(tx: Tx) -> Composition:
            asked = messages.path(tx, conversation)[-2].id
            return load(tx, conversation, budget, leaf=asked)

        self.seen = self._rooms.db.read(read).result(WAIT_S)
        if budget.should_wind(used):
            self._rooms.wind.start(conversation).result(WAIT_S)
            self._take_winds()
        winds, self._prefilled_in_winds = self._prefilled_in_winds, 0
        stats = finished.message.stats
        assert stats is not None
        return Heard(
            prompt=self.seen.messages,
            reply=finished.message.message.text,
            first_token_ms=(first - began) * 1000,
            prefilled=stats.prompt_tokens - stats.reused_tokens + winds,
        )

    def _end_of_turn(self) -> tuple[ReplyFinished, int, float]:
        """How it ended, the tokens that are used now, and when its first words came."""
        finished: ReplyFinished | None = None
        first: float | None = None
        while True:
            event = self._events.get(timeout=WAIT_S)
            self._took(event)
            if isinstance(event, ReplyDelta | ReplyFinished):
                first = first or time.monotonic()
            if isinstance(event, ReplyFinished):
                assert event.message.error is None, event.message.error
                finished = event
            elif isinstance(event, WindowMeasured) and finished is not None and first is not None:
                return finished, event.used, first

    def _take_winds(self) -> None:
        while not self._events.empty():
            self._took(self._events.get())

    def _took(self, event: ChatEvent) -> None:
        if isinstance(event, WindFinished):
            self.made_room += event.segment is not None
            self._prefilled_in_winds += event.prefilled_tokens


class _Turn(msgspec.Struct, frozen=True):
    said: tuple[Message, ...]  # a message and its reply
    tokens: int


class Ruled:
    """Each message is sent after those turns that a rule keeps."""

    def __init__(
        self,
        generator: Generator,
        budget: Budget,
        rule: Rule,
        reply_tokens: int,
        *,
        ends: bool = False,
    ) -> None:
        """`ends`: what does not fit beside all that was said is refused, for good."""
        self.made_room = 0
        self.budget = budget
        self.turns: list[_Turn] = []
        self._generator = generator
        self._rule = rule
        self._reply_tokens = reply_tokens
        self._ends = ends
        self._over = False
        self._session = SessionId(f"bench-{new_request_id()}")

    def say(self, text: str, *, question: bool = False) -> Heard:
        """A question is still answered after the end, from what was heard until then."""
        new = Message(role="user", content=text)
        room = self.budget.limit - self.count(new)
        kept = self._rule([turn.tokens for turn in self.turns], room)
        self._over = self._over or (self._ends and len(kept) < len(self.turns) and not question)
        if self._over and not question:
            return Heard()
        self.made_room += len(kept) < len(self.turns)
        return self.answer([self.turns[at] for at in kept], new)

    def answer(self, kept: Sequence[_Turn], new: Message, head: Sequence[Message] = ()) -> Heard:
        prompt = (*head, *(each for turn in kept for each in turn.said), new)
        answer = self.ask(prompt, self._reply_tokens)
        if not self._over:
            reply = Message(role="assistant", content=answer.text)
            said = (new, reply) if answer.text else (new,)
            self.turns.append(_Turn(said, self.count(*said)))
        stats = answer.stats
        fresh = stats.prompt_tokens - stats.reused_tokens
        return Heard(prompt, answer.text, stats.first_token_ms, fresh)

    def ask(self, prompt: Sequence[Message], most: int) -> Answered:
        request = Generate(
            request_id=new_request_id(),
            session=self._session,
            messages=tuple(prompt),
            sampling=GREEDY,
            max_tokens=most,
        )
        return ask(self._generator, request).result(WAIT_S)

    def count(self, *said: Message) -> int:
        request = Count(request_id=new_request_id(), messages=said, each=True)
        return sum(count(self._generator, request).result(WAIT_S).each)


class Summarising(Ruled):
    """One summary before the recent turns, made of itself and the turns that leave.

    It has the room that the wind gives to narrative and facts together, winds as early, and asks
    in the wind's words; a person waits for it, as there is nothing to answer from meanwhile.
    """

    def __init__(self, generator: Generator, budget: Budget, reply_tokens: int) -> None:
        super().__init__(generator, budget, drop_the_oldest, reply_tokens)
        self._summary = ""

    def say(self, text: str, *, question: bool = False) -> Heard:
        new = Message(role="user", content=text)
        tokens = self.count(*self._head(), new) + sum(turn.tokens for turn in self.turns)
        began, fresh = time.monotonic(), 0
        if self.budget.should_wind(tokens):
            fresh = self._summarise()
        waited_ms = (time.monotonic() - began) * 1000
        heard = self.answer(self.turns[:], new, self._head())
        return msgspec.structs.replace(
            heard,
            first_token_ms=heard.first_token_ms + waited_ms,
            prefilled=heard.prefilled + fresh,
        )

    def _head(self) -> tuple[Message, ...]:
        text = narrative.system_text("", [self._summary] if self._summary else [], ())
        return (Message(role="system", content=text),) if text else ()

    def _summarise(self) -> int:
        """The tokens that were prefilled for it."""
        most = int(self.budget.chat_ctx * (LEDGER_SHARE + NARRATIVE_SHARE))
        stay = drop_the_oldest([t.tokens for t in self.turns], self.budget.target_tokens - most)
        leaves = len(self.turns) - len(stay)
        first, after = self.turns[0].said[0], self.turns[leaves].said[0] if stay else None
        said = [each for turn in self.turns for each in turn.said]
        wish = Message(role="user", content=narrative.summary_request(first, after))
        answers = [self.ask((*self._head(), *said, wish), most)]
        if self._summary:
            text = narrative.merge_request((self._summary, answers[0].text), ())
            answers.append(self.ask([Message(role="user", content=text)], most))
        self._summary = answers[-1].text.strip()
        self.turns = self.turns[leaves:]
        self.made_room += 1
        return sum(each.stats.prompt_tokens - each.stats.reused_tokens for each in answers)


def _fitting(prices: Sequence[int], room: int) -> int:
    """How many from the front fit."""
    return sum(used <= room for used in accumulate(prices))


def stop(prices: Sequence[int], room: int) -> Sequence[int]:
    return range(_fitting(prices, room))


def drop_the_oldest(prices: Sequence[int], room: int) -> Sequence[int]:
    return range(len(prices) - _fitting(prices[::-1], room), len(prices))


def truncate_the_middle(prices: Sequence[int], room: int) -> Sequence[int]:
    """Half of the room for how it began, the rest for the newest."""
    begins = stop(prices, room // 2)
    rest = prices[len(begins) :]
    newest = drop_the_oldest(rest, room - sum(prices[: len(begins)]))
    return [*begins, *(len(begins) + at for at in newest)]
