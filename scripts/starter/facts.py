"""One fact in a conversation: what it is about, its value, and all that can be said of it.

Pure functions of a generator. A fact's letter is given when it is first acknowledged; it ties the
acknowledgement, the summary and the next session together.
"""

from dataclasses import dataclass
from random import Random

from scripts.starter import values, words
from scripts.starter.families import CALLED, CODED, DATED, GENERAL, Family
from scripts.starter.patterns import capital, expand
from scripts.starter.plain import any_plain
from scripts.starter.singles import OTHERS, SINGLES
from scripts.starter.told import Told

_PLAIN = 0.28  # of all facts
_WEIGHTED = tuple(family for family in (*GENERAL, *OTHERS) for _ in range(family.often))
_SINGLES = tuple(family for family in SINGLES for _ in range(family.often))


@dataclass(frozen=True)
class Fact(Told):
    family: Family
    noun: str

    @property
    def label(self) -> str:
        return self.family.label.format(n=self.noun, N=capital(self.noun))

    @property
    def key(self) -> tuple[str, str]:
        return self.family.name, self.noun

    def question(self, rng: Random) -> str:
        return _filled(values.one_of(rng, self.family.questions), self.noun, self.value, rng)

    def changed(self, rng: Random) -> "Fact":
        value = self.value
        while value == self.value:
            value = self.family.value(rng)
        return _stated(self.family, self.noun, value, rng)


def _stated(family: Family, noun: str, value: str, rng: Random) -> Fact:
    pattern = values.one_of(rng, family.statements)
    while pattern.startswith("{v}") and value[0].islower():
        pattern = values.one_of(rng, family.statements)  # a capital would change the value
    return Fact(_filled(pattern, noun, value, rng), value, family, noun)


def _filled(pattern: str, noun: str, value: str, rng: Random) -> str:
    return expand(pattern, rng).replace("{n}", noun).replace("{v}", value)


def any_fact(rng: Random) -> Told:
    return any_plain(rng) if rng.random() < _PLAIN else any_of_a_kind(rng)


def any_of_a_kind(rng: Random) -> Fact:
    family = values.one_of(rng, _SINGLES) if rng.random() < 0.22 else values.one_of(rng, _WEIGHTED)
    return of_family(family, rng)


def of_family(family: Family, rng: Random) -> Fact:
    noun = _noun(family, rng) if family.nouns else ""
    value = family.value(rng)
    while value.lower() in noun.lower() or (noun and noun in value):
        value = family.value(rng)
    return _stated(family, noun, value, rng)


def _noun(family: Family, rng: Random) -> str:
    roll = rng.random()
    if roll < 0.72 or family in OTHERS:
        return values.one_of(rng, family.nouns)
    noun = values.one_of(rng, family.nouns)
    if roll < 0.82:
        return f"{values.one_of(rng, words.PREFIXES)} {noun}"
    if roll < 0.88 and family in (CALLED, CODED, DATED):
        return f"{values.one_of(rng, words.PEOPLE)}'s {noun}"
    if roll < 0.95:
        return f"{values.one_of(rng, words.THINGS)} {noun.split()[-1]}"
    return values.made_up(rng, capital=False)
