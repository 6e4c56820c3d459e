"""What the memory bench counts as remembered, and that its rules do what their names say."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.chat.budget import Budget
from app.cli import bench_memory
from app.cli.bench_facts import Fact
from app.cli.bench_memory import compare, has_whole, play, script, some_facts, table
from app.cli.bench_plots import memory_svg
from app.cli.bench_ways import (
    Ruled,
    Summarising,
    Way,
    drop_the_oldest,
    stop,
    truncate_the_middle,
)
from app.core.protocol import Generate
from tests.chat.conftest import WordModel

PRICES = (10, 20, 30, 40)
SUMMARY = "- They spoke of marbles."


@pytest.mark.parametrize(
    ("room", "oldest", "newest", "both_ends"),
    [
        (100, [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]),
        (99, [0, 1, 2], [1, 2, 3], [0, 1, 3]),
        (70, [0, 1, 2], [2, 3], [0, 1, 3]),
        (39, [0, 1], [], [0]),
        (5, [], [], []),
    ],
)
def test_each_rule_sends_the_turns_of_its_name(
    room: int, oldest: list[int], newest: list[int], both_ends: list[int]
) -> None:
    assert list(stop(PRICES, room)) == oldest
    assert list(drop_the_oldest(PRICES, room)) == newest
    assert list(truncate_the_middle(PRICES, room)) == both_ends


@pytest.mark.parametrize(
    ("text", "value", "there"),
    [
        ("It was 4200.", "4200", True),
        ("It was 42000.", "4200", False),
        ("It was 14200", "4200", False),
        ("4,200.50", "4,200", False),
        ("your draft-v3", "draft", False),
        ("in `~/robot/steps.log`.", "~/robot/steps.log", True),
        ("in ../deploy.yaml", "./deploy.yaml", False),
        ("by --no-duplex, always", "--no-duplex", True),
        ("by ---no-duplex", "--no-duplex", False),
        ("it's QUILLON!", "Quillon", True),
        ("on 12 November", "2 November", False),
        ("in read_tray()", "read_tray()", True),
        ("", "tea", False),
    ],
)
def test_a_value_counts_only_when_it_is_there_whole(text: str, value: str, *, there: bool) -> None:
    assert has_whole(text, value) is there


def test_there_are_forty_facts_of_eight_kinds_and_a_few_are_of_all_of_them() -> None:
    facts = some_facts(40)
    assert Counter(fact.kind for fact in facts) == Counter(
        dict.fromkeys({f.kind for f in facts}, 5)
    )
    assert len({fact.kind for fact in some_facts(8)}) == 8
    assert all(has_whole(f.said, f.answer) and not has_whole(f.question, f.answer) for f in facts)


def test_every_fact_is_told_once_and_long_before_it_is_asked_about() -> None:
    facts = some_facts(40)
    told = script(facts, 200)
    assert len(told) == 200
    assert told == script(facts, 200)
    places = [told.index(fact.said) for fact in facts]
    assert len(set(places)) == 40
    assert max(places) < 150
    assert max(b - a for a, b in itertools.pairwise(sorted(places))) <= 4
    chatter = " ".join(text for at, text in enumerate(told) if at not in places)
    assert not any(has_whole(chatter, fact.answer) for fact in facts)


# ------------------------------------------------------------ the ways, with a model of words


def parrot(request: Generate) -> str:
    """Says what it was told of boxes; a summary of this model is no use."""
    if request.messages[-1].text.startswith(("Summarize", "These are notes")):
        return SUMMARY
    said = " ".join(message.text for message in request.messages)
    wanted = re.match(r"What is in (box \d+)", request.messages[-1].text)
    found = re.search(rf"{wanted[1]} holds (\w+)", said) if wanted else None
    return found[1] if found else "Noted, and indeed it is noted well. " * 2


BOXES = [
    Fact("number", f"Now box {n} holds {n * 111}x.", f"What is in box {n}?", f"{n * 111}x")
    for n in range(1, 9)
]


def outcome(way: Way, turns: int = 60) -> bench_memory.Outcome:
    return play(way, script(BOXES, turns), BOXES)


@pytest.fixture
def words() -> Iterator[WordModel]:
    model = WordModel(512)
    model.reply = parrot
    yield model
    model.close()


BUDGET = Budget(512)


def test_dropping_the_oldest_forgets_it_and_reads_everything_again(words: WordModel) -> None:
    found = outcome(Ruled(words, BUDGET, drop_the_oldest, 8))
    assert (found.in_prompt, found.right, found.refused) == (0, 0, 0)
    assert found.made_room > 30
    assert max(len(each.messages) for each in words.asked) < 40


def test_stopping_refuses_what_does_not_fit_and_still_knows_how_it_began(words: WordModel) -> None:
    found = outcome(Ruled(words, BUDGET, stop, 8, ends=True))
    assert 0 < found.right == found.in_prompt < 1
    assert 30 < found.refused < 60
    assert len(found.first_token_ms) == 60 - found.refused


def test_truncating_the_middle_knows_both_ends(words: WordModel) -> None:
    way = Ruled(words, BUDGET, truncate_the_middle, 8)
    found = outcome(way)
    assert 0 < found.right < 1
    assert found.refused == 0
    sent = words.asked[-1].messages
    assert sent[0].text == way.turns[0].said[0].text
    assert sent[-2].text == way.turns[-2].said[-1].text


def test_a_rolling_summary_is_one_and_stands_first(words: WordModel) -> None:
    way = Summarising(words, BUDGET, 8)
    found = outcome(way)
    assert found.made_room >= 2
    assert found.right < 1, "the summary of this model lost it"
    last = words.asked[-1].messages
    assert (last[0].role, last[0].text.count(SUMMARY)) == ("system", 1)
    merges = [r for r in words.asked if r.messages[-1].text.startswith("These are notes")]
    assert len(merges) == way.made_room - 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_after_ten_winds_the_facts_are_in_the_prompts_and_in_no_one_elses(
    starter: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("LLAMA_CHAT_HOME", str(home))
    monkeypatch.setenv("LLAMA_CHAT_N_CTX", "2048")
    found = compare(starter, 100, 16, 2048)
    ours = found[bench_memory.OURS]
    assert ours.made_room >= bench_memory.WINDS
    assert ours.in_prompt >= 0.9
    assert all(each.in_prompt < ours.in_prompt for name, each in found.items() if each is not ours)
    assert len(table(found)) == 6


def test_the_plot_is_an_image_with_two_bars_for_each_way() -> None:
    picture = ElementTree.fromstring(memory_svg({"wind": (0.95, 0.5), "stop": (0.1, 0.0)}))
    assert len([each for each in picture.iter() if each.tag.endswith("rect")]) == 1 + 2 + 4
    assert {"95%", "50%", "wind", "stop"} <= {each.text for each in picture.iter() if each.text}
