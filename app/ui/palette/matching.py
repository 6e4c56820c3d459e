"""How well what was typed names something: words first, then letters in order. Pure."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

BY_WORD = 0.99  # a score above it: every word is there as it was typed
_GUESSED = 0.01


class Command(msgspec.Struct, frozen=True):
    title: str
    kind: str  # what it is, in a word
    run: Callable[[], object]
    detail: str = ""  # its keys, or where it is
    words: str = ""  # by which it is found, too

    @property
    def text(self) -> str:
        return f"{self.title} {self.kind} {self.words}".casefold()


def best(commands: Iterable[Command], typed: str, most: int, least: float = 0.0) -> list[Command]:
    """Those that fit, the best first; in their own order where they fit alike."""
    words = typed.casefold().split()
    scored = ((score(command, words), command) for command in commands)
    fitting = [pair for pair in scored if pair[0] > least]
    fitting.sort(key=lambda pair: -pair[0])
    return [command for _, command in fitting[:most]]


def score(command: Command, words: Sequence[str]) -> float:
    """0: it does not fit."""
    if not words:
        return 1.0
    title, text = command.title.casefold(), command.text
    total, exact = 0.0, True
    for word in words:
        if title.startswith(word):
            total += 4.0
        elif f" {word}" in title:
            total += 3.0
        elif word in title:
            total += 2.0
        elif word in text:
            total += 1.0
        elif len(word) > 2 and _in_order(word, title):
            total, exact = total + 0.5, False
        else:
            return 0.0
    # A short title says more with the same letters.
    total += 1.0 / (1 + len(title))
    return total if exact else total * _GUESSED


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
