"""Text written to hurt: nothing crashes, stalls, is fetched or is lost, whatever a model says."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFont, QGuiApplication, QImage, QTextDocument

from app.ui.theme import DARK
from app.ui.transcript.document import Document
from tests.ui.transcript.conftest import Hands, answered, said
from tests.ui.transcript.texts import EXAMPLES

STALL_S = 0.2
QUICK, SLOW = 200, 1_200

_PIECES = [
    "*", "**", "_", "`", "```", "~~~", "~~", "[", "](", ")", "![", "![a](file:///dev/zero)",
    "$", "$$", "\\(", "\\)", "\\[", "\\]", "\\frac{", "}", "{", "^", "\\begin{align}",
    "|", "|-|-|\n", "\n", "\n\n", "    ", "\t", "> ", "- ", "1. ", "# ", "---\n", "<", "</div>",
    "<img src='file:///etc/passwd'>", "<style>@import url(file:///etc/passwd)</style>", "&#0;",
    "&nbsp;", "\\", "\u202e", "\u200f", "\u0000", "\ufffc", "\ufdd0", "\u2029", "\r", "😀",
    "e\u0301", "天", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\ud800", "[^1]", "[^1]: x\n",
    "[a]: b\n", "word ", "x" * 300, "https://a.b/", "\x1b[31m", "\u0300" * 40, "a b c d e f ",
]  # fmt: skip

_SHAPES: list[Callable[[int], str]] = [
    lambda n: "[" * n,
    lambda n: "*a " * n,
    lambda n: "> " * n + "x",
    lambda n: "- " * n + "x",
    lambda n: "\n".join("  " * k + "- x" for k in range(min(n, 300))),
    lambda n: "`" * n,
    lambda n: "".join("`" * k + " " for k in range(min(n, 200))),
    lambda n: "|a" * n + "|\n" + "|-" * n + "|\n" + "|x" * n + "|",
    lambda n: "|a|\n|-|\n" + "|x|\n" * n,
    lambda n: "x" * n * 10,
    lambda n: "word " * n * 5,
    lambda n: "$" + "{" * n + "}" * n + "$",
    lambda n: "$" + "\\frac{1}{" * min(n, 6) + "x" + "}" * min(n, 6) + "$",
    lambda n: "$$" + "\\sqrt{" * n + "x" + "}" * n + "$$",
    lambda n: "![a](" * n,
    lambda n: "[a](b" * n,
    lambda n: "<div>" * n,
    lambda n: "&amp;" * n,
    lambda n: "```\n" + "x" * n * 10 + "\n```",
    lambda n: "```python\n" + '"' * n + "\n```",
    lambda n: "```json\n" + "[" * n + "\n```",
    lambda n: "\\begin{a}\n" * n,
    lambda n: "$$\n" * n,
    lambda n: "[^1]" * n + "\n\n[^1]: x",
    lambda n: "\u0300" * n,
    lambda n: "\u202e" * n + "x",
    lambda n: "\n" * n,
    lambda n: "# " * n,
    lambda n: "1. " * n,
    lambda n: "a\n===\n" * n,
    lambda n: "~" * n + "a" + "~" * n,
    lambda n: "https://a.b/" + "(" * n,
]


def corpus(count: int, seed: int) -> Iterator[str]:
    dice = random.Random(seed)
    for number in range(count):
        shape = _SHAPES[number % len(_SHAPES)]
        match number % 3:
            case 0:
                yield shape(dice.choice([1, 7, 60, 400, 2_000]))
            case 1:
                yield "".join(dice.choices(_PIECES, k=dice.choice([5, 40, 300])))
            case _:
                source = dice.choice(list(EXAMPLES.values())) * dice.randint(1, 4)
                at = dice.randrange(len(source))
                yield source[:at] + dice.choice(_PIECES) + source[at + dice.randint(0, 5) :]


def longest_stall(hands: Hands, text: str) -> float:
    """The longest single piece of work on the main thread while the text is shown.

    Processor time of this thread: what else the machine does is not our stall.
    """
    view = hands.view
    started = time.thread_time()
    view.set_items([said(0, "q"), answered(1, text)])
    QGuiApplication.processEvents()
    longest = time.thread_time() - started
    deadline = time.monotonic() + 5
    while (view._errands.busy or view._idle.isActive()) and time.monotonic() < deadline:
        started = time.thread_time()
        QGuiApplication.processEvents()
        longest = max(longest, time.thread_time() - started)
        time.sleep(0.0005)
    return longest


def run(hands: Hands, count: int, seed: int) -> None:
    hands.show(answered(0, "$x$\n\n```py\nx\n```\n\n```json\n1\n```"))  # imports are not a stall
    slow: list[tuple[float, str]] = []
    for text in corpus(count, seed):
        took = longest_stall(hands, text)
        if took > STALL_S:
            took = min(took, longest_stall(hands, text))  # a collection of garbage is not it
        if took > STALL_S:
            slow.append((round(took, 3), f"{text[:60]!r}… {len(text)}"))
    assert not slow


@pytest.mark.timeout(120)
def test_hostile_text_neither_crashes_nor_stalls(hands: Hands, no_loading: list[str]) -> None:
    run(hands, QUICK, seed=1)
    assert no_loading == []


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_much_hostile_text_neither_crashes_nor_stalls(hands: Hands, no_loading: list[str]) -> None:
    run(hands, SLOW, seed=2)
    assert no_loading == []


@pytest.fixture
def no_loading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every resource a document asked for and every connection that was tried."""
    asked: list[str] = []
    load = Document.loadResource

    def noted(self: Document, kind: int, name: QUrl | str) -> object:
        shown = name if isinstance(name, str) else name.toString()
        if not shown.startswith("formula:"):
            asked.append(shown)
        return load(self, kind, name)

    def connected(*args: object) -> None:
        asked.append(str(args))

    monkeypatch.setattr(Document, "loadResource", noted)
    monkeypatch.setattr(socket.socket, "connect", connected)
    return asked


