"""Every construct of CommonMark and GitHub's Markdown shows all of its words.

The judge is Qt's own Markdown reader, which shares no code with ours: what it shows, we show.
"""

import re

import pytest
from PySide6.QtGui import QTextDocument

from app.ui.transcript.markdown import parse
from app.ui.transcript.streaming import Stream
from tests.ui.transcript.constructs import SECTIONS
from tests.ui.transcript.test_markdown import visible

# Qt's reader takes HTML for HTML; we show it as it stands, tags and all.
FEATURES = (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
    | QTextDocument.MarkdownFeature.MarkdownNoHTML
)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("\ufffc", " "))


def read_by_qt(source: str) -> str:
    document = QTextDocument()
    document.setMarkdown(source, FEATURES)
    return document.toPlainText()


def test_the_examples_are_many_and_from_every_section() -> None:
    assert sum(map(len, SECTIONS.values())) >= 290
    assert len(SECTIONS) >= 25


@pytest.mark.parametrize("section", SECTIONS)
def test_no_word_is_lost(section: str, qapp: object) -> None:
    lost: list[tuple[str, str]] = []
    for source in SECTIONS[section]:
        shown = visible(source).replace(" ", "")
        lost += [(source, word) for word in words(read_by_qt(source)) if word not in shown]
    assert lost == []


@pytest.mark.parametrize("section", SECTIONS)
def test_written_letter_by_letter_it_ends_the_same(section: str) -> None:
    for source in SECTIONS[section]:
        stream = Stream()
        for character in source:
            stream.feed(character)
            stream.groups()
        assert stream.finish() == parse(source)


def test_the_judge_notices_a_lost_word(qapp: object) -> None:
    assert "word" in words(read_by_qt("a *word*"))
    assert "word" not in visible("a")
