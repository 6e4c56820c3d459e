"""Long text is cut where it cannot be noticed, and hostile text is capped, never dropped."""

from typing import Any, Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ui.transcript import caps
from app.ui.transcript.caps import MAX_LINE, Part, link_definitions, parts
from app.ui.transcript.items import ItemId, MessageItem
from app.ui.transcript.leaves import Group, Leaf
from app.ui.transcript.markdown import parse
from app.ui.transcript.pieces import in_whole, piece_rows
from app.ui.transcript.rows import rows_of
from tests.ui.transcript.texts import documents


class _Nothing:
    def opened(self, _: ItemId) -> set[str]:
        return set()


MEANS = cast(Any, _Nothing())


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


BARS = "| a | b |\n|---|---|\n" + "".join(f"| {n} | [x] |\n" for n in range(200))
ROUND = "a | b\n--|--\n" + "1 | 2\n" * 200
ROWS_OF_3 = "| 1 | 2 | 3 |\n" * 100
WIDE = f"| a | b | c |\n|---|---|---|\n{ROWS_OF_3}"
TABLES = {
    "alone": BARS,
    "between": f"Words\n\n{BARS}\nwords\n\n{BARS}| c | d |\nlast | row\n\n## End",
    "right below words": f"Words\n{BARS}",
    "rows without bars": ROUND,
    "in a list": f"- item\n\n  {BARS}".replace("\n|", "\n  |"),
    "that a list takes in": f"- item\n{BARS}",
    "that a quote takes in": f"> said\n{BARS}",
    "in a listing": f"```\n{BARS}```\n",
    "in a formula": f"$$\n{BARS}$$\n",
    "indented": f"    {BARS}".replace("\n|", "\n    |"),
    "that is none": BARS.replace("---|", "", 1),
    "without a rule": BARS.replace("|---|---|\n", ""),
    "of bars": "| |\n|\n" + "| a |\n" * 400,
    "with escaped bars": BARS.replace("a | b", "a \\| b | c"),
    "with ragged rows": BARS + "| only one\n|\n| a | b | c | d |\n" * 40,
    "with words in it": f"{WIDE}words\n{BARS}{ROWS_OF_3}",
    "that begins without bars": f"a | b | c\n--|--|--\n1 | 2 | 3\n{BARS}{ROWS_OF_3}",
    "with links": f"{BARS}\n\n[x]: https://a.example\n",
    "with a footnote": f"[^1]: words\n{BARS}\nand[^1]",
    "with odd line ends": BARS.replace("| 7 |", "| 7\u2028| \x0c |"),
    "with carriage returns": BARS.replace("\n", "\r\n"),
}


def whole_again(text: str, role: Literal["user", "assistant"] = "assistant") -> list[Leaf]:
    item = MessageItem(id=ItemId("1"), role=role, text=text)
    leaves = (leaf for row in rows_of(item, MEANS) for group in row.groups() for leaf in group)
    return in_whole(leaves)


@pytest.mark.parametrize("name", TABLES)
def test_a_text_that_is_cut_in_its_tables_means_what_the_whole_means(name: str) -> None:
    text = TABLES[name]
    assert whole_again(text) == [leaf for group in parse(text) for leaf in group]
    assert "".join(part.text for part in parts(text, tables=True)) == text


@pytest.mark.parametrize(
    "name", ["alone", "between", "right below words", "with links", "with escaped bars"]
)
def test_a_long_table_is_cut_in_short_parts(name: str) -> None:
    cut = parts(TABLES[name], tables=True)
    assert len(cut) >= 200 // piece_rows(2)
    assert all(part.text.count("\n|") <= 2 * piece_rows(2) + 3 for part in cut)
    assert parts(TABLES[name]) == [Part(TABLES[name])]


@settings(max_examples=60, deadline=None)
@given(st.lists(documents | st.just(BARS), min_size=2, max_size=5).map("\n".join))
def test_texts_around_tables_mean_the_same(text: str) -> None:
    if "\r" not in text:
        assert whole_again(text) == [leaf for group in parse(text) for leaf in group]


def test_a_table_of_any_size_is_shown_when_it_can_be_cut() -> None:
    text = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 20_000
    assert not any(part.reason for part in parts(text, tables=True))
    assert [part.reason for part in parts(text)] == [caps.TABLE_TOO_LARGE]


def test_ordinary_text_is_one_part() -> None:
    assert parts("Hello **world**") == [Part("Hello **world**")]


def test_a_text_without_a_long_table_is_not_walked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a chat looks at every message of it."""
    walked: list[str] = []
    monkeypatch.setattr(caps, "_between_rows", lambda text: walked.append(text) or iter(()))
    short = "Words.\n\n" + "\n".join(["| a |", "|---|", *["| 1 |"] * 4])
    assert [part.text for part in parts(short, tables=True)] == [short]
    assert walked == []
    parts(short + "\n| 1 |", tables=True)
    assert walked