@pytest.mark.parametrize(
    "source",
    [
        "![x]({path})",
        "![x](file://{path})",
        '<img src="{path}">',
        "<style>@import url({path})</style>",
        "[x]({path})",
        '<body background="{path}">',
    ],
)
def test_no_file_named_by_a_text_is_opened(
    hands: Hands, no_loading: list[str], tmp_path: Path, source: str
) -> None:
    picture = QImage(64, 64, QImage.Format.Format_RGB32)
    picture.fill(0xFFFF0000)
    path = tmp_path / "red.png"
    assert picture.save(str(path))
    hands.show(answered(1, source.format(path=path)))
    assert no_loading == []
    assert not _has_red(hands.view.grab().toImage())


def test_a_document_that_is_told_to_load_gets_a_blank(tmp_path: Path) -> None:
    picture = QImage(64, 64, QImage.Format.Format_RGB32)
    picture.fill(0xFFFF0000)
    path = tmp_path / "red.png"
    assert picture.save(str(path))
    markup = f'<img src="{path}"><style>@import url({path})</style>'
    ours, theirs = Document(QFont()), QTextDocument()
    for document in (ours, theirs):
        document.setHtml(markup)
    kind = QTextDocument.ResourceType.ImageResource.value
    assert ours.resource(kind, QUrl(str(path))).size().width() == 1
    # The control: Qt's own document does read the file.
    assert theirs.resource(kind, QUrl(str(path))).size().width() == 64


def test_past_the_caps_an_excerpt_is_shown_and_all_of_it_on_request(hands: Hands) -> None:
    text = "start " + "x" * 60_000 + " end"
    hands.show(answered(1, text))
    assert len(hands.text(1)) < 2_000
    hands.click_spot(1, "Show anyway")
    hands.settle()
    shown = "".join(row.text for row in hands.view._list.rows)
    assert shown == text


def test_deep_nesting_is_shown_anyway_on_request(hands: Hands) -> None:
    hands.show(answered(1, "> " * 100 + "deep"))
    assert "deep" in hands.text(1)
    assert "Show anyway" not in hands.spots(1)
    hands.show(answered(1, "> " * 2_000 + "deep"))
    assert "deep" not in hands.text(1)
    hands.click_spot(1, "Show anyway")
    hands.settle()
    assert "deep" in hands.text(1)
    assert "Show anyway" not in hands.spots(1)


def test_everything_can_be_painted_in_the_dark(make_hands: Callable[..., Hands]) -> None:
    hands = make_hands(DARK, 500, 2_400)
    for text in EXAMPLES.values():
        hands.show(said(0, text), answered(1, text))
        assert not hands.view.grab().isNull()


def _has_red(image: QImage) -> bool:
    return any(
        image.pixelColor(x, y).red() > 200 and image.pixelColor(x, y).green() < 40
        for x in range(0, image.width(), 4)
        for y in range(0, image.height(), 4)
    )
