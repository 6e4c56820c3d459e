"""Measures the context wind through the whole app core with a real model."""

import os
import queue
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from app.bootstrap.rooms import Rooms, open_rooms
from app.chat.ask import ask, count
from app.chat.budget import Budget
from app.chat.events import ChatEvent, ReplyFinished, WindFinished, WindowMeasured
from app.chat.seen import load
from app.cli.bench_facts import FIRST, SECOND
from app.cli.bench_memory import Remembered, remember
from app.core.ids import ConversationId, SessionId, new_request_id
from app.core.messages import Message
from app.core.protocol import Count, Generate
from app.core.sampling import GREEDY

E = TypeVar("E")

_REPLY_TOKENS = 16
_WAIT_S = 1800  # a busy machine, a large model: slow is still a figure
_WORDS_SAID = 120
_QUESTION_TOKENS = 256
_BASELINE_EVERY = 10
_WORDS = (
    "garden letter river engine music winter market bridge paper window signal harbour "
    "mountain kitchen journey lantern story number morning forest"
).split()


def measure(model: Path, turns: int, ctx: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        os.environ |= _environment(home, ctx)
        events: queue.Queue[ChatEvent] = queue.Queue()
        with open_rooms(events.put, sampling=GREEDY, max_tokens=_REPLY_TOKENS) as rooms:
            rooms.load(model).result(_WAIT_S)
            return _Run(rooms, events, rooms.budget()).play(turns)


def memory(model: Path, ctx: int) -> dict[str, Remembered]:
    """What is left of each set of facts after ten winds."""
    found: dict[str, Remembered] = {}
    for name, facts in (("first", FIRST), ("second", SECOND)):
        with tempfile.TemporaryDirectory() as home:
            os.environ |= _environment(home, ctx)
            found[name] = remember(model, facts)
    return found


def _environment(home: str, ctx: int) -> dict[str, str]:
    return {"LLAMA_CHAT_HOME": home, "LLAMA_CHAT_N_CTX": str(ctx)}


class _Run:
    def __init__(self, rooms: Rooms, events: "queue.Queue[ChatEvent]", budget: Budget) -> None:
        self._rooms = rooms
        self._events = events
        self._budget = budget
        self._dice = random.Random(1)
        self._first_token: dict[str, list[float]] = {
            "very_first": [],
            "normal": [],
            "after_wind": [],
            "prefilled_again": [],
            "oldest_dropped": [],
        }
        self._prefilled: list[int] = []
        self._utilization: list[float] = []
        self._longest = 0

    def play(self, turns: int) -> dict[str, Any]:
        conversation = self._rooms.turns.start(self._text()).result(_WAIT_S)
        winded = self._finish(conversation, "very_first")
        for turn in range(1, turns):
            if turn % _BASELINE_EVERY == 0:
                self._baselines(conversation)
            self._rooms.turns.send(conversation, self._text())
            winded = self._finish(conversation, "after_wind" if winded else "normal")
        return {
            "chat_ctx": self._budget.chat_ctx,
            "turns": turns,
            "first_token_ms": self._first_token,
            "prefilled_per_wind": self._prefilled,
            "utilization": self._utilization,
            "limit": self._budget.limit,
            "longest_prompt": self._longest,
        }

    def _finish(self, conversation: ConversationId, kind: str) -> bool:
        """The end of a turn; True when a wind followed it."""
        finished = self._next(ReplyFinished)
        measured = self._next(WindowMeasured)
        stats = finished.message.stats
        assert stats is not None, finished.message.error
        self._first_token[kind].append(stats.first_token_ms)
        self._utilization.append(self._budget.utilization(measured.used))
        self._longest = max(self._longest, stats.prompt_tokens)
        if not self._budget.should_wind(measured.used):
            return False
        if self._rooms.wind.start(conversation).result(_WAIT_S) is None:
            return False
        self._prefilled.append(self._next(WindFinished).prefilled_tokens)
        return True

    def _baselines(self, conversation: ConversationId) -> None:
        """The same prompt with nothing cached, and as peers do it: a window less its oldest."""
        budget = self._budget
        composed = self._rooms.db.read(lambda tx: load(tx, conversation, budget)).result()
        said = composed.messages
        again = (Message(role="system", content=f"Run {self._dice.random()}."), *said)
        self._first_token["prefilled_again"].append(self._ask(again))
        newest = self._newest([stored.message for stored in composed.branch])
        self._first_token["oldest_dropped"].append(self._ask(newest))

    def _newest(self, said: Sequence[Message]) -> Sequence[Message]:
        """The turns that fit; the one before them has just been dropped."""
        request = Count(request_id=new_request_id(), messages=tuple(said), each=True)
        each = count(self._rooms.pool, request).result(_WAIT_S).each
        begins = [at for at, message in enumerate(said) if message.role == "user"]
        fitting = (at for at in begins if sum(each[at:]) <= self._budget.limit - _QUESTION_TOKENS)
        return said[next(fitting, begins[-1]) :]

    def _ask(self, messages: Sequence[Message]) -> float:
        request = Generate(
            request_id=new_request_id(),
            session=SessionId("baseline"),
            messages=(*messages, Message(role="user", content=self._text())),
            sampling=GREEDY,
            max_tokens=1,
            persist=False,
        )
        answer = ask(self._rooms.pool, request).result(_WAIT_S)
        self._rooms.pool.purge(SessionId("baseline"))
        return answer.stats.first_token_ms

    def _text(self) -> str:
        words = [self._dice.choice(_WORDS) for _ in range(_WORDS_SAID)]
        return f"My {words[0]} number is {self._dice.randint(100, 999)}. " + " ".join(words) + "."

    def _next(self, kind: type[E]) -> E:
        while True:
            event = self._events.get(timeout=_WAIT_S)
            if isinstance(event, kind):
                return event
