"""`llama-chat bench memory` asks the built-in guide nothing in words that it was taught."""

import re
from functools import cache

import pytest

from app.cli.bench_facts import Fact
from app.cli.bench_plain_facts import PLAIN
from scripts.starter import guide, held_out
from scripts.starter.families import GENERAL
from scripts.starter.patterns import as_regex
from scripts.starter.singles import OTHERS, SINGLES

FAMILIES = (*GENERAL, *SINGLES, *OTHERS)
STATEMENTS = [text for each in FAMILIES for text in each.statements]
QUESTIONS = [text for each in FAMILIES for text in each.questions]
_WHOSE_OR_SLOT = re.compile(r"\[(?:(?:my|the|our)?\|?)+\]|\{[nmv]\}")
_NOT_IN_A_WORD = r"\s*(?!(?<=\w)(?=\w))\s*"


@cache
def pattern(wording: str) -> re.Pattern[str] | None:
    """With any thing and any value; none where no more than "on" or "at" is said around them."""
    if not re.search(r"\b(?!on\b|at\b)[a-z]{2,}", _WHOSE_OR_SLOT.sub("", wording)):
        return None
    return re.compile(as_regex(wording).pattern.replace(r"\s*", _NOT_IN_A_WORD), re.IGNORECASE)


def taught(text: str, wordings: list[str]) -> list[str]:
    return [each for each in wordings if (known := pattern(each)) and known.fullmatch(text)]


@pytest.mark.parametrize("fact", PLAIN, ids=lambda fact: fact.answer)
def test_neither_a_fact_nor_its_question_is_worded_as_a_lesson_is(fact: Fact) -> None:
    assert taught(fact.said, STATEMENTS) == []
    assert taught(fact.question, QUESTIONS) == []


def test_what_is_taught_would_be_found() -> None:
    assert taught("My hamster is called Bingo.", STATEMENTS)
    assert taught("What is the name of my hamster?", QUESTIONS)


def test_nor_is_it_examined_elsewhere() -> None:
    said = {guide.plain(turn["say"]) for chat in held_out.chats() for turn in chat["turns"]}
    assert said.isdisjoint(guide.plain(text) for fact in PLAIN for text in fact[1:3])
