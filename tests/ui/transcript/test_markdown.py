"""What Markdown means to us: leaves, and not one visible character lost."""

import re

import pytest
from hypothesis import given, settings

from app.ui.transcript.leaves import Capped, Code, Formula, Leaf, Span, Table, Text
from app.ui.transcript.markdown import parse, safe_link
from tests.ui.transcript.texts import EXAMPLES, WORDS, documents


def leaves(source: str, *, breaks: bool = False) -> list[Leaf]:
    return [leaf for group in parse(source, breaks=breaks) for leaf in group]


def visible(source: str) -> str:
    shown: list[str] = []
    for leaf in leaves(source):
        shown += [inside.marker for inside in leaf.within if inside.first]
        match leaf:
            case Text():
                shown += [span.text for span in leaf.spans]
            case Code():
                shown.append(leaf.code)
            case Table():
                shown += [span.text for row in leaf.rows for cell in row for span in cell]
            case Formula():
                shown.append(leaf.tex)
            case Capped():
                shown.append(leaf.text)
            case _:
                pass
    return " ".join(shown)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_visible_word_is_lost(name: str) -> None:
    source = EXAMPLES[name]
    # Link targets and titles, languages and definitions are not text that is read.
    read = re.sub(r"\]\([^)]*\)|^\[[^^\]]*\]:.*$|^ *(```+|~~~+) *\w*$", " ", source, flags=re.M)
    read = re.sub(r"- \[[xX]\]|\\(begin|end)\{\w+\}|&\w+;|&#x41;|\[[ab]\]", " ", read)
    shown = visible(source)
    for word in re.findall(r"\w+", read):
        assert word in shown, (word, shown)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_no_word_of_a_written_document_is_lost(source: str) -> None:
    shown = visible(source).replace("&", "&amp;")
    for word in WORDS:
        for letters in re.findall(r"\w+", word):
            if letters in source:
                assert letters in shown


def test_money_is_not_a_formula() -> None:
    (leaf,) = leaves("It costs $5 and $6, or $3-$4 a piece, or $ 7 $.")
    assert isinstance(leaf, Text)
    assert [span.kind for span in leaf.spans] == ["text"]


@pytest.mark.parametrize("source", ["$x$", r"\(x\)"])
def test_inline_formulas(source: str) -> None:
    (leaf,) = leaves(f"a {source} b")
    assert isinstance(leaf, Text)
    assert leaf.spans == (Span("a "), Span("x", "math"), Span(" b"))


@pytest.mark.parametrize("source", ["$$\nx\n$$", "$$x$$", "\\[x\\]", "\\[\nx\n\\]", "\\[\nx\\]"])
def test_block_formulas(source: str) -> None:
    assert leaves(f"a\n\n{source}\n\nb")[1] == Formula("x")


def test_an_environment_is_a_formula_with_its_own_words() -> None:
    source = "\\begin{align}\na &= b\n\\end{align}"
    assert leaves(source) == [Formula(source)]


def test_an_unclosed_formula_stays_text() -> None:
    assert "never closed" in visible(EXAMPLES["open math"])
    assert not any(isinstance(leaf, Formula) for leaf in leaves(EXAMPLES["open math"]))


def test_task_items_have_a_box_and_no_bullet_text() -> None:
    first, second = leaves("- [x] done\n- [ ] open")
    assert (first.within[0].checked, second.within[0].checked) == (True, False)
    assert isinstance(first, Text)
    assert first.spans == (Span("done"),)


def test_html_is_shown_not_read() -> None:
    assert "<script>alert(1)</script>" in visible(EXAMPLES["html"])


def test_only_web_and_mail_links_are_links() -> None:
    hrefs = {
        span.href
        for name in ("links not opened", "autolink", "bare address")
        for leaf in leaves(EXAMPLES[name])
        if isinstance(leaf, Text)
        for span in leaf.spans
        if span.href
    }
    assert hrefs == {
        "https://example.com/?q=1&r=2",
        "mailto:a@b.c",
        "https://example.com/a_(b)",
        "http://x.y/z",
    }


@pytest.mark.parametrize(
    "href", ["file:///etc/passwd", "javascript:x", "HTTPS//x", "ftp://a", "", "http://", "https:x"]
)
def test_other_schemes_are_refused(href: str) -> None:
    assert safe_link(href) == ""


def test_what_a_user_typed_keeps_its_line_breaks() -> None:
    (leaf,) = leaves("one\ntwo", breaks=True)
    assert isinstance(leaf, Text)
    assert leaf.spans[1].kind == "break"


@pytest.mark.parametrize("source", [">" * 300 + "x", "- " * 200 + "x", "> - " * 60 + "deep"])
def test_nesting_past_the_cap_is_shown_plain_not_dropped(source: str) -> None:
    (leaf,) = leaves(source)
    assert isinstance(leaf, Capped)
    assert leaf.text == source


def test_a_huge_table_is_capped() -> None:
    source = "|a|b|\n|-|-|\n" + "|x|y|\n" * 1_000
    (leaf,) = leaves(source)
    assert isinstance(leaf, Capped)
    assert leaf.text.count("|x|y|") == 1_000
