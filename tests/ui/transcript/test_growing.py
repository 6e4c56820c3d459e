"""A text that grows on the screen looks, at every moment, as if it had always been there."""

import re
import threading
import time

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from app.ui.throttle import Throttle
from app.ui.transcript import ItemId, MessageItem
from app.ui.transcript.formulas import Ask, Typesetter
from app.ui.transcript.streaming import Stream
from tests.ui.transcript.conftest import Hands, answered, said
from tests.ui.transcript.test_streaming_text import LONG_BLOCKS
from tests.ui.transcript.texts import EXAMPLES

PLAIN = "Words of a paragraph that is longer than a line of the column, "
GROWS = {
    "paragraph": f"{PLAIN * 5}with **bold** and `code` in `it` and a [link](https://a.b).\n\nEnd.",
    "a paragraph becomes a heading": f"{PLAIN * 2}\n======\n\nText",
    "a paragraph becomes a table": "a | b\n--|--\n1 | 2\n\nText",
    "prose around code": f"{PLAIN}\n\n```py\ndef f():\n    return 1\n```\n\n{PLAIN * 3}\n\n- a",
    "a formula becomes words": "Short.\n\n$$x + y + zz$$ and more words",
    "quotes": f"> {PLAIN * 2}\n>\n> - item\n\n{PLAIN}",
    **{name: EXAMPLES[name] for name in ("nested list", "task list", "table", "rtl", "mixed")},
}


def picture(hands: Hands) -> QImage:
    return hands.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def on_the_screen(hands: Hands) -> QImage:
    shown = hands.view.screen().grabWindow(hands.view.winId()).toImage()
    return shown.convertToFormat(QImage.Format.Format_RGB32)


def without_scroll_bar(hands: Hands, image: QImage) -> QImage:
    return image.copy(hands.view.viewport().geometry().adjusted(0, 0, -14, 0))


def grow(hands: Hands, source: str, step: int):
    """The text in pieces, each of them painted."""
    hands.show(said(1, "go"))
    hands.view.begin_stream(answered(2, "", status="waiting"))
    for piece in re.findall(rf".{{1,{step}}}", source, flags=re.DOTALL):
        hands.view.append(piece)
        hands.view.show_now()
        QGuiApplication.processEvents()
        yield piece


@pytest.mark.parametrize("name", [*GROWS, "code", "a table", "a late loose list"])
def test_what_grew_is_painted_as_what_was_built_at_once(hands: Hands, name: str) -> None:
    source = GROWS.get(name) or LONG_BLOCKS[name][:600]
    for number, _ in enumerate(grow(hands, source, 11)):
        if number % 3 and len(source) > 100:
            continue
        hands.settle()
        partly, wholly = on_the_screen(hands), picture(hands)
        assert without_scroll_bar(hands, partly) == without_scroll_bar(hands, wholly)
        row = hands.row(2)
        height, row_blocks = row.height, len(row.blocks)
        row.drop()
        hands.view._show_stream()
        hands.settle()
        assert (hands.row(2).height, len(hands.row(2).blocks)) == (height, row_blocks)
        assert without_scroll_bar(hands, picture(hands)) == without_scroll_bar(hands, wholly)


@pytest.mark.parametrize("name", ["code", "a table", "a tight list"])
def test_a_block_that_grows_is_not_written_anew(hands: Hands, name: str) -> None:
    seen: list[object] = []
    for _ in grow(hands, LONG_BLOCKS[name], 23):
        blocks = hands.view._list.rows[-1].text_blocks()
        if blocks and (not seen or blocks[-1] is not seen[-1]):
            seen.append(blocks[-1])
    assert len(seen) <= 5


def test_a_long_reply_costs_no_more_at_its_end(hands: Hands) -> None:
    part = f"## Part\n\n{PLAIN * 3}\n\n```py\nx = [1, 2]\n```\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n"
    costs: list[float] = []
    started = time.thread_time()
    for _ in grow(hands, part * 180, 160):
        now = time.thread_time()
        costs.append(now - started)
        started = time.thread_time()
    first, last = sorted(costs[20:100]), sorted(costs[-80:])
    assert len(part * 180) > 40_000
    assert last[40] < 1.6 * first[40]


