"""What comes out of honest documents."""

from pathlib import Path

import pytest

from app.chat.extract import MAX_CHARACTERS
from app.chat.extract_web import html_text
from app.chat.extraction import extract_text

from . import paperwork


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.py", "def f():\n    return 'ünï'\n", "def f():\n    return 'ünï'"),
        ("a.csv", "name,age\nAnn,7\n", "name,age\nAnn,7"),
        ("old.txt", "caf\xe9 \x80".encode("latin-1"), "café €"),
        ("wide.txt", "Grüße 天气".encode("utf-16"), "Grüße 天气"),
        ("bom.md", b"\xef\xbb\xbf# Title", "# Title"),
        ("a.pdf", paperwork.pdf("First page", "Second page"), "First page\n\nSecond page"),
        ("no-suffix", paperwork.xlsx(("Item", 3.5), ("Tea",)), "## Sheet\n\nItem\t3.5\nTea"),
    ],
)  # fmt: skip
def test_the_text_of_each_kind(tmp_path: Path, name: str, data: bytes | str, text: str) -> None:
    found = extract_text(paperwork.write(tmp_path, name, data))
    assert (found.text, found.note, found.problem) == (text, "", "")


def test_a_word_file_keeps_its_tables_and_lists(tmp_path: Path) -> None:
    cell = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
    table = f"<w:tbl><w:tr>{cell.format('Tea')}{cell.format('3.50')}</w:tr></w:tbl>"
    body = f"<w:p><w:r><w:t>Prices</w:t></w:r></w:p>{table}"
    found = extract_text(paperwork.write(tmp_path, "a.docx", paperwork.docx(body)))
    assert found.text.split() == ["Prices", "Tea", "3.50"]


def test_a_deck_gives_titles_text_and_notes(tmp_path: Path) -> None:
    found = extract_text(paperwork.write(tmp_path, "a.pptx", paperwork.pptx("Tea", "Milk")))
    assert "## Slide 2" in found.text
    for words in ("Tea", "About Tea", "Notes: Say Milk"):
        assert words in found.text


def test_a_page_is_read_without_scripts_and_styles() -> None:
    page = """<html><head><title>x</title><style>p {}</style></head><body><h1>Tea</h1>
    <script>steal()</script><ul><li>green</li><li>black</li></ul><p>A&amp;B  is
    good</p><pre>  kept
    so</pre></body></html>"""
    text = html_text(page)
    assert text.startswith("Tea\n")
    assert "- green\n" in text
    assert "A&B is good" in text
    assert "  kept\n" in text
    assert "steal" not in text
    assert "{}" not in text


def test_a_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    found = extract_text(paperwork.write(tmp_path, "a.txt", "word " * 500_000))
    assert len(found.text) <= MAX_CHARACTERS
    assert found.note == "Only the first 2,000,000 characters were read."
