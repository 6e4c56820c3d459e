"""What somebody said about something: acknowledged, noted and told back as it was said."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random

from scripts.starter.patterns import capital, small

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
    def answer(self) -> str:
        return f"You said: {self.sentence}."

    @property
    def continuing(self) -> str:
        """As it stands after other words."""
        return self.said if self.said.startswith(self.value) else small(self.said)

    def stands_in(self, text: str) -> bool:
        return self.sentence.lower() in text.lower()
