"""What screen readers are told: a list of messages, and the reply as it is written."""

import gc
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface

from app.ui.theme import LIGHT
from app.ui.transcript import ItemId, Transcript, WindItem
from app.ui.transcript import accessible as accessible_module
from tests.ui.transcript.conftest import Hands, answered, said


def interface(hands: Hands) -> QAccessibleInterface:
    found = QAccessible.queryAccessibleInterface(hands.view)
    assert found is not None
    return found


def name(thing: QAccessibleInterface) -> str:
    return thing.text(QAccessible.Text.Name)


def test_the_conversation_is_a_list_of_messages(hands: Hands) -> None:
    hands.show(
        said(1, "question"), answered(2, "the answer"), WindItem(id=ItemId("w"), label="42 earlier")
    )
    tree = interface(hands)
    assert tree.role() == QAccessible.Role.List
    assert name(tree) == "Conversation"
    children = [tree.child(n) for n in range(tree.childCount())]
    assert [name(child) for child in children] == [
        "You: question",
        "Assistant: the answer",
        "42 earlier",
    ]
    assert {child.role() for child in children} == {QAccessible.Role.ListItem}
    assert [tree.indexOfChild(child) for child in children] == [0, 1, 2]
    assert tree.child(3) is None


def test_a_child_is_found_where_it_is_shown(hands: Hands) -> None:
    hands.show(said(1, "question"), answered(2, "the answer"))
    tree = interface(hands)
    rect = tree.child(1).rect()
    found = tree.childAt(rect.center().x(), rect.center().y())
    assert name(found) == "Assistant: the answer"
    assert not tree.child(1).state().offscreen


def test_messages_out_of_sight_say_so(hands: Hands) -> None:
    hands.show(*(answered(n, "text\n\n" * 20) for n in range(30)))
    tree = interface(hands)
    assert tree.child(0).state().offscreen
    assert not tree.child(29).state().offscreen


def test_the_keyboard_focus_is_told(hands: Hands) -> None:
    hands.show(said(1, "question"), answered(2, "the answer"))
    hands.press(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    tree = interface(hands)
    assert [tree.child(n).state().focused for n in range(2)] == [False, True]
    hands.press(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [tree.child(n).state().focused for n in range(2)] == [True, False]


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said_: list[str] = []

    def note(event: object) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            said_.append(event.message())

    monkeypatch.setattr(accessible_module.QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(accessible_module.QAccessible, "updateAccessibility", note)
    return said_


def test_a_streaming_reply_is_announced_by_sentences(hands: Hands, announced: list[str]) -> None:
    hands.show(said(1, "go"))
    hands.view.begin_stream(answered(2, "", status="waiting"))
    for piece in ("First sen", "tence. Sec", "ond one. And the re"):
        hands.view.append(piece)
        hands.settle()
    assert announced == ["First sentence.", "Second one."]
    hands.view.finish(answered(2, "First sentence. Second one. And the rest"))
    assert announced[-1] == "And the rest"


def test_copying_is_announced(hands: Hands, announced: list[str]) -> None:
    hands.show(answered(1, "text"))
    hands.click_spot(1, "Copy message")
    assert announced == ["Copied"]


def test_interfaces_outlive_their_widgets_without_harm(qtbot: object) -> None:
    for number in range(25):
        view = Transcript(LIGHT)
        view.set_items([said(n, f"m{n}") for n in range(5)])
        tree = QAccessible.queryAccessibleInterface(view)
        assert tree is not None
        assert name(tree.child(2)) == "You: m2"
        view.shutdown()
        if number % 2:
            view.deleteLater()
        del view, tree
        gc.collect()


def test_every_spot_has_a_name(make_hands: Callable[..., Hands]) -> None:
    hands = make_hands()
    hands.show(answered(1, "text\n\n```py\nx\n```", reasoning="r", version=2, versions=3))
    assert all(hands.spots(1))


def test_a_reply_that_goes_on_is_not_read_again(hands: Hands, announced: list[str]) -> None:
    hands.view.begin_stream(answered(2, "Old words. "))
    hands.view.append("New ones. ")
    hands.settle()
    assert announced == ["New ones."]
