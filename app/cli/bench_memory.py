"""What a conversation still knows after ten winds and more, asked through the whole app core.

Facts are dropped among chatter, winds pass, and every fact is asked about. Two figures: whether
the answer stands whole in the very prompt that is sent, and whether the model then says it. What
others do with a full window is measured beside it, over the same messages and the same engine.
"""

import os
import queue
import random
import re
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from app.bootstrap.rooms import open_rooms
from app.chat.events import ChatEvent
from app.cli.bench_facts import Fact, places, small_talk
from app.cli.bench_plain_facts import PLAIN
from app.cli.bench_ways import (
    WAIT_S,
    Heard,
    Ruled,
    Summarising,
    Way,
    Winding,
    drop_the_oldest,
    stop,
    truncate_the_middle,
)
from app.core.sampling import GREEDY

WINDS = 10
OURS = "context wind"
_SHORT_REPLY = 8  # tokens, where only the prompt is looked at
_REPLY = 48
_LONG_CHATTER = 60
_CHATTER = 25
_PLANTED = 0.75  # of the turns: more than a window of chatter lies before the questions
_JOINS = r"[-./@_:\\#,+]"


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


class Asked(msgspec.Struct, frozen=True):
    """One fact asked back."""

    kind: str
    said: str
    question: str
    answer: str
    reply: str
    in_prompt: bool
    right: bool


class Outcome(msgspec.Struct, frozen=True):
    """What one way remembered, and what its turns cost."""

    asked: tuple[Asked, ...]
    made_room: int  # winds, summaries, or turns sent without all that was said
    turns: int
    refused: int
    first_token_ms: tuple[float, ...]  # of each turn that was answered, questions left out
    prefilled: int  # tokens, of the same turns and of making room

    @property
    def in_prompt(self) -> float:
        return statistics.mean(each.in_prompt for each in self.asked)

    @property
    def right(self) -> float:
        return statistics.mean(each.right for each in self.asked)

    def facts(self) -> dict[str, Any]:
        answered = self.turns - self.refused
        return {
            "fact_in_the_prompt": self.in_prompt,
            "answered_right": self.right,
            "made_room": self.made_room,
            "turns": self.turns,
            "refused": self.refused,
            "first_token_ms_median": statistics.median(self.first_token_ms),
            "first_token_ms_p95": statistics.quantiles(self.first_token_ms, n=20)[-1],
            "prefilled_tokens": self.prefilled,
            "prefilled_tokens_per_turn": self.prefilled / answered,
            "asked": [msgspec.structs.asdict(each) for each in self.asked],
        }


def remember(model: Path, facts: tuple[Fact, ...], seed: int = 7) -> Remembered:
    """Only the wind, only its prompts; home and window come from the environment."""
    events: queue.Queue[ChatEvent] = queue.Queue()
    dice = random.Random(seed)
    with open_rooms(events.put, sampling=GREEDY, max_tokens=_SHORT_REPLY) as rooms:
        rooms.load(model).result(WAIT_S)
        way = Winding(rooms, events)
        said = [fact.said for fact in facts]
        said += [small_talk(dice, _LONG_CHATTER) for _ in facts]
        dice.shuffle(said)
        for text in said:
            way.say(text)
        while way.made_room < WINDS:
            way.say(small_talk(dice, _LONG_CHATTER))
        winds = way.made_room
        held: Counter[str] = Counter()
        missing: list[str] = []
        for fact in facts:
            way.say(fact.question)
            assert way.seen is not None
            found = places(way.seen, fact.answer)
            held.update(found)
            missing += [] if found else [fact.said]
    asked = len(facts)
    return Remembered(asked, asked - len(missing), dict(held), tuple(missing), winds)


