"""Code is coloured the same whether it came at once or piece by piece, and never changed."""

# ruff: noqa: E501

import pytest

from app.ui.theme import DARK, LIGHT
from app.ui.transcript import ToolCard
from app.ui.transcript.cards import CodeCard
from app.ui.transcript.lexing import Highlighter, load_lexer, tone_color
from tests.ui.transcript.conftest import Hands, answered

CODE = {
    "python": 'import os\n\n@cache\ndef f(a: int = 3) -> str:\n    """Doc\n    string."""\n    return f"{a!r}" # end\n\nclass B(Exception):\n    pass\n',
    "json": '{"a": [1, 2.5, true, null], "b": {"c": "d"}}\n',
    "rust": 'fn main() {\n    let x: Vec<u8> = vec![1]; // note\n    println!("{}", x.len());\n}\n',
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n",
    "html": '<p class="a">text <b>bold</b></p>\n<script>let x = 1;</script>\n',
    "nosuchlanguage": "just text\n",
    "": "just text\n",
}  # fmt: skip


@pytest.mark.parametrize("language", CODE)
def test_every_character_comes_back(language: str) -> None:
    start, runs = Highlighter(load_lexer(language)).feed(CODE[language])
    assert start == 0
    assert "".join(text for text, _ in runs) == CODE[language]


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize("step", [1, 5])
def test_growing_code_ends_in_the_same_colours(language: str, step: int) -> None:
    code = CODE[language]
    growing = Highlighter(load_lexer(language))
    tones: list[str] = []
    for end in [*range(step, len(code), step), len(code)]:
        start, runs = growing.feed(code[:end])
        del tones[start:]
        tones += [tone for text, tone in runs for _ in text]
    _, whole = Highlighter(load_lexer(language)).feed(code)
    expected = [tone for text, tone in whole for _ in text]
    same = [
        a == b or code[n].isspace() for n, (a, b) in enumerate(zip(tones, expected, strict=True))
    ]
    assert all(same)


def test_keywords_have_a_colour_in_both_themes() -> None:
    _, runs = Highlighter(load_lexer("python")).feed("import os")
    assert runs[0] == ("import ", "keyword") or runs[0] == ("import", "keyword")
    assert tone_color(LIGHT.syntax, "keyword") != tone_color(DARK.syntax, "keyword")


def test_a_language_that_is_still_being_written_is_read_again(hands: Hands) -> None:
    hands.show(answered(0, "x"))
    hands.view.begin_stream(answered(1, ""))
    for piece in ("```p", "y", "thon\nimport", " os\n"):
        hands.view.append(piece)
        hands.view._repaint.flush()
    hands.settle()
    card = hands.blocks(1)[0]
    assert card.document is not None
    formats = card.document.firstBlock().textFormats()
    assert formats[0].format.foreground().color().name() == LIGHT.syntax.keyword


def test_code_in_a_tool_card_gets_its_colours_too(hands: Hands) -> None:
    hands.show(answered(1, "x", tools=(ToolCard("search", '{"query": 1}'),)))
    hands.click_spot(1, "search")
    hands.settle()
    card = next(b for b in hands.row(1).blocks if isinstance(b, CodeCard))
    assert card.document is not None
    colours = {f.format.foreground().color().name() for f in card.document.begin().textFormats()}
    assert LIGHT.syntax.number in colours
