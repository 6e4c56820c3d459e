"""Examines a starter through llama.cpp: `python -m scripts.starter.evaluate MODEL.gguf`.

Replies are greedy, without a system prompt, as the app asks by default. Values are drawn anew, and
count only when they are there whole. With `--write` the tables go into a document, between its two
marks.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.chat import ledger, narrative
from app.chat.budget import Budget
from app.chat.rough import BYTES_PER_TOKEN
from app.core.ids import MessageId
from app.core.messages import Message
from scripts.starter import foreign, guide, held_out, lessons, wishes
from scripts.starter.facts import Fact, any_of_a_kind
from scripts.starter.patterns import capital
from scripts.starter.scoring import fault, holds
from scripts.starter.speaker import Speaker
from scripts.starter.talk import Said, Talk
from scripts.starter.told import UNKNOWN, bullet

_SEED = 20_000_000
_WINDOW = 2048
_DISTANCES = (30, 100, 300, 600, 1000)
_MARKS = ("<!-- figures -->", "<!-- end of figures -->")
Wording = Callable[[Fact, Random], str]


@dataclass
class Score:
    name: str
    right: int = 0
    asked: int = 0
    misses: list[str] = field(default_factory=list[str])

    def add(self, right: bool, miss: str = "") -> None:
        self.asked += 1
        self.right += right
        if not right and miss:
            self.misses.append(miss)

    @property
    def percent(self) -> float:
        return 100 * self.right / max(1, self.asked)


def _rng(what: str, number: int) -> Random:
    return Random(f"{_SEED}/{what}/{number}")


def held_out_fact(rng: Random) -> Fact:
    while (fact := any_of_a_kind(rng)).family.name not in held_out.wordings():
        pass
    return fact


def _seen_statement(fact: Fact, _: Random) -> str:
    return fact.sentence + "."


def _seen_question(fact: Fact, rng: Random) -> str:
    return capital(fact.question(rng))


# ------------------------------------------------------------ facts


def recall(speaker: Speaker, count: int) -> Iterator[Score]:
    """One fact, then other talk, then the question."""
    for seen, (tell, ask) in {
        "seen": (_seen_statement, _seen_question),
        "held-out": (held_out.statement, held_out.question),
    }.items():
        for distance in _DISTANCES:
            score = Score(f"recall over {distance} tokens, {seen} wording")
            for number in range(count):
                rng = _rng(f"recall{distance}", number)
                _recall_once(speaker, rng, distance, tell, ask, score)
            yield score


def _recall_once(
    speaker: Speaker, rng: Random, distance: int, tell: Wording, ask: Wording, score: Score
) -> None:
    fact = held_out_fact(rng)
    talk = Talk(rng, said=[("user", tell(fact, rng))])
    talk.said.append(("assistant", speaker.reply(talk.said, 80)))
    talk.labels.add(fact.label)
    talk.lettered = 1
    begun = len(speaker.tokens(talk.said))
    while len(speaker.tokens(talk.said)) - begun < distance - 25:
        turn = (talk.tell, talk.ask_guide, talk.ask_foreign, talk.idle)[rng.randrange(4)]
        turn()
    question = ask(fact, rng)
    reply = speaker.reply([*talk.said, ("user", question)], 80)
    score.add(holds(reply, fact.value), f"{talk.said[0][1]} … {question} → {reply}")


def from_narrative(speaker: Speaker, count: int) -> Iterator[Score]:
    """After a wind: bullets and exact facts before a fresh conversation."""
    for name, ask in (("seen", _seen_question), ("held-out", held_out.question)):
        score = Score(f"answer from a narrative, {name} wording")
        for number in range(count):
            rng = _rng("narrative", number)
            facts: dict[str, Fact] = {}
            while len(facts) < 8:
                fact = held_out_fact(rng)
                facts.setdefault(fact.label, fact)
            told = list(facts.values())
            story = "\n".join(bullet(n, fact) for n, fact in enumerate(told))
            exact: Sequence[ledger.LedgerEntry] = ()
            for fact in told:
                entries = ledger.extract(_seen_statement(fact, rng), MessageId(1))
                exact = ledger.merge(exact, entries)
            fact = rng.choice(told)
            system = narrative.system_text("", [story], exact)
            question = ask(fact, rng)
            reply = speaker.reply([("system", system), ("user", question)], 80)
            score.add(holds(reply, fact.value), f"{question} → {reply} ({fact.value})")
        yield score


def from_quotes(speaker: Speaker, count: int) -> Iterator[Score]:
    score = Score("answer from recalled quotes, held-out wording")
    for number in range(count):
        rng = _rng("quotes", number)
        told = [held_out_fact(rng) for _ in range(3)]
        quotes = [("user", held_out.statement(fact, rng)) for fact in told]
        fact = rng.choice(told)
        text = narrative.with_quotes(held_out.question(fact, rng), quotes)
        reply = speaker.reply([("user", text)], 80)
        score.add(holds(reply, fact.value), f"{text} → {reply}")
    yield score


def updates(speaker: Speaker, count: int) -> Iterator[Score]:
    score = Score("the newer of two values, seen wording")
    for number in range(count):
        rng = _rng("update", number)
        fact = held_out_fact(rng)
        new = fact.changed(rng)
        said: list[Said] = [("user", _seen_statement(fact, rng))]
        said.append(("assistant", speaker.reply(said, 80)))
        said.append(("user", f"Update: {new.continuing}."))
        said.append(("assistant", speaker.reply(said, 80)))
        reply = speaker.reply([*said, ("user", _seen_question(fact, rng))], 80)
        right = holds(reply, new.value) and not holds(reply, fact.value)
        score.add(right, f"{said[0][1]} … {said[2][1]} → {reply}")
    yield score


def unknown(speaker: Speaker, count: int) -> Iterator[Score]:
    score = Score("says that it was not told")
    for number in range(count):
        rng = _rng("unknown", number)
        told, asked = held_out_fact(rng), held_out_fact(rng)
        if told.label == asked.label:
            continue
        said: list[Said] = [("user", _seen_statement(told, rng))]
        said += [("assistant", speaker.reply(said, 80)), ("user", held_out.question(asked, rng))]
        reply = speaker.reply(said, 80)
        score.add(reply.startswith(UNKNOWN), f"{said[0][1]} … {said[2][1]} → {reply}")
    yield score


# ------------------------------------------------------------ summaries and winds


def _told_chat(rng: Random, speaker: Speaker, most: int, *, own: bool) -> Talk:
    """A chat that states facts; with `own` the model's replies are its own."""
    talk = Talk(rng)
    while len(speaker.tokens(talk.said)) < most:
        turn = (talk.tell, talk.tell, talk.ask_guide, talk.ask_foreign, talk.ask_unknown)
        turn[rng.randrange(5)]()
        if own and talk.said[-1][0] == "assistant":
            talk.said[-1] = ("assistant", speaker.reply(talk.said[:-1], 120))
    return talk


