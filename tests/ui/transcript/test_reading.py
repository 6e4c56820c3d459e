"""The reader's place: streaming, paging upward, the end, the jump to a message."""

import re

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.ui.transcript import ItemId
from tests.ui.transcript.conftest import Hands, answered, said

PARAGRAPH = "Some **words** that fill a line or two of the column, and then some more of them. " * 4


def conversation(count: int, start: int = 0) -> list:
    return [
        (said if n % 2 else answered)(n, f"Message {n}. {PARAGRAPH}\n\n- a\n- b")
        for n in range(start, start + count)
    ]


def screen_y(hands: Hands, item: int) -> float:
    index = hands.view._list.rows_of(ItemId(str(item))).start
    return hands.view._surface.row_corner(index).y()


def test_a_conversation_opens_at_its_end(hands: Hands) -> None:
    hands.show(*conversation(40))
    bar = hands.view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    assert hands.view.following
    last = hands.view._surface.row_rect(39)
    assert last.bottom() <= hands.view.viewport().height()


def test_only_rows_near_the_viewport_are_laid_out(hands: Hands) -> None:
    hands.show(*conversation(2_000))
    assert sum(row.built for row in hands.view._list.rows) < 60


def test_the_end_is_followed_while_text_streams(hands: Hands) -> None:
    hands.show(*conversation(10))
    hands.view.begin_stream(answered(99, "", status="waiting"))
    for _ in range(40):
        hands.view.append("More words of the answer.\n\n")
    hands.settle()
    bar = hands.view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert hands.text(99).count("More words") == 40
    hands.view.finish(answered(99, "Done."))
    hands.settle()
    assert hands.text(99) == "Done."
    assert bar.value() == bar.maximum()


def test_a_reader_who_scrolled_up_stays_there_while_text_streams(hands: Hands) -> None:
    hands.show(*conversation(20))
    hands.scroll(700)
    hands.settle()
    top = hands.view.top_item
    assert top is not None
    before = screen_y(hands, int(top))
    hands.view.begin_stream(answered(99, "", status="waiting"))
    for _ in range(40):
        hands.view.append("More words of the answer.\n\n")
        hands.view._repaint.flush()
    hands.settle()
    assert not hands.view.following
    assert abs(screen_y(hands, int(top)) - before) < 1


def test_newest_is_offered_away_from_the_end_and_goes_there(hands: Hands) -> None:
    hands.show(*conversation(20))
    button = hands.view._newest
    assert not button.isVisible()
    hands.scroll(100)
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert hands.view.following
    assert not button.isVisible()


def test_home_and_end(hands: Hands) -> None:
    hands.show(*conversation(20))
    hands.press(Qt.Key.Key_Home)
    assert hands.view.verticalScrollBar().value() == 0
    hands.press(Qt.Key.Key_End)
    assert hands.view.following


def test_reaching_the_top_asks_for_an_older_page_which_comes_without_a_jump(hands: Hands) -> None:
    hands.show(*conversation(20, start=100))
    asked: list[bool] = []
    hands.view.reached_top.connect(lambda: asked.append(True))
    hands.scroll(50)
    hands.settle()
    assert asked
    before = screen_y(hands, 100)
    hands.view.prepend_items(conversation(50, start=50))
    assert abs(screen_y(hands, 100) - before) < 1
    hands.settle()
    assert abs(screen_y(hands, 100) - before) < 1
    assert hands.view.verticalScrollBar().value() > 1_000


def test_a_page_that_does_not_fill_the_screen_asks_for_the_next(hands: Hands) -> None:
    asked: list[bool] = []
    hands.view.reached_top.connect(lambda: asked.append(True))
    hands.show(said(5, "short"))
    assert asked == [True]
    hands.view.prepend_items(conversation(3))
    assert len(asked) <= 2
    hands.view.prepend_items([])
    assert len(asked) <= 2