def compare(
    model: Path, turns: int, count: int, ctx: int, say: Callable[[str], None] = lambda _: None
) -> dict[str, Outcome]:
    """Every way, one after the other, each with the engine to itself."""
    facts = some_facts(count)
    told = script(facts, turns)
    outcomes: dict[str, Outcome] = {}
    with _ways(model, ctx) as ways:
        for name, way in ways.items():
            say(f"{name}: {turns} turns, then {count} questions …")
            outcomes[name] = play(way, told, facts)
    return outcomes


@contextmanager
def _ways(model: Path, ctx: int) -> Generator[dict[str, Way]]:
    events: queue.Queue[ChatEvent] = queue.Queue()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LLAMA_CHAT_HOME": home, "LLAMA_CHAT_N_CTX": str(ctx)}
        with open_rooms(events.put, sampling=GREEDY, max_tokens=_REPLY) as rooms:
            rooms.load(model).result(WAIT_S)
            pool, budget = rooms.pool, rooms.budget()
            yield {
                OURS: Winding(rooms, events),
                "summarise the summary": Summarising(pool, budget, _REPLY),
                "truncate the middle": Ruled(pool, budget, truncate_the_middle, _REPLY),
                "drop the oldest": Ruled(pool, budget, drop_the_oldest, _REPLY),
                "stop": Ruled(pool, budget, stop, _REPLY, ends=True),
            }


def play(way: Way, told: Sequence[str], facts: Sequence[Fact]) -> Outcome:
    heard = [way.say(text) for text in told]
    answered = [each for each in heard if each.prompt]
    made_room = way.made_room
    asked = [_asked(fact, way.say(fact.question, question=True)) for fact in facts]
    return Outcome(
        asked=tuple(asked),
        made_room=made_room,
        turns=len(told),
        refused=len(told) - len(answered),
        first_token_ms=tuple(each.first_token_ms for each in answered),
        prefilled=sum(each.prefilled for each in answered),
    )


def _asked(fact: Fact, heard: Heard) -> Asked:
    return Asked(
        *fact[:4],
        reply=heard.reply,
        in_prompt=any(has_whole(message.text, fact.answer) for message in heard.prompt),
        right=has_whole(heard.reply, fact.answer),
    )


def some_facts(count: int) -> list[Fact]:
    """The kinds in turn."""
    return [fact for at in range(5) for fact in PLAIN[at::5]][:count]


def script(facts: Sequence[Fact], turns: int, seed: int = 7) -> list[str]:
    """Facts in an order of their own, evenly among chatter; the last quarter is chatter alone."""
    dice = random.Random(seed)
    said = [small_talk(dice, _CHATTER) for _ in range(turns)]
    apart = turns * _PLANTED / len(facts)
    for number, fact in enumerate(dice.sample(facts, len(facts))):
        said[int(number * apart)] = fact.said
    return said


def has_whole(text: str, value: str) -> bool:
    """4200 is not in 42000, draft not in draft-v3, ./a not in ../a; a full stop may follow."""
    before = r"(?<![\w/~.-])" if not value[0].isalnum() else rf"(?<!\w)(?<!\w{_JOINS})"
    pattern = rf"{before}{re.escape(value)}(?!\w)(?!{_JOINS}\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None


def table(outcomes: dict[str, Outcome]) -> list[str]:
    """For people; milliseconds compare within one run only."""
    head = (
        "",
        "in the prompt",
        "answered",
        "first token",
        "slowest 5 %",
        "prefilled/turn",
        "refused",
    )
    lines: list[tuple[str, ...]] = [head]
    for name, outcome in outcomes.items():
        facts = outcome.facts()
        lines.append(
            (
                name,
                f"{outcome.in_prompt:.0%}",
                f"{outcome.right:.0%}",
                f"{facts['first_token_ms_median']:.0f} ms",
                f"{facts['first_token_ms_p95']:.0f} ms",
                f"{facts['prefilled_tokens_per_turn']:.0f}",
                str(outcome.refused or "–"),
            )
        )
    return [f"{line[0]:22}" + "".join(f"{cell:>16}" for cell in line[1:]) for line in lines]