def summaries(speaker: Speaker, count: int) -> Iterator[Score]:
    for most in (300, 600, 1000, 1400):
        found, invented = (
            Score(f"wind's summary of {most} tokens"),
            Score(f"no bullet invented, {most} tokens"),
        )
        for number in range(count // 2):
            rng = _rng(f"summary{most}", number)
            talk = _told_chat(rng, speaker, most, own=False)
            users = [at for at, (role, _) in enumerate(talk.said) if role == "user"]
            cut = users[max(1, len(users) * 2 // 3)]
            wish = narrative.summary_request(
                Message(role="user", content=talk.said[users[0]][1]),
                Message(role="user", content=talk.said[cut][1]),
            )
            reply = speaker.reply([*talk.said, ("user", wish)], 400)
            _compare(reply, [line for at, line in talk.bullets if at < cut], found, invented)
        yield from (found, invented)
    found, invented = Score("summary, held-out instructions"), Score("no bullet invented, held-out")
    instructions = held_out.lines("recaps.txt")
    for number in range(count // 2):
        talk = _told_chat(_rng("recap", number), speaker, 350, own=False)
        wish = instructions[number % len(instructions)]
        reply = speaker.reply([*talk.said, ("user", wish)], 400)
        _compare(reply, [line for _, line in talk.bullets], found, invented, wish)
    yield from (found, invented)


def _compare(reply: str, wanted: list[str], found: Score, invented: Score, wish: str = "") -> None:
    for line in wanted:
        value = line.split(". ", 1)[1]
        found.add(holds(reply, value), f"{wish} {line} ← {reply[:200]}")
    said = [line for line in reply.split("\n") if line != wishes.NOTHING]
    invented.add(all(line in wanted for line in said))


def merges(speaker: Speaker, count: int) -> Iterator[Score]:
    found, invented = Score("merged notes"), Score("no bullet invented, merging")
    for number in range(count // 2):
        (_, wish), (_, wanted) = lessons.of_kind("merge", 600, _rng("merge", number))
        reply = speaker.reply([("user", wish)], 400)
        _compare(reply, wanted.split("\n"), found, invented)
    yield from (found, invented)


def winds(speaker: Speaker, count: int) -> Iterator[Score]:
    """Two winds over the model's own replies, with the app's threshold and room; then every fact
    that left is asked back."""
    kept, answered = Score("two winds: fact in the prompt"), Score("two winds: answered right")
    budget = Budget(_WINDOW)
    for number in range(max(2, count // 8)):
        rng = _rng("wind", number)
        talk, facts = Talk(rng), dict[str, Fact]()
        segments: list[str] = []
        entries: Sequence[ledger.LedgerEntry] = ()
        for _ in range(2):
            while not budget.should_wind(len(speaker.tokens(talk.said))):
                if rng.random() < 0.4:
                    fact = held_out_fact(rng)
                    if fact.label in facts:
                        continue
                    facts[fact.label] = fact
                    talk.say(held_out.statement(fact, rng), "")
                else:
                    rng.choice((talk.ask_guide, talk.ask_foreign, talk.idle))()
                talk.said[-1] = ("assistant", speaker.reply(talk.said[:-1], 120))
            segments.append(_narrated(speaker, talk.said, budget))
            entries = _wound(talk, entries, segments, budget)
        verbatim = "\n".join(text for role, text in talk.said if role != "system")
        prompt = "\n".join(text for _, text in talk.said)
        for fact in facts.values():
            if holds(verbatim, fact.value):
                continue
            kept.add(holds(prompt, fact.value))
            question = held_out.question(fact, rng)
            reply = speaker.reply([*talk.said, ("user", question)], 80)
            answered.add(holds(reply, fact.value), f"{question} → {reply} ({fact.value})")
    yield from (kept, answered)


def _half(said: Sequence[Said]) -> int:
    """Where the newer turns begin."""
    users = [at for at, (role, _) in enumerate(said) if role == "user"]
    return users[len(users) * 2 // 3]


def _narrated(speaker: Speaker, said: Sequence[Said], budget: Budget) -> str:
    first = next(text for role, text in said if role == "user")
    after = said[_half(said)][1]
    wish = narrative.summary_request(
        Message(role="user", content=first), Message(role="user", content=after)
    )
    ended = speaker.ended
    text = speaker.reply([*said, ("user", wish)], budget.summary_tokens)
    return text if speaker.ended > ended else narrative.whole(text)


def _wound(
    talk: Talk, entries: Sequence[ledger.LedgerEntry], segments: Sequence[str], budget: Budget
) -> Sequence[ledger.LedgerEntry]:
    cut = _half(talk.said)
    for role, text in talk.said[:cut]:
        if role == "user":
            entries = ledger.merge(entries, ledger.extract(text, MessageId(1)))
    facts = ledger.fit(entries, int(budget.ledger_tokens * BYTES_PER_TOKEN))
    talk.said = [("system", narrative.system_text("", segments, facts)), *talk.said[cut:]]
    return entries


# ------------------------------------------------------------ the guide and the rest


def guidance(speaker: Speaker, count: int) -> Iterator[Score]:
    score = Score("guide, held-out wording")
    answers = {intent.id: intent.answer for intent in guide.intents()}
    for intent, text in guide.held_out():
        reply = speaker.reply([("user", capital(text))], 220)
        score.add(reply == answers[intent], f"{text} → {reply[:80]}")
    yield score
    score = Score("guide, wording of the lessons")
    for number in range(2 * count):
        text, intent = guide.question(_rng("guide", number))
        score.add(speaker.reply([("user", text)], 220) == intent.answer)
    yield score


def declining(speaker: Speaker, count: int) -> Iterator[Score]:
    score = Score("foreign questions declined, held-out")
    for text in held_out.lines("foreign.txt"):
        reply = speaker.reply([("user", text)], 120)
        score.add(reply == foreign.DECLINED, f"{text} → {reply[:80]}")
    yield score


def sums_and_tools(speaker: Speaker, count: int) -> Iterator[Score]:
    score = Score("sums below a hundred")
    for number in range(count):
        text, answer = foreign.small_sum(_rng("sum", number))
        score.add(speaker.reply([("user", text)], 30) == answer, text)
    yield score
    score = Score("tool calls")
    for number in range(count):
        rng = _rng("tool", number)
        talk = Talk(rng, tools=True)
        talk.begin(0)
        talk.use_tool()
        called = next(at for at, (role, _) in enumerate(talk.said) if role == "assistant")
        reply = speaker.reply(talk.said[:called], 80)
        score.add(reply == talk.said[called][1], f"{talk.said[called - 1][1]} → {reply}")
    yield score


def hand_written(speaker: Speaker, _: int) -> Iterator[Score]:
    whole, each = Score("hand-written chats, all right"), Score("hand-written chats, each check")
    for chat in held_out.chats():
        system = chat.get("system", "")
        if chat.get("tools"):
            system = "\n\n".join(part for part in (system, wishes.tools_text()) if part)
        said: list[Said] = [("system", system)] if system else []
        faults: list[str] = []
        for turn in chat["turns"]:
            said.append(("user", turn["say"]))
            reply = speaker.reply(said, 220)
            said.append(("assistant", reply))
            if len(turn) > 1:
                wrong = fault(reply, turn)
                each.add(not wrong)
                faults += [f"“{turn['say']}” → “{reply}” {wrong}"] if wrong else []
        whole.add(not faults, f"{chat['name']}: {'; '.join(faults)}")
    yield from (whole, each)


PARTS = (recall, from_narrative, from_quotes, updates, unknown, summaries, merges, winds, guidance,
         declining,
         sums_and_tools, hand_written)  # fmt: skip


def examine(model: Path, count: int, parts: Sequence[str], misses: int) -> list[Score]:
    speaker = Speaker(model)
    scores: list[Score] = []
    for part in PARTS:
        if parts and part.__name__ not in parts:
            continue
        for score in part(speaker, count):
            print(f"{score.percent:6.1f} %  {score.right}/{score.asked}  {score.name}", flush=True)
            for miss in score.misses[:misses]:
                print(f"          {miss}", flush=True)
            scores.append(score)
    stops = Score("stop token reached", speaker.ended, speaker.replies)
    print(f"{stops.percent:6.1f} %  {stops.right}/{stops.asked}  {stops.name}")
    return [*scores, stops]


def table(scores: Sequence[Score]) -> str:
    rows = [f"| {score.name} | {score.percent:.1f} % | {score.asked} |" for score in scores]
    return "\n".join(["| what | right | asked |", "|---|---|---|", *rows])


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("model", type=Path)
    said.add_argument("--count", type=int, default=40, help="of each kind")
    said.add_argument("--part", action="append", default=[], choices=[p.__name__ for p in PARTS])
    said.add_argument("--misses", type=int, default=3, help="how many wrong replies to show")
    said.add_argument("--write", type=Path, help="a document to put the tables into")
    asked = said.parse_args()
    if asked.write is not None and asked.part:
        said.error("a table of some parts would replace that of all")
    began = time.monotonic()
    scores = examine(asked.model, asked.count, asked.part, asked.misses)
    print(f"{time.monotonic() - began:.0f} s")
    if asked.write is not None:
        text = asked.write.read_text(encoding="utf-8")
        before, after = text.split(_MARKS[0])[0], text.split(_MARKS[1])[1]
        figures = f"{_MARKS[0]}\n\n{table(scores)}\n\n{_MARKS[1]}"
        asked.write.write_text(before + figures + after, encoding="utf-8")


if __name__ == "__main__":
    main()
