"""The narrative behind the wind line: read, edited, taken back, written again, its history."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.chat.events import NarrativeChanged, TurnRefused, WindFinished
from app.chat.narrator import Part
from app.core.errors import ErrorInfo
from app.storage import messages, segments
from app.storage.segments import LedgerEntry
from app.ui.transcript.items import ItemId, OpenSegment


@pytest.fixture
def page(desk):
    """The page of a chat with two parts, opened by its line in the transcript."""
    chat = desk.chat("Trip", "Where?", "Lisbon.", "When?", "In May.")
    path = desk.db.read(lambda tx: messages.path(tx, chat.id)).result(5)

    def tell(tx):
        old = segments.add(tx, chat.id, path[0].id, path[1].id, "They chose Porto.")
        facts = (LedgerEntry("date", "12 May"),)
        one = segments.add(
            tx, chat.id, path[0].id, path[1].id, "They chose Lisbon.", ledger=facts,
            supersedes=[old.id],
        )  # fmt: skip
        two = segments.add(tx, chat.id, path[2].id, path[3].id, "They go in May.")
        return Part(one, (segments.get(tx, old.id),), True), Part(two, (), True)

    desk.told.parts = desk.db.write(tell).result(5)
    desk.window.current.open(chat.id)
    desk.settle()
    line = next(
        item
        for item in map(desk.window.transcript.item, map(ItemId, ("wind-2", "wind-3")))
        if item is not None
    )
    desk.window.transcript.requested.emit(OpenSegment(line.id))
    desk.settle()
    assert desk.window.pages.name == "narrative"
    return desk.window.pages.currentWidget()


def press(desk, card, label):
    found = next(b for b in card.findChildren(QPushButton) if b.text().startswith(label))
    desk.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def test_every_part_is_shown_with_its_facts_and_its_history(desk, page):
    one, two = page.cards
    assert (one.text.text(), two.text.text()) == ("They chose Lisbon.", "They go in May.")
    press(desk, one, "1 exact facts")
    press(desk, one, "An earlier version")
    shown = "\n".join(label.text() for label in one.findChildren(type(one.text)))
    assert "date: 12 May" in shown
    assert "They chose Porto." in shown


def test_a_part_is_edited_taken_back_and_written_again(desk, page):
    one, two = page.cards
    press(desk, one, "Edit")
    assert one.editing
    one.editor.selectAll()
    desk.qtbot.keyClicks(one.editor, "They chose Faro.")
    press(desk, one, "Save")
    press(desk, one, "Go back to the version before")
    press(desk, two, "Take it back")
    press(desk, two, "Write it again")
    chat = desk.window.current.conversation
    assert desk.told.asked == [
        ("edit", chat, one.id, "They chose Faro."),
        ("undo", chat, one.id),
        ("undo", chat, two.id),
        ("rewrite", chat, two.id),
    ]
    assert not two.again.isEnabled()


def test_an_edit_that_has_begun_survives_what_happens_meanwhile(desk, page):
    one = page.cards[0]
    press(desk, one, "Edit")
    desk.qtbot.keyClicks(one.editor, "More. ")
    chat = desk.window.current.conversation
    desk.told.parts = desk.told.parts[:1]
    desk.bridge.post(WindFinished(conversation=chat, segment=None))
    desk.settle()
    assert page.cards == [one]
    assert one.editing
    assert "More." in one.editor.toPlainText()


def test_an_edit_of_the_newest_part_survives_a_newer_one(desk, page):
    one, two = page.cards
    press(desk, two, "Edit")
    desk.qtbot.keyClicks(two.editor, "More. ")
    first, newest = desk.told.parts
    newer = Part(msgspec.structs.replace(newest.segment, id=newest.segment.id + 1), (), True)
    desk.told.parts = (first, msgspec.structs.replace(newest, can_undo=False), newer)
    chat = desk.window.current.conversation
    desk.bridge.post(WindFinished(conversation=chat, segment=newer.segment))
    desk.settle()
    assert page.cards[:2] == [one, two]
    assert len(page.cards) == 3
    assert two.editing
    assert "More." in two.editor.toPlainText()
    press(desk, two, "Cancel")
    assert not two.undo.isVisible()


def test_what_was_refused_is_said_on_the_page(desk, page):
    chat = desk.window.current.conversation
    error = ErrorInfo("invalid_request", "Take the newest part back first.")
    desk.bridge.post(TurnRefused(conversation=chat, text="", error=error))
    desk.settle()
    assert page.problem.isVisible()
    assert page.problem.text() == error.message
    desk.bridge.post(NarrativeChanged(conversation=chat, standing=()))
    desk.settle()
    assert not page.problem.isVisible()


def test_without_a_narrative_the_page_says_why(desk):
    chat = desk.chat("Tea", "Which?")
    desk.window.current.open(chat.id)
    desk.qtbot.keyClick(
        desk.window,
        Qt.Key.Key_I,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    desk.settle()
    page = desk.window.pages.currentWidget()
    assert page.cards == []
    assert "no narrative yet" in page.lead.text()
    desk.qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert desk.window.pages.name == ""
