"""Lessons are the same each time, true to what was said, and free of what examines them."""

import itertools
import re
from collections import Counter
from random import Random

import pytest

from app.chat import narrative
from app.chat.titles import WISH
from app.core.messages import Message
from app.engine.toolcalls import ToolCalls
from scripts.starter import foreign, guide, held_out, lessons, patterns, wishes
from scripts.starter.families import GENERAL
from scripts.starter.lessons import lesson, of_kind
from scripts.starter.singles import OTHERS, SINGLES
from scripts.starter.talk import Said, Talk
from scripts.starter.told import letter

COUNT = 150
FAMILIES = (*GENERAL, *SINGLES, *OTHERS)


def test_a_number_always_makes_the_same_lesson() -> None:
    assert [lesson(1, n) for n in range(40)] == [lesson(1, n) for n in range(40)]
    assert lesson(1, 5) != lesson(2, 5) != lesson(2, 6)


def test_every_acknowledged_value_was_said() -> None:
    checked = 0
    for number in range(COUNT):
        said = lesson(3, number)
        spoken = "\n".join(text for role, text in said if role != "assistant")
        for role, text in said:
            if role == "assistant" and text.startswith(("Got it.\n", "Updated.\n")):
                for line in text.split("\n")[1:]:
                    assert line.split(". ", 1)[1].lower() in spoken.lower()
                    checked += 1
    assert checked > COUNT // 2


def told_back(said: list[Said]) -> list[tuple[str, str]]:
    """Each line that is told back, with all that was said before it."""
    return [
        (line, "\n".join(before for _, before in said[:at]))
        for at, (role, text) in enumerate(said)
        if role == "assistant" and text.startswith("You said:\n")
        for line in text.split("\n")[1:]
    ]


def test_what_is_told_back_was_said_and_with_its_letter_noted() -> None:
    found = [pair for number in range(2 * COUNT) for pair in told_back(lesson(4, number))]
    assert len(found) > COUNT
    for line, before in found:
        noted = re.match(r"- [A-Za-z]{1,2}\. ", line)
        assert (line if noted else line[2:]).lower() in before.lower()


def test_the_note_of_an_older_value_is_not_told_back() -> None:
    for number in range(20):
        talk = Talk(Random(number), bare=True)
        talk.begin(6)
        while talk.known and len(talk.said) < 30:
            talk.update()
            talk.ask()
        assert all(line in before for line, before in told_back(talk.said) if ". " in line[:5])


def test_a_lesson_takes_turns_and_ends_with_the_assistant() -> None:
    for number in range(COUNT):
        roles = [role for role, _ in lesson(3, number)]
        assert roles[-1] == "assistant"
        assert "system" not in roles[1:]
        turns = [role for role in roles if role != "system"]
        assert all(a != b for a, b in itertools.pairwise(turns))


def test_a_wind_is_asked_for_in_the_words_of_the_app() -> None:
    rng = Random(7)
    said = of_kind("wind", 900, rng)
    users = [text for role, text in said[:-2] if role == "user"]
    begins = narrative.summary_request(Message(role="user", content=users[0]), None)
    assert said[-2][1].startswith(begins.split("”")[0])
    assert narrative.summary_request(Message(role="user", content="x"), None)[-60:] in said[-2][1]


def test_a_winds_summary_has_each_bullet_of_its_part_and_no_other() -> None:
    seen = 0
    for number in range(60):
        said = of_kind("wind", 1500, Random(number))
        wish, answer = said[-2][1], said[-1][1]
        before = [text for role, text in said[:-2] if role == "assistant"]
        known = [line for text in before for line in text.split("\n") if line.startswith("- ")]
        wanted = answer.split("\n")
        if wanted == [wishes.NOTHING] or wish == narrative.live_merge_request():
            continue
        assert set(wanted) <= set(known), wish
        seen += 1
    assert seen > 20


