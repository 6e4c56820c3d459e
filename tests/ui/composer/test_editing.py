"""A change of a sent message stays one until it is stored: it is never sent as a new message."""

import pytest
from PySide6.QtCore import Qt

from app.chat.events import TurnRefused
from app.core.errors import ErrorInfo
from app.storage import messages

BUSY = ErrorInfo("invalid_request", "Wait for the reply to end.")


@pytest.fixture
def tea(desk):
    chat = desk.chat("Tea", "Which tea?", "Green.")
    desk.window.current.open(chat.id)
    desk.settle()
    return chat


def press(desk, key):
    desk.qtbot.keyClick(desk.window.composer.editor, key)
    desk.settle()


def question_of(desk, chat):
    return desk.db.read(lambda tx: messages.path(tx, chat.id)[0].id).result(5)


def change_and_send(desk):
    press(desk, Qt.Key.Key_Up)
    desk.qtbot.keyClicks(desk.window.composer.editor, " Now.")
    press(desk, Qt.Key.Key_Return)


def assert_editing(desk, text):
    assert desk.window.composer.editor.toPlainText() == text
    assert desk.window.composer.edit_note.isVisible()


def test_a_refused_change_comes_back_as_that_change(desk, tea):
    question = question_of(desk, tea)
    change_and_send(desk)
    desk.bridge.post(
        TurnRefused(conversation=tea.id, text="Which tea? Now.", error=BUSY, question=question)
    )
    desk.settle()
    assert_editing(desk, "Which tea? Now.")
    press(desk, Qt.Key.Key_Return)
    assert desk.verbs.asked == [("edit", tea.id, question, "Which tea? Now.")] * 2


def test_a_change_refused_behind_ones_back_waits_in_its_chat(desk, tea):
    question = question_of(desk, tea)
    change_and_send(desk)
    desk.window.current.open(desk.chat("Other").id)
    desk.settle()
    desk.bridge.post(
        TurnRefused(conversation=tea.id, text="Which tea? Now.", error=BUSY, question=question)
    )
    desk.settle()
    assert desk.window.composer.editor.toPlainText() == ""
    desk.window.current.open(tea.id)
    desk.settle()
    assert_editing(desk, "Which tea? Now.")


def test_a_change_is_kept_while_one_looks_at_another_chat(desk, tea):
    editor = desk.window.composer.editor
    other = desk.chat("Other")
    desk.qtbot.keyClicks(editor, "a draft")
    desk.window.requests.edit_last()
    desk.qtbot.keyClicks(editor, " Now.")
    desk.window.current.open(other.id)
    desk.settle()
    assert editor.toPlainText() == ""
    assert not desk.window.composer.edit_note.isVisible()
    desk.window.current.open(tea.id)
    desk.settle()
    assert_editing(desk, "Which tea? Now.")
    press(desk, Qt.Key.Key_Escape)
    assert editor.toPlainText() == "a draft"


def test_a_change_survives_a_restart(desk, tea):
    question = question_of(desk, tea)
    press(desk, Qt.Key.Key_Up)
    desk.qtbot.keyClicks(desk.window.composer.editor, " Now.")
    desk.window.close()
    desk.open()
    assert_editing(desk, "Which tea? Now.")
    press(desk, Qt.Key.Key_Return)
    assert desk.verbs.asked == [("edit", tea.id, question, "Which tea? Now.")]


def test_a_message_refused_meanwhile_does_not_end_up_in_the_change(desk, tea):
    desk.qtbot.keyClicks(desk.window.composer.editor, "And then?")
    press(desk, Qt.Key.Key_Return)
    desk.end_reply(desk.begin_reply(tea.id), "Green.")
    press(desk, Qt.Key.Key_Up)
    desk.bridge.post(TurnRefused(conversation=tea.id, text="And then?", error=BUSY))
    desk.settle()
    assert_editing(desk, "Which tea?")
    press(desk, Qt.Key.Key_Escape)
    assert desk.window.composer.editor.toPlainText() == "And then?"


def test_a_file_that_cannot_be_read_holds_back_its_message_but_no_change(desk, tea):
    composer = desk.window.composer
    composer.attaching.attach(["/nowhere/broken.pdf"])
    change_and_send(desk)
    assert desk.verbs.asked == [("edit", tea.id, question_of(desk, tea), "Which tea? Now.")]
    desk.end_reply(desk.begin_reply(tea.id), "Green.")
    assert composer.attaching.chips.isVisible()
    assert not composer.send_button.isEnabled()


def test_a_change_sent_right_after_stop_goes_when_the_reply_has_ended(desk, tea):
    question = question_of(desk, tea)
    reply = desk.begin_reply(tea.id)
    press(desk, Qt.Key.Key_Escape)
    change_and_send(desk)
    assert desk.verbs.asked == [("stop", tea.id)]
    assert_editing(desk, "Which tea? Now.")
    desk.end_reply(reply, "Gre")
    assert desk.verbs.asked[1:] == [("edit", tea.id, question, "Which tea? Now.")]
    assert not desk.window.composer.edit_note.isVisible()


def test_a_reply_that_nobody_stopped_is_not_changed_under(desk, tea):
    desk.begin_reply(tea.id)
    press(desk, Qt.Key.Key_Up)
    assert not desk.window.composer.edit_note.isVisible()
    assert "Wait for the reply to end" in desk.window.notes.text


def test_a_reply_that_begins_while_one_changes_a_message_leaves_the_change(desk, tea):
    press(desk, Qt.Key.Key_Up)
    desk.begin_reply(tea.id)
    press(desk, Qt.Key.Key_Return)
    assert desk.verbs.asked == []
    assert_editing(desk, "Which tea?")
