"""Find in chat, and links that never open by themselves."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit, QPushButton

from app.ui.transcript import ItemId, OpenLink
from app.ui.transcript.overlays import LinkCard
from tests.ui.transcript.conftest import Hands, answered, said


def counts(hands: Hands) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    hands.view.found.connect(lambda at, many: seen.append((at, many)))
    return seen


def searched(hands: Hands, needle: str) -> None:
    hands.view.find_text(needle)
    hands.qtbot.waitUntil(lambda: not hands.view._search._timer.isActive())
    hands.settle()


def test_matches_are_counted_over_the_whole_conversation(hands: Hands) -> None:
    hands.show(*(answered(n, f"needle {n} and a **nee**dle") for n in range(150)))
    seen = counts(hands)
    searched(hands, "Needle")
    assert seen[-1][1] == 300


def test_next_and_previous_go_round_in_reading_order(hands: Hands) -> None:
    hands.show(*(answered(n, f"needle {n}\n\n" + "filler\n\n" * 30) for n in range(5)))
    hands.scroll(0)
    seen = counts(hands)
    searched(hands, "needle")
    assert seen[-1] == (1, 5)
    tops = []
    for _ in range(5):
        hands.view.find_next()
        hands.settle()
        tops.append(hands.view.top_item)
    assert seen[-1] == (1, 5)
    assert len(set(tops)) >= 4
    hands.view.find_previous()
    assert seen[-1] == (5, 5)


def test_a_match_is_brought_into_view_and_highlighted(hands: Hands) -> None:
    texts = ["filler\n\n" * 40] * 30
    texts[11] = "filler\n\n" * 30 + "|a|\n|-|\n\n" + "the `needle` here\n\n" + "filler\n\n" * 30
    hands.show(*(answered(n, text) for n, text in enumerate(texts)))
    searched(hands, "needle")
    row = hands.row(11)
    block = next(b for b in row.text_blocks() if "needle" in b.spoken)
    ranges, current = hands.view._search.highlights(row, block)
    assert ranges == [(4, 10)]
    assert current == 0
    y = hands.point(11, block, block.rect.center() - block.rect.topLeft()).y()
    assert 0 < y < hands.view.viewport().height()


LONG_LINE = f"{'x = 1; ' * 60}needle = 2"
LONG = {
    "code": "```py\n" + "filler\n" * 200 + "needle\n" + "filler\n" * 80 + "```",
    "a table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 90 + "|x|needle|\n" + "|c|d|\n" * 90,
    "a list": "- filler\n" * 20 + "- needle\n" + "- filler\n" * 20,
    "a line of code": f"```py\n{'filler' * 3}\n{LONG_LINE}\n```",
}


@pytest.mark.parametrize("name", LONG)
def test_a_match_far_down_its_block_is_brought_into_view(
    make_hands: Callable[..., Hands], name: str
) -> None:
    hands = make_hands(height=300)
    hands.show(*(answered(n, LONG[name] if n == 3 else "filler\n\n" * 9) for n in range(8)))
    searched(hands, "needle")
    parts = range(len(hands.view._list.rows_of(ItemId("3"))))
    blocks = ((part, block) for part in parts for block in hands.blocks(3, part))
    part, block = next((part, block) for part, block in blocks if "needle" in block.spoken)
    number = hands.blocks(3, part).index(block)
    (start, _), *_ = hands.view._search.ranges(block)
    point = hands.char_point(3, number, start, part)
    assert hands.view.viewport().rect().contains(point)
    left = hands.point(3, block, block.rect.topLeft() - block.rect.topLeft()).x()
    assert left <= point.x() < left + block.width


def test_formulas_and_markup_do_not_match(hands: Hands) -> None:
    hands.show(answered(1, r"a **bold** $\frac{x}{y}$ [name](https://frac.example)"))
    seen = counts(hands)
    searched(hands, "frac")
    assert seen[-1] == (0, 0)
    searched(hands, "bold")
    assert seen[-1] == (1, 1)


def test_streamed_text_is_searched_too(hands: Hands) -> None:
    hands.show(said(1, "needle"))
    seen = counts(hands)
    searched(hands, "needle")
    hands.view.begin_stream(answered(2, "", status="waiting"))
    hands.view.append("another needle")
    hands.settle()
    hands.qtbot.waitUntil(lambda: seen[-1] == (1, 2))


def test_ending_the_search_removes_the_highlights(hands: Hands) -> None:
    hands.show(answered(1, "needle"))
    searched(hands, "needle")
    hands.view.find_text("")
    row = hands.row(1)
    assert hands.view._search.highlights(row, row.text_blocks()[0]) == ([], None)


def card_of(hands: Hands) -> LinkCard:
    (card,) = hands.view.findChildren(LinkCard)
    return card


def test_a_link_shows_its_whole_address_before_anything_opens(hands: Hands) -> None:
    url = "https://example.com/" + "long/" * 40 + "?q=1"
    hands.show(answered(1, f"see [the page]({url})"))
    hands.click(hands.char_point(1, 0, 6))
    assert hands.requests == []
    card = card_of(hands)
    (address,) = card.findChildren(QPlainTextEdit)
    assert address.toPlainText() == url
    button = next(b for b in card.findChildren(QPushButton) if b.text() == "Open")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert hands.requests == [OpenLink(url)]


def test_letters_that_look_like_others_are_shown_encoded(hands: Hands) -> None:
    hands.show(answered(1, "[bank](https://pаypal.com/x)"))  # the first a is Cyrillic
    hands.click(hands.char_point(1, 0, 1))
    (address,) = card_of(hands).findChildren(QPlainTextEdit)
    assert "xn--" in address.toPlainText()
    card_of(hands).close()


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x"]
)
def test_other_links_are_only_words(hands: Hands, target: str) -> None:
    hands.show(answered(1, f"see [the page]({target})"))
    hands.click(hands.char_point(1, 0, 6))
    assert hands.view.findChildren(LinkCard) == []
    assert hands.requests == []


def test_hovering_shows_the_address(hands: Hands) -> None:
    hands.show(answered(1, "see [the page](https://example.com/a)"))
    hands.hover(hands.char_point(1, 0, 6))
    assert hands.view._address.isVisible()
    assert hands.view._address.text() == "https://example.com/a"
    hands.hover(hands.char_point(1, 0, 1))
    assert not hands.view._address.isVisible()


def test_links_are_reached_and_shown_with_the_keyboard(hands: Hands) -> None:
    hands.show(answered(1, "see [one](https://a.example/1) and [two](https://b.example/2)"))
    alt = Qt.KeyboardModifier.AltModifier
    hands.press(Qt.Key.Key_Down, alt)
    hands.press(Qt.Key.Key_Right, alt)
    hands.press(Qt.Key.Key_Right, alt)
    hands.press(Qt.Key.Key_Return)
    (address,) = card_of(hands).findChildren(QPlainTextEdit)
    assert address.toPlainText() == "https://b.example/2"
    button = next(b for b in card_of(hands).findChildren(QPushButton) if b.text() == "Open")
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert hands.requests == [OpenLink("https://b.example/2")]


def test_escape_closes_the_card_and_nothing_was_opened(hands: Hands) -> None:
    hands.show(answered(1, "see [one](https://a.example/1)"))
    hands.click(hands.char_point(1, 0, 5))
    card = card_of(hands)
    QTest.keyClick(card, Qt.Key.Key_Escape)
    hands.qtbot.waitUntil(lambda: not hands.view.findChildren(LinkCard))
    assert hands.requests == []
    assert hands.view.hasFocus()
