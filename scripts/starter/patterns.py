"""Wordings with choices: `[a|b|] text` stands for every way to choose one of each bracket.

Pure: the same generator state gives the same wording.
"""

import itertools
import re
from collections.abc import Iterator
from functools import cache
from random import Random

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SPACES = re.compile(r"  +")


@cache
def _parts(pattern: str) -> tuple[str | tuple[str, ...], ...]:
    pieces = _CHOICE.split(pattern)
    return tuple(
        tuple(piece.split("|")) if index % 2 else piece for index, piece in enumerate(pieces)
    )


def expand(pattern: str, rng: Random) -> str:
    """One of the wordings."""
    chosen = [
        part if isinstance(part, str) else part[int(rng.random() * len(part))]
        for part in _parts(pattern)
    ]
    return tidy("".join(chosen))


def every(pattern: str) -> Iterator[str]:
    """All of them."""
    choices = ((part,) if isinstance(part, str) else part for part in _parts(pattern))
    yield from (tidy("".join(chosen)) for chosen in itertools.product(*choices))


def tidy(text: str) -> str:
    """An empty choice leaves no double space, and none before a mark."""
    text = _SPACES.sub(" ", text).strip(" ")
    return text.replace(" ?", "?").replace(" ,", ",").replace(" !", "!")


def ways(pattern: str) -> int:
    """How many wordings a pattern stands for."""
    count = 1
    for part in _parts(pattern):
        count *= 1 if isinstance(part, str) else len(set(part))
    return count


def as_regex(pattern: str) -> re.Pattern[str]:
    """Matches every wording of a pattern; `{slots}` match anything."""
    out = ""
    for part in _parts(pattern):
        if isinstance(part, str):
            out += _literal(part)
        else:
            out += "(?:" + "|".join(_literal(each) for each in part) + ")"
    return re.compile(r"\s*" + out + r"\s*[?.!]*", re.IGNORECASE)


def _literal(text: str) -> str:
    escaped = re.escape(text).replace(r"\ ", r"\s*")
    return re.sub(r"\\\{\w+\\\}", ".+?", escaped)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def small(text: str) -> str:
    """Lower-cased at its start, but for `I` and names that are capitals."""
    if text[:2] in ("I ", "I'") or text[1:2].isupper():
        return text
    return text[:1].lower() + text[1:]
