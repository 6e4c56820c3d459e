"""Wordings and chats the starter is examined with. None of them is ever in a lesson.

`chats.json` and all of `guide.txt` but its last 20 lines were written before any lesson; the rest
beside the lessons, by who had not seen them.
"""

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from scripts.starter import values
from scripts.starter.facts import Fact

_HERE = Path(__file__).parent


def lines(name: str) -> list[str]:
    return (_HERE / name).read_text(encoding="utf-8").splitlines()


@cache
def chats() -> list[dict[str, Any]]:
    return json.loads((_HERE / "chats.json").read_text(encoding="utf-8"))


@cache
def wordings() -> dict[str, dict[str, list[str]]]:
    return json.loads((_HERE / "wordings.json").read_text(encoding="utf-8"))


def statement(fact: Fact, rng: Random) -> str:
    return _filled(fact, wordings()[fact.family.name]["statements"], rng)


def question(fact: Fact, rng: Random) -> str:
    return _filled(fact, wordings()[fact.family.name]["questions"], rng)


def _filled(fact: Fact, choices: list[str], rng: Random) -> str:
    text = values.one_of(rng, choices).replace("{n}", fact.noun)
    if text.startswith("{v}"):
        return text.replace("{v}", fact.value)
    return text[:1].upper() + text[1:].replace("{v}", fact.value)