def test_formulas_that_are_being_drawn_do_not_hold_up_the_text(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_draw = threading.Event()
    draw = Typesetter._draw

    def held(typesetter: Typesetter, ask: Ask) -> None:
        may_draw.wait(20)
        draw(typesetter, ask)

    monkeypatch.setattr(Typesetter, "_draw", held)
    source = "".join(f"so $x_{{{n}}}^2$ and\n" for n in range(40))
    seen: set[object] = set()
    for _ in grow(hands, source, 9):
        seen.update(hands.view._list.rows[-1].text_blocks())
    assert len(seen) == 1
    may_draw.set()
    hands.settle()
    (block,) = hands.blocks(2)
    assert not block.written.pending
    assert hands.text(2).count("\N{OBJECT REPLACEMENT CHARACTER}") == 40


def test_short_blocks_are_finished_though_the_last_line_never_is() -> None:
    stream = Stream()
    source = "".join(f"Paragraph {n}.\n\n" for n in range(80))
    for start in range(0, len(source), 21):
        stream.feed(source[start : start + 21])
        stream.groups()
        assert len(stream._tail) < 80


def test_lines_of_streaming_code_can_be_wrapped(hands: Hands) -> None:
    for _ in grow(hands, "```py\nx = '" + "long " * 60 + "'\ny = 2\n", 40):
        pass
    assert hands.blocks(2)[0].overflow > 0
    hands.click_spot(2, "Wrap long lines")
    hands.settle()
    assert hands.blocks(2)[0].overflow == 0
    assert "y = 2" in hands.text(2)


def test_the_theme_changes_while_a_reply_streams(hands: Hands) -> None:
    from app.ui.theme import DARK

    for _ in grow(hands, f"{PLAIN}\n\n```py\nx = 1\n```\n\n{PLAIN}", 40):
        pass
    hands.view.set_theme(DARK)
    hands.view.append("more")
    hands.settle()
    assert all(block.look.theme is DARK for block in hands.row(2).blocks)


def test_nothing_is_parsed_when_nothing_came() -> None:
    stream = Stream("A paragraph.\n\nAnd | a | row\n")
    assert stream.groups() is stream.groups()
    stream.feed("| held")  # a line that is held back changes nothing yet
    shown = stream.groups()
    stream.feed(" back")
    assert stream.groups() is shown


def test_a_dear_repaint_takes_a_quarter_of_the_time(hands: Hands) -> None:
    ran = 0

    def dear() -> None:
        nonlocal ran
        ran += 1
        until = time.thread_time() + 0.03
        while time.thread_time() < until:
            pass

    throttle = Throttle(dear, 5, hands.view)
    until = time.monotonic() + 0.6
    while time.monotonic() < until:
        throttle.request()
        QTest.qWait(2)
    throttle.cancel()
    assert 1 <= ran <= 6


def test_reasoning_and_answer_grow_in_their_places(hands: Hands) -> None:
    hands.show(said(1, "go"))
    item = MessageItem(id=ItemId("2"), role="assistant", status="waiting")
    hands.view._opened.setdefault(item.id, set()).add("reasoning")
    hands.view.begin_stream(item)
    for number in range(12):
        hands.view.append_reasoning(f"Thought {number} is a thought. {PLAIN}\n\n")
        hands.view.show_now()
    for number in range(12):
        hands.view.append(f"Line {number}. {PLAIN}\n\n")
        hands.view.append_reasoning("late ")
        hands.view.show_now()
    hands.settle()
    tops = [block.top for block in hands.row(2).blocks]
    assert tops == sorted(tops)
    wholly = picture(hands)
    hands.row(2).drop()
    hands.view._show_stream()
    hands.settle()
    assert tops == [block.top for block in hands.row(2).blocks]
    assert picture(hands) == wholly


class Paints(QObject):
    seen = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.seen += event.type() == QEvent.Type.Paint
        return False


def test_what_streams_out_of_sight_paints_nothing(hands: Hands) -> None:
    hands.show(*(answered(n, f"{PLAIN * 4}\n\n" * 5) for n in range(12)))
    hands.view.begin_stream(answered(99, "", status="waiting"))
    hands.scroll(300)
    hands.settle()
    paints = Paints()
    hands.view.viewport().installEventFilter(paints)
    for _ in range(5):
        hands.view.append(PLAIN)
        hands.view.show_now()
        QGuiApplication.processEvents()
    assert paints.seen == 0
    assert not hands.view.following
    hands.view.scroll_to_end()
    hands.settle()
    assert paints.seen
    assert PLAIN.strip() in hands.text(99)
