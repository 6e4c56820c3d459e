"""Documents that mean harm end in bounded text or one sentence, within every cap."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.chat.extract import MAX_CHARACTERS
from app.chat.extraction import extract_text

from . import paperwork
from .paperwork import LAUGHS, docx, lying, nested, pdf, pptx, rezip, sheet, xlsx, zeros

SECONDS = 5.0
MIB = 1 << 20
WORD_PART, SLIDE, STRINGS = "word/document.xml", "ppt/slides/slide1.xml", "xl/sharedStrings.xml"
BIG = "<w:p/>" + " " * (40 * MIB)
DEEP = 100_000


def repeated_strings() -> bytes:
    long = "<si><t>" + "x" * 30_000 + "</t></si>"
    rows = "<row>" + '<c t="s"><v>0</v></c>' * 50 + "</row>"
    strings = f'<sst xmlns="{paperwork.SHEET}">{long}</sst>'
    return rezip(sheet(rows * 200), {STRINGS: strings})


def names_itself() -> bytes:
    data = docx()
    overlapping = data.replace(b"_rels/.rels", b"_rels/.relz")
    return overlapping[: len(overlapping) // 2] + data


def external(what: str) -> str:
    return f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///{what}">]>'


BOMBS: dict[str, tuple[str, Callable[[], bytes | str]]] = {
    "word: one part of 40 MB": ("a.docx", lambda: docx(BIG)),
    "word: 70 parts of 4 MB": (
        "a.docx",
        lambda: rezip(
            docx(), {f"word/{n}.xml": os.urandom(64).hex() * (32 * 1024) for n in range(70)}
        ),
    ),
    "word: a part that says it is small": (
        "a.docx",
        lambda: lying(docx("<w:p/>" + " " * (4 * MIB)), WORD_PART, 900),
    ),
    "word: 20,000 parts": ("a.docx", lambda: rezip(docx(), {f"x{n}": "" for n in range(20_000)})),
    "word: billion laughs": ("a.docx", lambda: docx("<w:p>&a9;</w:p>", LAUGHS)),
    "word: billion laughs in UTF-16": (
        "a.docx",
        lambda: rezip(docx(), {WORD_PART: (LAUGHS + "<x>&a9;</x>").encode("utf-16")}),
    ),
    "word: one entity used a million times": (
        "a.docx",
        lambda: docx(
            "<w:p>" + "&e;" * 1_000_000 + "</w:p>",
            f'<!DOCTYPE x [<!ENTITY e "{"z" * 50_000}">]>',
        ),
    ),
    "word: reads /etc/passwd": ("a.docx", lambda: docx("&e;", external("etc/passwd"))),
    "word: 100,000 levels": ("a.docx", lambda: docx("<w:p>" * DEEP + "</w:p>" * DEEP)),
    "word: a picture from this disk": (
        "a.docx",
        lambda: rezip(
            docx(),
            {
                "word/_rels/document.xml.rels": '<Relationships xmlns="http://schemas.'
                'openxmlformats.org/package/2006/relationships"><Relationship Id="r9" '
                'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
                'Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
            },
        ),
    ),
    "word: cut in half": ("a.docx", lambda: docx()[:300]),
    "word: two files in one": ("a.docx", names_itself),
    "word: no XML at all": ("a.docx", lambda: rezip(docx(), {WORD_PART: os.urandom(5000)})),
    "slides: billion laughs": (
        "a.pptx",
        lambda: rezip(pptx(), {SLIDE: LAUGHS + "<p:sld>&a9;</p:sld>"}),
    ),
    "slides: 100,000 levels": (
        "a.pptx",
        lambda: rezip(pptx(), {SLIDE: "<a>" * DEEP + "</a>" * DEEP}),
    ),
    "slides: one part of 40 MB": ("a.pptx", lambda: rezip(pptx(), {SLIDE: b"0" * (40 * MIB)})),
    "slides: reads /dev/zero": (
        "a.pptx",
        lambda: rezip(pptx(), {SLIDE: external("dev/zero") + "<p:sld>&e;</p:sld>"}),
    ),
    "sheet: billion laughs": ("a.xlsx", lambda: sheet("<row><c><v>&a9;</v></c></row>", LAUGHS)),
    "sheet: laughs in its strings": (
        "a.xlsx",
        lambda: rezip(xlsx(), {STRINGS: LAUGHS + "<sst>&a9;</sst>"}),
    ),
    "sheet: one cell at the far corner": (
        "a.xlsx",
        lambda: sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    ),
    "sheet: a far cell in every row": (
        "a.xlsx",
        lambda: sheet(
            "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 9999))
        ),
    ),
    "sheet: claims the whole grid": (
        "a.xlsx",
        lambda: sheet('</sheetData><dimension ref="A1:XFD1048576"/><sheetData><row/>'),
    ),
    "sheet: one long text shown 10,000 times": ("a.xlsx", repeated_strings),
    "sheet: one part of 40 MB": ("a.xlsx", lambda: sheet(" " * (40 * MIB))),
    "pdf: a stream of 60 MB": ("a.pdf", lambda: pdf(stream=zeros(60 * MIB))),
    "pdf: ten million pages": ("a.pdf", lambda: pdf(count=10_000_000)),
    "pdf: pages that hold themselves": ("a.pdf", lambda: pdf(kids="2 0 R " * 1000, count=1000)),
    "pdf: one page 100,000 times": ("a.pdf", lambda: pdf(kids="4 0 R " * 100_000, count=100_000)),
    "pdf: nested arrays": ("a.pdf", lambda: b"%PDF-1.4\n1 0 obj " + b"[" * 1_000_000),
    "pdf: cut in half": ("a.pdf", lambda: pdf("x")[:200]),
    "pdf: noise": ("a.pdf", lambda: b"%PDF-1.7\n" + os.urandom(100_000)),
    "archive in archive in archive": ("a.zip", lambda: nested(5, 10)),
    "archive named as a document": ("a.docx", lambda: nested(2, 10)),
    "gzip of 20 MB": ("a.txt", lambda: b"\x1f\x8b\x08" + zeros(20 * MIB)),
    "page: 100,000 levels": ("a.html", lambda: "<div>" * 100_000 + "x"),
    "page: never closed": ("a.html", lambda: "<script>" + "<" * 2_000_000),
    "page: only open brackets": ("a.html", lambda: "<!--" * 60_000 + "<a " * 60_000),
    "page: entities": ("a.html", lambda: "&amp" * 300_000),
    "text: one line of 20 MB": ("a.txt", lambda: b"x" * (20 * MIB)),
    "text: binary": ("a.txt", lambda: b"MZ\0\0" * 1000),
    "old office": ("a.doc", lambda: b"\xd0\xcf\x11\xe0" + bytes(2000)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_gets_over_a_cap(tmp_path: Path, name: str) -> None:
    file, build = BOMBS[name]
    path = paperwork.write(tmp_path, file, build())
    started = time.monotonic()
    found = extract_text(path, seconds=SECONDS)
    assert time.monotonic() - started < SECONDS + 4
    assert len(found.text) <= MAX_CHARACTERS
    assert bool(found.text) != bool(found.problem)
    assert found.problem == "" or found.problem.endswith(".")
    assert "root:" not in found.text


def test_only_real_files_are_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        assert extract_text(path).problem == "Only files can be attached."
    assert extract_text(tmp_path / "none.txt").problem
    assert extract_text(paperwork.write(tmp_path, "a.txt", "")).problem.endswith("empty.")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "larger than 200 MB" in extract_text(path).problem


@pytest.mark.parametrize(
    "behaviour",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "held = []\nwhile True: held.append(bytearray(1 << 26))",
        "import sys\nwhile True: sys.stdout.write('x' * 65536)",
        "import os; os.abort()",
        "print('{}')",
    ],
)
def test_a_process_gone_wrong_is_ended_from_outside(tmp_path: Path, behaviour: str) -> None:
    """The control: without the limits inside, those outside still hold."""
    path = paperwork.write(tmp_path, "a.txt", "hello")
    started = time.monotonic()
    found = extract_text(path, seconds=0.3, command=[sys.executable, "-c", behaviour])
    assert time.monotonic() - started < 6
    assert found.text == ""