def test_scrolling_up_through_estimates_never_jumps(hands: Hands) -> None:
    hands.show(*conversation(120))
    bar = hands.view.verticalScrollBar()
    for _ in range(60):
        top = hands.view.top_item
        assert top is not None
        before, value = screen_y(hands, int(top)), bar.value()
        hands.scroll(value - 90)
        assert abs(screen_y(hands, int(top)) - before - 90) <= 1.5
    hands.settle()


def test_scroll_to_a_message(hands: Hands) -> None:
    hands.show(*conversation(200))
    hands.view.scroll_to(ItemId("57"))
    hands.settle()
    assert abs(screen_y(hands, 57) - 16) < 1
    assert hands.view.top_item == "57"


def test_a_resize_keeps_the_top_message(hands: Hands) -> None:
    hands.show(*conversation(60))
    hands.view.scroll_to(ItemId("30"))
    hands.settle()
    hands.view.resize(500, 500)
    hands.settle()
    assert hands.view.top_item == "30"


def test_replacing_and_removing_messages(hands: Hands) -> None:
    items = conversation(12)
    hands.show(*items)
    hands.view.update_item(replace(items[11], text="changed"))
    hands.settle()
    assert hands.text(11) == "changed"
    hands.view.remove_item(ItemId("11"))
    hands.view.remove_item(ItemId("0"))
    hands.settle()
    assert [row.key.item for row in hands.view._list.rows] == [str(n) for n in range(1, 11)]
    for n in range(1, 11):
        hands.view.remove_item(ItemId(str(n)))
    hands.settle()
    assert not hands.view.grab().isNull()


def test_a_very_long_message_is_laid_out_in_part_only(hands: Hands) -> None:
    text = "\n\n".join(f"Paragraph {n}. {PARAGRAPH}" for n in range(800))
    hands.show(said(1, "short"), answered(2, text))
    rows = hands.view._list.rows
    assert len(rows) > 20
    assert sum(row.built for row in rows) < 8
    hands.press(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert hands.view.selected_text("markdown").count("Paragraph ") == 800


def test_streaming_repaints_at_most_thirty_times_a_second(hands: Hands) -> None:
    hands.show(said(1, "go"))
    hands.view.begin_stream(answered(2, "", status="waiting"))
    painted = 0
    paint = hands.view._show_stream

    def counted() -> None:
        nonlocal painted
        painted += 1
        paint()

    hands.view._repaint._action = counted
    started = hands.view._repaint._ran_at
    for _ in range(120):
        hands.view.append("word ")
        QTest.qWait(2)
    hands.settle()
    seconds = hands.view._repaint._ran_at - started if started else 0.0
    assert painted >= 3
    assert seconds == 0.0 or painted <= seconds * 31 + 2


def test_a_long_reply_can_be_continued_where_it_is(hands: Hands) -> None:
    text = "\n\n".join(f"Paragraph {n}. {PARAGRAPH}" for n in range(60))
    hands.show(said(1, "go"), answered(2, text))
    assert len(hands.view._list.rows) > 2
    hands.view.begin_stream(answered(2, text, status="streaming"))
    hands.view.append("\n\nand on")
    hands.settle()
    assert len(hands.view._list.rows) == 2
    assert hands.text(2).endswith("and on")
    hands.view.finish(answered(2, f"{text}\n\nand on"))
    hands.settle()
    assert len(hands.view._list.rows) > 2


def test_what_is_moved_while_streaming_is_what_would_be_painted(hands: Hands) -> None:
    hands.show(*conversation(6))
    view = hands.view
    view.begin_stream(answered(99, "", status="waiting"))
    source = "Words **more**.\n\n- a list\n- of `two`\n\n```py\nx = 1\n```\n\n| a |\n|-|\n| b |\n\n"
    for piece in re.findall(r".{1,9}", source * 3, flags=re.DOTALL):
        view.append(piece)
        view._repaint.flush()
        QGuiApplication.processEvents()
    hands.settle()
    shown = view.screen().grabWindow(view.winId()).toImage()
    painted = view.grab().toImage().convertToFormat(shown.format())
    area = view.viewport().geometry().adjusted(0, 0, -14, 0)
    assert shown.copy(area) == painted.copy(area)
