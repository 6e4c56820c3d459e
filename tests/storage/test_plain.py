"""Search hits read as plain words: the Markdown goes, the hit stays marked."""

import time

import pytest

from app.storage.plain import plainly
from app.storage.query import parse
from app.storage.snippets import Snippet, cut


def hit(text: str, words: str) -> Snippet:
    return cut(text, parse(words).pieces)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("## A **heading**", "A heading"),
        ("***both*** and ~~struck~~ and __strong__", "both and struck and strong"),
        ("snake_case and a * b and 2 < 3", "snake_case and a * b and 2 < 3"),
        ("see [the paper](https://a.b/c_(d) \"title\"), ![a cat](c.png)", "see the paper, a cat"),
        ("[named][1] or <https://a.b/c>", "named or https://a.b/c"),
        ("run `make **all**` twice, or ``a ` b``", "run make **all** twice, or a ` b"),
        ("keeps `K` and `V`, not `**`", "keeps K and V, not **"),
        ("> - [x] done\n>   1. more", "• done\n1. more"),
        ("length $n$, $$x^2$$, but $5 and $6", "length n, x^2, but $5 and $6"),
        (r"not \*starred\* at all", "not *starred* at all"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", " a · b \n\n 1 · 2 "),
        ("Title\n=====\n\n***\n\nText", "Title\n\n\n\n\nText"),
        ("```python\n# **kwargs\n```\n**so**", "\n# **kwargs\n\nso"),
    ],
)  # fmt: skip
def test_the_marks_go_and_the_words_stay(written: str, read: str) -> None:
    assert plainly(written, [])[0] == read


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("# On **tea** and `cups`", "tea", ["tea"]),
        ("**green** *tea* is [hot](https://x.y)", "green tea", ["green", "tea"]),
        ('say "**green** *tea*" now', '"green tea"', ["green tea"]),
        ("1. [tea](https://a.b)\n2. **tea**", "tea", ["tea", "tea"]),
        ("😀 **Café** 今天天气", "café", ["Café"]),
    ],
)
def test_a_hit_stays_marked_where_it_is(text: str, words: str, marked: list[str]) -> None:
    found = hit(text, words)
    assert [found.text[a:b] for a, b in found.marks] == marked
    assert not set("*`#[]") & set(found.text)


def test_what_was_found_in_an_address_or_a_language_is_shown() -> None:
    found = hit("See [the paper](https://arxiv.org/abs/1706).", "arxiv")
    assert found.text == "See [the paper](https://arxiv.org/abs/1706)."
    assert "python" in hit("```python\nx = 1\n```", "python").text


def test_the_code_a_hit_lies_in_is_left_as_it_is() -> None:
    code = "".join(f"line_{n} = call(**options, *rest)  # note\n" for n in range(80))
    found = hit(f"Before.\n\n```python\n{code}needle(**kwargs)\n```\n", "needle")
    assert "needle(**kwargs)" in found.text
    assert "call(**options, *rest) # note" in found.text


def test_the_beginning_and_the_end_that_are_left_out_are_said() -> None:
    middle = hit(f"{'padding ' * 200}the **needle** here {'more ' * 200}", "needle")
    assert middle.text.startswith("…padding")
    assert middle.text.endswith("…")
    assert len(middle.text) < 300
    assert hit("**the** needle", "needle").text == "the needle"


def test_hostile_marks_cost_no_time() -> None:
    started = time.thread_time()
    for sign in ("*", "_", "`", "[", "|", "-", ">", "~", "*a ", "[a](", "**_"):
        hit(f"needle {sign * 50_000}", "needle")
        hit(f"{sign * 20_000} needle", "needle")
    assert time.thread_time() - started < 3
