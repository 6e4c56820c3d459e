"""`llama-chat bench memory` asks the built-in guide nothing in words that it was taught."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random

import pytest

from app.cli.bench_facts import Fact
from app.cli.bench_memory import has_whole
from app.cli.bench_plain_facts import PLAIN
from scripts.starter import evaluate, guide, held_out, plain, words
from scripts.starter.families import GENERAL
from scripts.starter.patterns import as_regex
from scripts.starter.singles import OTHERS, SINGLES

FAMILIES = (*GENERAL, *SINGLES, *OTHERS)
STATEMENTS = [text for each in FAMILIES for text in each.statements]
QUESTIONS = [text for each in FAMILIES for text in each.questions]
_WHOSE_OR_SLOT = re.compile(r"\[(?:(?:my|the|our)?\|?)+\]|\{[nmv]\}")
_NOT_IN_A_WORD = r"\s*(?!(?<=\w)(?=\w))\s*"


def _any(choices: Iterable[str]) -> str:
    return "(?:" + "|".join(map(re.escape, choices)) + ")"


@cache
def sentences_of_no_kind() -> tuple[re.Pattern[str], ...]:
    """Every such sentence, but for words that are made up."""
    thing = _any([*words.THINGS, *plain.MORE_THINGS])
    people = [*words.PEOPLE, *words.JOB_LIST, *plain.GROUPS, *words.ANIMALS]
    who = rf"(?:{_any(plain.PRONOUNS)}|{_any(words.NAMES)}|(?:my|our|the) {_any(people)})"
    slots = {
        "{s}": who,
        "{o}": rf"(?:the|my|our|his|her) (?:\w+ )?{thing}",
        "{w}": _any(plain.WITH),
        "{g}": _any([*words.UNITS, *plain.GROUPS]),
        "{k}": _any(plain.KINDS),
        "{v}": "?P<value>.+",
    }
    slots |= {"{turns}": _any({verb[0] for verb in plain.GOING}), "{team}": _any(words.PLURALS)}
    slots |= {
        "{w2}": rf"(?:{_any(words.NAMES)}|my {_any(words.PEOPLE)})",
        "{s2}": rf"(?:me|us|them|{who})",
    }
    for table, names in (
        (plain.VERBS, "third past base part"),
        (plain.GOING, "goes went go"),
        (words.DOERS, "does acted act doer"),
        (words.EVENTS, "comes come coming"),
        (words.SCALES, "scales scale scaled high far"),
    ):
        for at, name in enumerate(names.split()):
            slots["{" + name + "}"] = _any({line[at] for line in table})
    found: list[re.Pattern[str]] = []
    for text in (text for form in plain.FORMS for text in form.statements):
        pattern = as_regex(text).pattern.replace(r"\s*", _NOT_IN_A_WORD)
        for slot in re.findall(r"\{\w+\}", text):
            pattern = pattern.replace(".+?", f"({slots[slot]})", 1)
        found.append(re.compile(pattern, re.IGNORECASE))
    return tuple(found)


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


@pytest.mark.parametrize("fact", PLAIN, ids=lambda fact: fact.answer)
def test_nor_can_it_be_among_the_sentences_of_no_kind(fact: Fact) -> None:
    found = (each.fullmatch(fact.said) for each in sentences_of_no_kind())
    assert fact.answer not in {match["value"] for match in found if match}


def test_a_sentence_of_no_kind_would_be_found() -> None:
    assert any(each.fullmatch("My uncle hid the red kettle") for each in sentences_of_no_kind())
    rng = Random(1)
    said = [plain.any_plain(rng).sentence for _ in range(200)]
    assert sum(any(p.fullmatch(each) for p in sentences_of_no_kind()) for each in said) > 100


def test_nor_can_a_held_out_statement() -> None:
    rng = Random(1)
    for _ in range(200):
        fact = evaluate.held_out_fact(rng)
        said = held_out.statement(fact, rng)
        found = (each.fullmatch(said) for each in sentences_of_no_kind())
        assert fact.value.lower() not in {match["value"].lower() for match in found if match}, said


def test_no_answer_is_in_what_lessons_are_made_of() -> None:
    files = [*Path(words.__file__).parent.glob("*.py"), guide.FILE]
    taught = "\n".join(file.read_text("utf-8") for file in files)
    assert "lasagne" in taught
    assert [fact.answer for fact in PLAIN if has_whole(taught, fact.answer)] == []


def test_what_is_taught_would_be_found() -> None:
    assert taught("My hamster is called Bingo.", STATEMENTS)
    assert taught("What is the name of my hamster?", QUESTIONS)


def test_nor_is_it_examined_elsewhere() -> None:
    said = {guide.plain(turn["say"]) for chat in held_out.chats() for turn in chat["turns"]}
    assert said.isdisjoint(guide.plain(text) for fact in PLAIN for text in fact[1:3])
