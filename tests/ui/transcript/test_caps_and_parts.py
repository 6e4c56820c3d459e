"""Long text is cut where it cannot be noticed, and hostile text is capped, never dropped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ui.transcript import caps
from app.ui.transcript.caps import MAX_LINE, Part, link_definitions, parts
from app.ui.transcript.leaves import Group
from app.ui.transcript.markdown import parse
from tests.ui.transcript.texts import documents


def parsed(text: str) -> list[Group]:
    definitions = link_definitions(text)
    return [group for part in parts(text) for group in parse(part.text, definitions=definitions)]


@settings(max_examples=60, deadline=None)
@given(st.lists(documents, min_size=2, max_size=5).map("\n\n".join))
def test_parts_mean_what_the_whole_means(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caps, "PART_LENGTH", 40)
        assert parsed(text) == parse(text)


def test_link_definitions_reach_every_part() -> None:
    text = "[a] first\n\n" + "word " * 2_000 + "\n\nand [a]\n\n[a]: https://a.example\n"
    assert len(parts(text)) > 1
    assert parsed(text) == parse(text)


def test_a_fence_is_never_cut() -> None:
    text = "start\n\n```py\n" + "x = 1\n\n" * 3_000 + "```\n\nend"
    assert parsed(text) == parse(text)


def test_parts_keep_every_line() -> None:
    text = "\n\n".join(f"paragraph {n} " + "x " * 400 for n in range(60))
    assert "".join(part.text for part in parts(text)) == text
    assert max(len(part.text) for part in parts(text)) < 2 * caps.PART_LENGTH


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x" * (MAX_LINE + 1), "line"),
        ("[" * 2_000, "brackets"),
        ("\\begin{a}\n" * 300, "brackets"),
        ("- item\n" * 20_000, "block"),
        ("a\n===\n" * 2_000, "block"),
        ("|a" * 2_000 + "|\n" + "|-" * 2_000 + "|", "table"),
    ],
)
def test_hostile_text_is_named_and_kept(text: str, word: str) -> None:
    (part,) = parts(text)
    assert word in part.reason
    assert part.text == text
    shown = parts(text, anyway=True)
    assert all(one.plain for one in shown)
    assert "".join(one.text for one in shown).replace("\n", "") == text.replace("\n", "")


def test_ordinary_text_is_one_part() -> None:
    assert parts("Hello **world**") == [Part("Hello **world**")]
