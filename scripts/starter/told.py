"""What somebody said about something: acknowledged, noted and told back as it was said."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase, ascii_uppercase

from scripts.starter.patterns import capital, small

LETTERS = ascii_uppercase + ascii_lowercase  # each is one token
TOLD_BACK = "You said:\n"
UNKNOWN = "You have not told me that yet."


@dataclass(frozen=True)
class Told(ABC):
    said: str  # without what people put before and behind it
    value: str

    @property
    @abstractmethod
    def key(self) -> tuple[str, str]:
        """What it is about: a newer one replaces the older."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What a question may mean by it; no two in a conversation have the same."""

    @abstractmethod
    def question(self, rng: Random) -> str: ...

    @abstractmethod
    def changed(self, rng: Random) -> "Told": ...

    @property
    def sentence(self) -> str:
        return capital(self.said)

    @property
    def continuing(self) -> str:
        """As it stands after other words."""
        return self.said if self.said.startswith(self.value) else small(self.said)

    def stands_in(self, text: str) -> bool:
        return self.sentence.lower() in text.lower()


def letter(index: int) -> str:
    """A … Z, a … z, AA … AZ, BA …: the name of the fact with this number."""
    if index < len(LETTERS):
        return LETTERS[index]
    first, second = divmod(index - len(LETTERS), 26)
    return LETTERS[first] + LETTERS[second]


def bullet(index: int, fact: Told) -> str:
    return f"- {letter(index)}. {fact.sentence}"


def told_back(facts: Sequence[Told], letters: Mapping[tuple[str, str], int]) -> str:
    """The same line as where it was noted: a letter makes it easy to find and to go on copying."""
    lines = (bullet(letters[f.key], f) if f.key in letters else f"- {f.sentence}" for f in facts)
    return TOLD_BACK + "\n".join(lines)
