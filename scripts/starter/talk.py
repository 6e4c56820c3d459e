"""Conversations for lessons: people tell facts, ask them back, and ask about the app.

A `Talk` grows turn by turn and knows which facts its model may know. Deterministic: everything
comes from one generator. Its parts before the conversation are written by the app's own functions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from app.chat import ledger, narrative
from app.core.ids import MessageId
from app.core.messages import Message
from scripts.starter import foreign, guide, phrases, values, wishes
from scripts.starter.facts import any_fact, any_of_a_kind
from scripts.starter.patterns import capital, small
from scripts.starter.told import UNKNOWN, Told, bullet, told_back

Said = tuple[str, str]  # role, text
Key = tuple[str, str]  # what a fact is about
_MOST_QUOTES = 4  # as recall has it


@dataclass
class Talk:
    rng: Random
    said: list[Said] = field(default_factory=list[Said])
    known: dict[Key, Told] = field(default_factory=dict[Key, Told])
    bullets: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])  # with where
    lettered: int = 0
    letters: dict[Key, int] = field(default_factory=dict[Key, int])  # of what was noted
    labels: set[str] = field(default_factory=set[str])
    tools: bool = False
    bare: bool = False  # acknowledges without bullets

    @property
    def size(self) -> int:
        return sum(len(text) + 20 for _, text in self.said)

    # ------------------------------------------------------------ what came before

    def begin(self, facts: int) -> None:
        """A system prompt, with the story of so many earlier facts when there are any."""
        rng = self.rng
        prompt = values.one_of(rng, wishes.SYSTEMS) if rng.random() < 0.7 else ""
        new = self._new(facts)
        replaced = [each.changed(rng) for each in new if rng.random() < 0.06]
        told = [*replaced, *new]  # the newer value comes later
        sentences = [self._told(each) for each in told]
        segments = self._segments(told, sentences) if told and rng.random() < 0.8 else []
        entries = self._ledger(sentences) if told and (not segments or rng.random() < 0.8) else ()
        system = narrative.system_text(prompt, segments, entries)
        for each in new:  # what no part kept is not known
            if not each.stands_in(system):
                del self.known[each.key]
        if self.tools:
            system = "\n\n".join(part for part in (system, wishes.tools_text()) if part)
        if system:
            self.said.append(("system", system))

    def _segments(self, facts: Sequence[Told], sentences: Sequence[str]) -> list[str]:
        rng = self.rng
        cuts = sorted(rng.randrange(1, len(facts) + 1) for _ in range(rng.choice((0, 0, 1, 2))))
        segments: list[str] = []
        if rng.random() < 0.3:  # the oldest notes are gone
            self.lettered = rng.randrange(60)
        for first, last in zip([0, *cuts], [*cuts, len(facts)], strict=True):
            if first == last:
                segments.append(wishes.NOTHING)
            elif rng.random() < 0.08:
                spoken = [Message(role="user", content=text) for text in sentences[first:last]]
                segments.append(narrative.mechanical(spoken, 400))
                self._not_noted(facts[first:last])
                self.lettered += last - first
            else:
                lines = [self._noted(each) for each in facts[first:last]]
                self.bullets += [(0, line) for line in lines]
                segments.append("\n".join(lines))
        return segments

    def _ledger(self, sentences: Sequence[str]) -> Sequence[ledger.LedgerEntry]:
        entries: Sequence[ledger.LedgerEntry] = ()
        for text in sentences:
            if self.rng.random() < 0.08 and (value := re.search(r"\d[\d.:,]*\d", text)):
                before = text.replace(value[0], values.digits(self.rng, len(value[0])))
                entries = ledger.merge(entries, ledger.extract(before, MessageId(1)))
            entries = ledger.merge(entries, ledger.extract(text, MessageId(1)))
        return ledger.fit(entries, self.rng.choice((300, 600, 1500, 4000)))

    # ------------------------------------------------------------ turns

    def tell(self, count: int = 1) -> None:
        rng = self.rng
        facts = self._new(count)
        if not facts:
            return
        pieces = [fact.continuing for fact in facts]
        text = pieces[0]
        if len(pieces) > 2 and rng.random() < 0.4:
            mark = rng.choice((", ", "; ", "\n- "))
            text = (
                values.one_of(rng, phrases.LISTS)
                + ":"
                + ("\n- " if mark == "\n- " else " ")
                + mark.join(pieces)
            )
        else:
            for piece in pieces[1:]:
                mark = values.one_of(rng, phrases.AND)
                text += mark + (capital(piece) if mark in (". ", "\n") else piece)
        if rng.random() < 0.08:
            more = " ".join(foreign.idle(rng) for _ in range(rng.randrange(1, 4)))
            text = f"{capital(text)}. {more}" if rng.random() < 0.5 else f"{more} {capital(text)}"
        self.say(self._stated(text), self._acknowledged("Got it.", facts))

    def update(self) -> None:
        old = values.one_of(self.rng, list(self.known.values()))  # pyright: ignore[reportArgumentType]
        new = old.changed(self.rng)
        self.known[new.key] = new
        text = new.continuing
        if self.rng.random() < 0.75:
            text = values.one_of(self.rng, phrases.CHANGES) + text
        self.say(self._stated(text, plain=True), self._acknowledged("Updated.", [new]))

    def ask(self) -> None:
        """One known fact, or two."""
        rng, facts = self.rng, list(self.known.values())
        first = facts[int(rng.random() * len(facts))]
        if len(facts) > 1 and rng.random() < 0.05:
            second = rng.choice([each for each in facts if each is not first])
            both = f"{first.question(rng).rstrip('?')} and {small(second.question(rng))}"
            self.say(self._asked(both), told_back((first, second), self.letters))
        else:
            self.say(self._asked(first.question(rng)), told_back([first], self.letters))

    def ask_unknown(self) -> None:
        fact = any_of_a_kind(self.rng)
        if fact.key not in self.known and fact.label not in self.labels:
            self.say(self._asked(fact.question(self.rng)), UNKNOWN)

    def ask_recalled(self) -> None:
        """About something only the quotes beside the question hold."""
        rng = self.rng
        facts = [any_fact(rng) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
        if len({fact.label for fact in facts} | self.labels) < len(facts) + len(self.labels):
            return
        quotes = [("user", self._told(fact)) for fact in facts]
        if rng.random() < 0.3:
            index = int(rng.random() * len(facts))
            line = bullet(rng.randrange(40), facts[index])
            quotes.insert(index + rng.randrange(2), ("assistant", f"Got it. {line}"))
        if len(quotes) < _MOST_QUOTES and rng.random() < 0.5:
            quotes.insert(rng.randrange(len(quotes) + 1), _beside(rng))
        if rng.random() < 0.9:
            asked = facts[int(rng.random() * len(facts))]
            answer = told_back([asked], {})
        else:
            asked = any_of_a_kind(rng)
            answer = UNKNOWN
            if asked.label in self.labels or asked.label in [fact.label for fact in facts]:
                return
        self.say(narrative.with_quotes(self._asked(asked.question(rng)), quotes), answer)

    def ask_guide(self) -> None:
        text, intent = guide.question(self.rng)
        self.say(self._cased(text), intent.answer)

    def ask_foreign(self) -> None:
        if self.tools:  # the clock is no foreign question then
            return
        self.say(self._asked(foreign.foreign(self.rng)), foreign.DECLINED)

    def idle(self) -> None:
        self.say(foreign.idle(self.rng), foreign.NODDED)

    def small_sum(self) -> None:
        text, answer = foreign.small_sum(self.rng)
        self.say(text if self.rng.random() < 0.5 else capital(text), answer)

    def use_tool(self) -> None:
        rng = self.rng
        if rng.random() < 0.65:
            text, expression = wishes.calculation(rng)
            result = values.digits(rng, rng.choice((3, 4, 5, 6))).lstrip("0") or "7"
            result += f".{values.digits(rng, 2)}" if rng.random() < 0.3 else ""
            called = wishes.call("calculator", expression=expression)
            answer = f"{expression} = {result}"
        else:
            text, called = wishes.clock_wish(rng), wishes.call("current_time")
            month = rng.randrange(1, 13)
            result = (
                f"{values.one_of(rng, values.WEEKDAYS)}, 20{rng.randrange(24, 40)}-{month:02}-"
                f"{rng.randrange(1, 29):02} {rng.randrange(24):02}:{rng.randrange(60):02}:"
                f"{rng.randrange(60):02} {rng.choice(('CET', 'UTC', 'EST', 'CEST', 'JST', 'GMT'))}"
            )
            answer = f"It is {result}."
        if rng.random() < 0.06:
            result, answer = "The user declined this call.", "Then I leave it."
        self.said += [
            ("user", text),
            ("assistant", called),
            ("tool", result),
            ("assistant", answer),
        ]

    # ------------------------------------------------------------ how it is said

    def say(self, question: str, answer: str) -> None:
        self.said += [("user", question), ("assistant", answer)]

    def _new(self, count: int) -> list[Told]:
        """Facts nobody told yet; they count as known from here on."""
        found: list[Told] = []
        for _ in range(count * 3):
            fact = any_fact(self.rng)
            if len(found) < count and fact.key not in self.known and fact.label not in self.labels:
                self.known[fact.key] = fact
                self.labels.add(fact.label)
                found.append(fact)
        return found

    def _told(self, fact: Told) -> str:
        return self._stated(fact.continuing)

    def _stated(self, text: str, *, plain: bool = False) -> str:
        rng = self.rng
        if not plain:
            text = values.one_of(rng, phrases.TELLING) + text
        ended = "\n" in text or not text[-1].isalnum()
        text = text if ended else text + values.one_of(rng, phrases.TOLD)
        if rng.random() < 0.85:
            text = capital(text)
        if rng.random() < 0.75 and text[-1].isalnum():
            text += rng.choice((".", ".", ".", "!"))
        return text

    def _asked(self, text: str) -> str:
        text = self._cased(values.one_of(self.rng, phrases.ASKING) + text)
        return text + values.one_of(self.rng, phrases.ASKED) if text[-1] in ".?" else text

    def _cased(self, text: str) -> str:
        rng = self.rng
        if rng.random() < 0.75:
            text = capital(text)
        elif rng.random() < 0.2:
            text = text.lower() if not re.search(r"[A-Z\d_/\\]", text[1:]) else text
        if text.endswith("?") and rng.random() < 0.2:
            text = text[:-1] + rng.choice(("", "", "??", " ?"))
        return text if rng.random() < 0.95 else _typo(text, rng)

    def _acknowledged(self, opening: str, facts: Sequence[Told]) -> str:
        if self.bare:
            self._not_noted(facts)
            return self.rng.choice(("Noted.", "Got it.", "I will remember that."))
        lines: list[str] = []
        for fact in facts:
            lines.append(self._noted(fact))
            self.bullets.append((len(self.said), lines[-1]))
        return opening + "\n" + "\n".join(lines)

    def _noted(self, fact: Told) -> str:
        self.letters[fact.key] = self.lettered
        self.lettered += 1
        return bullet(self.letters[fact.key], fact)

    def _not_noted(self, facts: Sequence[Told]) -> None:
        """A note of an older value does not tell the newer one."""
        for fact in facts:
            self.letters.pop(fact.key, None)


def _beside(rng: Random) -> Said:
    """A quote that shares a word with the question and does not answer it."""
    match rng.randrange(4):
        case 0:
            return "user", capital(foreign.idle(rng))
        case 1:
            return "user", capital(foreign.foreign(rng))
        case 2:
            return "user", capital(guide.question(rng)[0])
        case _:
            return "assistant", " ".join(guide.question(rng)[1].answer.split())


def _typo(text: str, rng: Random) -> str:
    """Two letters swapped, one lost or doubled; never in a number, a path or a name."""
    places = [match.start() for match in re.finditer(r"(?<![\w.:/@-])[a-z]{4,}(?![\w.:/@-])", text)]
    if not places:
        return text
    at = rng.choice(places) + 1
    match rng.randrange(3):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        case _:
            return text[:at] + text[at] + text[at:]
