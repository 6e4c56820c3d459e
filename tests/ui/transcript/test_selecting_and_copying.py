"""Selecting with the mouse and the keyboard, and what lands on the clipboard."""

import subprocess
import sys

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest

from tests.ui.transcript.conftest import Hands, answered, said

CTRL = Qt.KeyboardModifier.ControlModifier


def test_a_drag_across_messages_selects_from_character_to_character(hands: Hands) -> None:
    hands.show(said(1, "hello **bold** world"), answered(2, "first para\n\nlast para"))
    hands.drag(hands.char_point(1, 0, 6), hands.char_point(2, 0, 15))
    assert hands.copied() == "bold world\n\nfirst para\n\nlast"


def test_a_drag_backwards_selects_the_same(hands: Hands) -> None:
    hands.show(said(1, "hello world"), answered(2, "answer here"))
    hands.drag(hands.char_point(2, 0, 6), hands.char_point(1, 0, 6))
    assert hands.copied() == "world\n\nanswer"


def test_a_double_click_selects_a_word_and_a_triple_click_the_paragraph(hands: Hands) -> None:
    hands.show(answered(1, "one two three\n\nfour"))
    point = hands.char_point(1, 0, 5)
    hands.click(point, double=True)
    assert hands.copied() == "two"
    hands.click(point)
    assert hands.copied() == "one two three"


def test_select_all_reaches_messages_that_were_never_laid_out(hands: Hands) -> None:
    hands.show(*(answered(n, f"message **number** {n}") for n in range(300)))
    hands.press(Qt.Key.Key_A, CTRL)
    copied = hands.copied()
    assert copied.startswith("message number 0\n\nmessage number 1\n\n")
    assert copied.endswith("message number 299")
    assert copied.count("message number") == 300


def test_formulas_are_copied_as_tex(hands: Hands) -> None:
    hands.show(answered(1, r"so $E=mc^2$ and" + "\n\n$$\n\\frac{a}{b}\n$$"))
    hands.press(Qt.Key.Key_A, CTRL)
    assert hands.copied() == "so $E=mc^2$ and\n\n$$\n\\frac{a}{b}\n$$"


def test_lists_are_copied_with_their_markers(hands: Hands) -> None:
    source = "1. one\n   - inner\n   - more\n2. two\n\n- [x] done\n- [ ] open"
    hands.show(answered(1, source))
    hands.press(Qt.Key.Key_A, CTRL)
    assert hands.copied() == source


def test_a_table_is_copied_as_tsv_and_as_markdown(hands: Hands) -> None:
    hands.show(answered(1, "| a | b |\n|---|---:|\n| 1 | **2** |"))
    hands.press(Qt.Key.Key_A, CTRL)
    assert hands.copied() == "a\tb\n1\t2"
    markdown = QGuiApplication.clipboard().mimeData().data("text/markdown").data().decode()
    assert markdown == "| a | b |\n| --- | ---: |\n| 1 | **2** |"


def test_quotes_code_and_headings_are_copied_as_markdown(hands: Hands) -> None:
    source = "## Title\n\n> said **so**\n\n```py\nx = 1\n```\n\n[here](https://a.b/c) and `code`"
    hands.show(answered(1, source))
    hands.press(Qt.Key.Key_A, CTRL)
    hands.copied()
    markdown = QGuiApplication.clipboard().mimeData().data("text/markdown").data().decode()
    assert markdown == source


def test_the_copy_button_of_a_code_card_copies_all_of_the_code(hands: Hands) -> None:
    code = "\n".join(f"line {n}" for n in range(900))
    hands.show(answered(1, f"```\n{code}\n```"))
    hands.scroll(0)
    hands.click_spot(1, "Copy code")
    assert QGuiApplication.clipboard().text() == code


def test_copying_a_message_copies_its_source(hands: Hands) -> None:
    hands.show(answered(1, "some **source** $x$"))
    hands.click_spot(1, "Copy message")
    assert QGuiApplication.clipboard().text() == "some **source** $x$"


def test_a_click_ends_a_selection_and_escape_does(hands: Hands) -> None:
    hands.show(answered(1, "some words here"))
    hands.drag(hands.char_point(1, 0, 0), hands.char_point(1, 0, 4))
    assert hands.view.selected_text() == "some"
    hands.click(hands.char_point(1, 0, 6))
    assert hands.view.selected_text() == ""
    hands.drag(hands.char_point(1, 0, 0), hands.char_point(1, 0, 4))
    hands.press(Qt.Key.Key_Escape)
    assert hands.view.selected_text() == ""


def test_a_selection_survives_an_older_page_put_above(hands: Hands) -> None:
    hands.show(answered(1, "some words here"))
    hands.drag(hands.char_point(1, 0, 5), hands.char_point(1, 0, 10))
    hands.view.prepend_items([said(0, "older")])
    hands.settle()
    assert hands.view.selected_text() == "words"


def test_dragging_below_the_viewport_scrolls_and_goes_on_selecting(hands: Hands) -> None:
    hands.show(*(answered(n, f"message {n}") for n in range(60)))
    hands.scroll(0)
    view = hands.view
    start = hands.char_point(0, 0, 0)
    port = view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    below = QPoint(start.x(), port.height() + 120)
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        QPointF(below),
        QPointF(port.mapToGlobal(below)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QGuiApplication.sendEvent(port, move)
    hands.qtbot.waitUntil(lambda: view.verticalScrollBar().value() > 300)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=below)
    assert view.selected_text().count("message") > 5


def test_positions_count_utf16_units(hands: Hands) -> None:
    hands.show(answered(1, "😀😀 **words** 中文"))
    hands.drag(hands.char_point(1, 0, 2), hands.char_point(1, 0, 10))
    assert hands.view.selected_text() == "😀 words"


def test_a_process_that_copied_ends_without_a_crash() -> None:
    script = """
from PySide6.QtWidgets import QApplication
from app.ui.theme import LIGHT
from app.ui.transcript import ItemId, MessageItem, Transcript
app = QApplication([])
view = Transcript(LIGHT)
view.set_items([MessageItem(id=ItemId("1"), role="assistant", text="text")])
view.asked.emit(view._list.rows[0].blocks[-1].spots()[0].deed)
assert app.clipboard().text() == "text"
view.shutdown()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
