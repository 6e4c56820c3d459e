"""Themes, sizes and scripts: what is on the screen follows them while it is open."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage

from app.ui.theme import DARK, LIGHT, theme
from app.ui.transcript import ItemId
from app.ui.transcript.capped import SHOW_ANYWAY
from app.ui.transcript.formulas import drawable
from app.ui.transcript.prose import Prose
from tests.ui.transcript.conftest import Hands, answered, said
from tests.ui.transcript.texts import EXAMPLES


def ground(hands: Hands) -> str:
    return hands.view.grab().toImage().pixelColor(3, 3).name()


def test_the_theme_switches_while_a_conversation_is_open(hands: Hands) -> None:
    hands.show(said(1, "q"), answered(2, "text **bold** `code` $x$\n\n```py\nimport os\n```"))
    assert ground(hands) == LIGHT.colors.window
    hands.view.set_theme(DARK)
    hands.settle()
    assert ground(hands) == DARK.colors.window
    block = hands.blocks(2)[0]
    assert block.document is not None
    colours = {
        f.format.foreground().color().name() for f in block.document.firstBlock().textFormats()
    }
    assert DARK.colors.text in colours
    assert LIGHT.colors.text not in colours


def test_a_theme_switch_keeps_the_place(hands: Hands) -> None:
    hands.show(*(answered(n, "text\n\n" * 20) for n in range(30)))
    hands.scroll(2_000)
    hands.settle()
    top = hands.view.top_item
    hands.view.set_theme(DARK)
    hands.settle()
    assert hands.view.top_item == top


def test_larger_text_makes_everything_larger(hands: Hands) -> None:
    hands.show(answered(1, EXAMPLES["table"] + "\n\n```py\nx\n```\n\nwords " * 1))
    before = hands.row(1).height
    hands.view.set_theme(theme("light", points=LIGHT.points * 1.5))
    hands.settle()
    assert 1.3 < hands.row(1).height / before < 1.7


@pytest.mark.parametrize("width", [320, 480, 720, 1_600])
def test_nothing_is_wider_than_the_column(make_hands: Callable[..., Hands], width: int) -> None:
    hands = make_hands(theme("light", points=LIGHT.points * 1.5), width, 600)
    for text in EXAMPLES.values():
        hands.show(said(1, text), answered(2, text, version=2, versions=3, reasoning="r"))
        for item in (1, 2):
            row = hands.row(item)
            for block in row.blocks:
                assert block.left >= -1
                assert block.left + block.width <= hands.view._list.column + 1
                assert all(s.rect.right() <= block.width + 1 for s in block.spots())


@pytest.mark.parametrize(
    "text",
    [
        "שלום `code` 12.5% — mixed English",
        "ascii `code` more",
        "naïve `code` שלום עולם",
        "مرحبا **بالعالم** `code` x",
    ],
)
def test_the_ground_of_inline_code_lies_under_it(hands: Hands, text: str) -> None:
    hands.show(answered(1, text))
    (block,) = hands.blocks(1)
    assert isinstance(block, Prose)
    assert block.document is not None
    (piece,) = (piece for piece in block.written.pieces if piece.span.kind == "code")
    boxes = block._code_boxes
    assert boxes
    for box in boxes:
        for share in (0.2, 0.5, 0.8):
            point = box.topLeft() + QPointF(box.width() * share, box.height() / 2)
            at = block.document.documentLayout().hitTest(point, Qt.HitTestAccuracy.FuzzyHit)
            assert piece.start <= at <= piece.end


def test_right_to_left_paragraphs_start_at_the_right(hands: Hands) -> None:
    hands.show(answered(1, "שלום עולם"))
    document = hands.blocks(1)[0].document
    assert document is not None
    assert document.firstBlock().textDirection() == Qt.LayoutDirection.RightToLeft
    line = document.firstBlock().layout().lineAt(0)
    assert line.naturalTextRect().right() > hands.view._list.column - 5


def test_formulas_are_pictures_on_the_line(hands: Hands) -> None:
    hands.show(answered(1, r"so $E=mc^2$ holds"))
    document = hands.blocks(1)[0].document
    assert document is not None
    assert document.toRawText() == "so \ufffc holds"
    assert hands.view.grab().toImage().pixelColor(3, 3) == QColor(LIGHT.colors.window)


def test_a_formula_that_cannot_be_drawn_shows_its_tex(hands: Hands) -> None:
    hands.show(answered(1, r"so $\nosuchcommand{$ and $" + "{" * 9 + "x" + "}" * 9 + "$ hold"))
    assert "nosuchcommand" in hands.text(1)
    assert "{{{{{{{{{x" in hands.text(1)


@pytest.mark.parametrize(
    "tex", ["", " ", "{" * 8 + "}" * 8, "x" * 1_001, r"\frac{1}{" * 8 + "}" * 8, "x_1" * 200]
)
def test_formulas_past_the_caps_are_not_drawn(tex: str) -> None:
    assert not drawable(tex)


def test_the_bar_of_a_quote_goes_on_through_a_block_whose_formula_was_drawn(hands: Hands) -> None:
    long = "words of a quoted paragraph " * 12
    hands.show(answered(1, f"> {long}\n>\n> and $x_1 + 1$ {long}\n>\n> {long}"))
    blocks = hands.blocks(1)
    assert len(blocks) == 3
    assert [block.shared_quotes for block in blocks] == [0, 1, 1]


@pytest.mark.parametrize("after", ["", "\n\n" + "[" * 700], ids=["words", "past the caps"])
def test_stacked_marks_stay_out_of_the_messages_around(hands: Hands, after: str) -> None:
    def above(text: str) -> QImage:
        hands.view.set_items([answered(1, "A line above"), said(2, "One")])
        hands.view._opened[ItemId("3")] = {SHOW_ANYWAY}
        hands.view.append_item(answered(3, text + after))
        hands.scroll(0)
        hands.settle()
        top = hands.view._list.heights.top(2)
        whole = hands.view.grab().toImage()
        return whole.copy(0, 0, whole.width() - 14, int(top))

    assert above("Z" + "\u0301\u030d\u0308" * 40) == above("Z")
