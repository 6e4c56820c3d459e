"""What a message offers: actions by mouse and keyboard, versions, folds, notices, the wind line."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from app.ui.transcript import (
    Branch,
    Carried,
    Continue,
    Delete,
    Edit,
    ItemId,
    MessageItem,
    OpenSegment,
    Quote,
    Regenerate,
    Request,
    SaveCode,
    Stats,
    SwitchVersion,
    ToolCard,
    WindItem,
)
from tests.ui.transcript.conftest import Hands, answered, said

ONE = ItemId("1")
ALT = Qt.KeyboardModifier.AltModifier


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("Regenerate", Regenerate(ONE)),
        ("Branch", Branch(ONE)),
        ("Delete", Delete(ONE)),
        ("Previous version", SwitchVersion(ONE, -1)),
        ("Next version", SwitchVersion(ONE, 1)),
    ],
)
def test_each_action_is_one_click(hands: Hands, name: str, request_: Request) -> None:
    hands.show(answered(1, "answer", version=2, versions=3))
    hands.click_spot(1, name)
    assert hands.requests == [request_]


def test_the_first_version_has_none_before_it(hands: Hands) -> None:
    hands.show(answered(1, "answer", version=1, versions=2))
    hands.click_spot(1, "Previous version")
    assert hands.requests == []


def test_users_messages_are_not_regenerated(hands: Hands) -> None:
    hands.show(said(1, "question"))
    assert "Regenerate" not in hands.spots(1)
    assert "Edit" in hands.spots(1)


def test_a_users_message_is_edited(hands: Hands) -> None:
    hands.show(said(1, "question"))
    hands.click_spot(1, "Edit")
    assert hands.requests == [Edit(ONE)]


def test_only_the_last_message_can_be_continued(hands: Hands) -> None:
    hands.show(answered(1, "ans", status="stopped"))
    assert "Continue" in hands.spots(1)
    hands.view.append_item(said(2, "next"))
    hands.settle()
    assert "Continue" not in hands.spots(1)


def test_a_live_message_offers_nothing_yet(hands: Hands) -> None:
    hands.show(said(1, "go"))
    hands.view.begin_stream(answered(2, "", status="waiting"))
    hands.view.append("some text")
    hands.settle()
    assert hands.spots(2) == []
    hands.view.finish(answered(2, "some text"))
    assert "Regenerate" in hands.spots(2)


def test_reasoning_is_folded_with_its_duration(hands: Hands) -> None:
    hands.show(answered(1, "answer", reasoning="first thought", reasoning_ms=12_400))
    assert any(name.startswith("Thought for 12 s, closed") for name in hands.spots(1))
    assert "first thought" not in spoken(hands)
    hands.click_spot(1, "Thought for")
    hands.settle()
    assert "first thought" in spoken(hands)
    hands.click_spot(1, "Thought for")
    hands.settle()
    assert "first thought" not in spoken(hands)


def test_reasoning_streams_into_its_open_fold(hands: Hands) -> None:
    hands.show(said(0, "go"))
    hands.view.begin_stream(answered(1, "", status="waiting"))
    hands.view.append_reasoning("Let me")
    hands.settle()
    hands.click_spot(1, "Thinking")
    hands.view.append_reasoning(" think **hard**.")
    hands.settle()
    assert "Let me think hard." in spoken(hands)
    hands.view.append("Answer.")
    hands.settle()
    assert "Answer." in spoken(hands)


def test_recalled_passages_and_tools_open(hands: Hands) -> None:
    hands.show(
        answered(
            1,
            "answer",
            quotes=(Quote("an old fact", "You, in May"),),
            tools=(ToolCard("search", '{"q": 1}', "three hits", "done"),),
        )
    )
    hands.click_spot(1, "Recalled an earlier passage")
    hands.click_spot(1, "search · done")
    hands.settle()
    for words in ("an old fact", "You, in May", '{"q": 1}', "three hits"):
        assert words in spoken(hands)


def test_attachments_are_named_above_the_words(hands: Hands) -> None:
    carried = (Carried("a.pdf", "12 tokens"), Carried("b.png", picture=True))
    hands.show(MessageItem(id=ONE, role="user", text="look", attachments=carried))
    assert "Attached: a.pdf, 12 tokens" in spoken(hands)
    assert "Attached: b.png" in spoken(hands)


def test_reading_the_prompt_shows_how_far_it_is(hands: Hands) -> None:
    hands.show(said(0, "go"))
    hands.view.begin_stream(answered(1, "", status="waiting"))
    assert "Waiting" in spoken(hands)
    hands.view.update_item(
        answered(1, "", status="reading", read_tokens=3_000, prompt_tokens=12_000)
    )
    hands.settle()
    assert "Reading 3,000 of 12,000 tokens" in spoken(hands)


def test_a_failure_says_why_and_offers_another_try(hands: Hands) -> None:
    hands.show(answered(1, "", status="failed", note="Out of memory."))
    assert "Out of memory." in spoken(hands)
    hands.click_spot(1, "Try again")
    assert hands.requests == [Regenerate(ONE)]


def test_a_stopped_reply_can_go_on(hands: Hands) -> None:
    hands.show(answered(1, "half a", status="stopped"))
    hands.click_spot(1, "Continue")
    assert hands.requests == [Continue(ONE)]


def test_figures_are_one_line() -> None:
    stats = Stats(412, 38.24, 420, prompt_tokens=12_040, reused_tokens=11_980)
    assert stats.line == "412 tokens · 38.2 tok/s · first token 0.4 s · reused 11,980 of 12,040"
    assert Stats().line == ""


def test_the_wind_line_opens_the_narrative(hands: Hands) -> None:
    hands.show(WindItem(id=ONE, label="42 earlier messages"), answered(2, "x"))
    hands.click_spot(1, "42 earlier messages")
    assert hands.requests == [OpenSegment(ONE)]


def test_code_can_be_saved_wrapped_and_shown_whole(hands: Hands) -> None:
    code = "\n".join(f"line {n} " + "long " * 60 for n in range(400))
    hands.show(answered(1, f"```py\n{code}\n```"))
    hands.scroll(0)
    hands.click_spot(1, "Save code")
    assert hands.requests == [SaveCode(code, "py")]
    card = hands.blocks(1)[0]
    assert card.overflow > 0
    hands.click_spot(1, "Wrap long lines")
    hands.settle()
    assert hands.blocks(1)[0].overflow == 0
    assert "line 399" not in hands.text(1)
    hands.view.scroll_to_end()
    hands.settle()
    hands.click_spot(1, "Show 100 more lines")
    hands.settle()
    assert "line 399" in hands.text(1)


def test_the_keyboard_reaches_everything(hands: Hands) -> None:
    hands.show(answered(1, "text\n\n```py\nx = 1\n```"), said(2, "last"))
    hands.press(Qt.Key.Key_Up, ALT)
    hands.press(Qt.Key.Key_Up, ALT)
    seen: set[str] = set()
    for _ in range(12):
        hands.press(Qt.Key.Key_Right, ALT)
        focus = hands.view._keys.focus
        assert focus is not None
        assert focus.item == "1"
        seen.add(type(focus.deed).__name__)
    assert {"NoneType", "CopyText", "SaveCode", "Toggle", "CopyMessage", "Regenerate"} <= seen
    assert hands.view._keys.focus.deed == Delete(ONE)  # pyright: ignore
    hands.press(Qt.Key.Key_Return)
    assert hands.requests == [Delete(ONE)]


def test_copying_without_a_selection_copies_what_has_the_keyboard(hands: Hands) -> None:
    hands.show(answered(1, "text *here*\n\n```py\nx = 1\n```"))
    hands.press(Qt.Key.Key_Down, ALT)
    assert hands.copied() == "text *here*\n\n```py\nx = 1\n```"
    hands.press(Qt.Key.Key_Right, ALT)
    assert hands.copied() == "x = 1"


def test_the_context_menu_names_the_same_actions(
    hands: Hands, expect_log: Callable[[str], None]
) -> None:
    expect_log("This plugin does not support")
    hands.show(answered(1, "some words", version=2, versions=2))
    hands.press(Qt.Key.Key_Down, ALT)
    hands.press(Qt.Key.Key_Menu)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == [
        "Copy message as Markdown",
        "Copy message as text",
        "Regenerate",
        "Branch from here",
        "Previous version",
        "Delete",
    ]
    menu.actions()[words.index("Copy message as text")].trigger()
    menu.close()
    assert QGuiApplication.clipboard().text() == "some words"


def spoken(hands: Hands) -> str:
    """Everything item 1 shows, in words."""
    return "\n".join(block.spoken for block in hands.row(1).blocks)