def test_a_live_merge_has_every_bullet_of_the_notes_the_talk_began_with() -> None:
    wish, seen = narrative.live_merge_request(), 0
    for number in range(200):
        said = of_kind("wind", 450, Random(number))
        if said[-2][1] == wish:
            notes = said[0][1].partition("# Exact facts from it")[0]
            assert said[-1][1].split("\n") == re.findall(r"^- [A-Za-z]{1,2}\. .+$", notes, re.M)
            seen += 1
    assert seen > 5


def test_a_merge_invents_nothing_and_loses_nothing() -> None:
    for number in range(40):
        (_, wish), (_, answer) = of_kind("merge", 1200, Random(number))
        bullets = re.findall(r"^- [A-Za-z]{1,2}\. .+$", wish, re.M)
        assert answer.split("\n") == bullets


def test_the_title_wish_is_the_apps() -> None:
    assert WISH == lessons._TITLE  # pyright: ignore[reportPrivateUsage]


def test_tool_calls_are_read_by_the_engine() -> None:
    names = ("calculator", "current_time")
    calls: Counter[str] = Counter()
    for number in range(40):
        for role, text in of_kind("tools", 300, Random(number)):
            if role == "assistant" and text.startswith("<tool_call>"):
                stream = ToolCalls(names)
                found = (*stream.feed(text).calls, *stream.finish().calls)
                assert len(found) == 1
                calls[found[0].name] += 1
    assert set(calls) == set(names)


def test_letters_go_on_after_z() -> None:
    assert [letter(n) for n in (0, 25, 26, 51, 52, 53, 78)] == [
        "A",
        "Z",
        "a",
        "z",
        "AA",
        "AB",
        "BA",
    ]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_families_have_many_wordings(family: object) -> None:
    assert sum(map(patterns.ways, family.statements)) >= 4  # pyright: ignore
    assert sum(map(patterns.ways, family.questions)) >= 4  # pyright: ignore


def test_all_families_together_have_thousands_of_wordings() -> None:
    assert sum(patterns.ways(text) for each in FAMILIES for text in each.statements) > 1000
    assert sum(patterns.ways(text) for each in FAMILIES for text in each.questions) > 1000


def test_recaps_are_asked_for_in_hundreds_of_ways() -> None:
    assert len({wishes.recap(Random(n)) for n in range(2000)}) > 500


# ------------------------------------------------------------ what examines the model


def test_there_are_enough_hand_written_chats() -> None:
    chats = held_out.chats()
    assert len(chats) == len({chat["name"] for chat in chats}) >= 40
    assert all(any(len(turn) > 1 for turn in chat["turns"]) for chat in chats)


def test_every_intent_is_examined_twice_in_words_no_lesson_uses() -> None:
    examined = Counter(intent for intent, _ in guide.held_out())
    assert set(examined) == {intent.id for intent in guide.intents()}
    assert min(examined.values()) >= 2
    forbidden = {guide.plain(text) for _, text in guide.held_out()}
    rng = Random(1)
    assert all(guide.plain(guide.question(rng)[0]) not in forbidden for _ in range(3000))


def test_no_lesson_holds_a_held_out_text() -> None:
    texts = [*held_out.lines("recaps.txt"), *held_out.lines("foreign.txt")]
    texts += [turn["say"] for chat in held_out.chats() for turn in chat["turns"]]
    forbidden = {guide.plain(text) for text in texts if len(text.split()) > 4} - {guide.plain(WISH)}
    for number in range(COUNT):
        for role, text in lesson(5, number):
            assert role != "user" or guide.plain(text) not in forbidden, text
    rng = Random(2)
    for _ in range(2000):
        assert guide.plain(foreign.foreign(rng)) not in forbidden


def test_no_family_has_a_held_out_wording() -> None:
    own = {
        family.name: {
            guide.plain(each)
            for text in (*family.statements, *family.questions)
            for each in patterns.every(text)
        }
        for family in FAMILIES
    }
    assert set(held_out.wordings()) <= set(own)
    for name, kinds in held_out.wordings().items():
        for text in (*kinds["statements"], *kinds["questions"]):
            assert guide.plain(text) not in own[name], text
