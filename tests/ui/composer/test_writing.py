"""The composer under real keys: sending, breaking lines, growing, composing, stopping."""

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QInputMethodEvent

from app.chat.events import QueueChanged, TurnRefused
from app.core.errors import ErrorInfo
from app.storage import queued
from app.storage.queued import Queued, QueuedId


@pytest.fixture
def editor(desk):
    return desk.window.composer.editor


def press(desk, editor, key, held=Qt.KeyboardModifier.NoModifier):
    desk.qtbot.keyClick(editor, key, held)
    desk.settle()


def test_return_sends_and_opens_the_new_chat(desk, editor):
    desk.qtbot.keyClicks(editor, "Hello there")
    press(desk, editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == [("start", "Hello there")]
    assert desk.window.current.conversation is not None
    assert editor.toPlainText() == ""


def test_shift_return_breaks_the_line(desk, editor):
    desk.qtbot.keyClicks(editor, "one")
    press(desk, editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    desk.qtbot.keyClicks(editor, "two")
    assert editor.toPlainText() == "one\ntwo"
    assert desk.verbs.asked == []


def test_the_other_way_round_as_an_option(desk, editor):
    desk.window._return_sends.trigger()
    desk.qtbot.keyClicks(editor, "one")
    press(desk, editor, Qt.Key.Key_Return)
    assert (editor.toPlainText(), desk.verbs.asked) == ("one\n", [])
    press(desk, editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert desk.verbs.asked == [("start", "one\n")]


def test_nothing_is_sent_from_an_empty_editor(desk, editor):
    desk.qtbot.keyClicks(editor, "   ")
    press(desk, editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == []
    assert not desk.window.composer.send_button.isEnabled()


def test_return_belongs_to_the_input_method_while_it_composes(desk, editor):
    QCoreApplication.sendEvent(editor, QInputMethodEvent("にほ", []))
    press(desk, editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == []
    commit = QInputMethodEvent()
    commit.setCommitString("日本")
    QCoreApplication.sendEvent(editor, commit)
    editor.selectAll()
    editor.insertPlainText("日本")
    press(desk, editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == [("start", "日本")]


def test_it_grows_to_eight_lines_and_then_scrolls(desk, editor):
    heights = []
    for _ in range(12):
        heights.append(editor.height())
        press(desk, editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert heights[:8] == sorted(set(heights[:8]))
    assert len(set(heights[7:])) == 1


def test_stop_stands_where_send_was_while_a_reply_streams(desk, editor):
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.settle()
    reply = desk.begin_reply(chat.id)
    button = desk.window.composer.send_button
    assert button.accessibleName().startswith("Stop")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    press(desk, editor, Qt.Key.Key_Escape)
    assert desk.verbs.asked == [("stop", chat.id), ("stop", chat.id)]
    desk.end_reply(reply, "Green.")
    assert button.accessibleName().startswith("Send")


def test_a_message_written_meanwhile_is_queued_and_can_be_changed_or_removed(desk, editor):
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.begin_reply(chat.id)
    desk.qtbot.keyClicks(editor, "And then?")
    press(desk, editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == [("send", chat.id, "And then?")]
    waiting = (Queued(QueuedId(7), "And then?"), Queued(QueuedId(8), "Later"))
    desk.bridge.post(QueueChanged(conversation=chat.id, waiting=waiting, held=True))
    desk.settle()
    queue = desk.window.composer.queue
    assert queue.isVisible()
    first, second = queue.rows
    desk.qtbot.mouseClick(first.edit, Qt.MouseButton.LeftButton)
    first.editor.clear()
    desk.qtbot.keyClicks(first.editor, "And now?")
    desk.qtbot.keyClick(first.editor, Qt.Key.Key_Return)
    desk.qtbot.mouseClick(second.remove, Qt.MouseButton.LeftButton)
    desk.qtbot.mouseClick(queue.send, Qt.MouseButton.LeftButton)
    assert desk.verbs.asked[1:] == [
        ("edit_waiting", chat.id, 7, "And now?"),
        ("remove_waiting", chat.id, 8),
        ("send_waiting", chat.id),
    ]


def test_up_in_an_empty_editor_brings_the_last_message_back_for_a_change(desk, editor):
    chat = desk.chat("Tea", "Which tea?", "Green.")
    desk.window.current.open(chat.id)
    desk.settle()
    press(desk, editor, Qt.Key.Key_Up)
    assert editor.toPlainText() == "Which tea?"
    desk.qtbot.keyClicks(editor, " Now.")
    press(desk, editor, Qt.Key.Key_Return)
    ((verb, conversation, _, text),) = desk.verbs.asked
    assert (verb, conversation, text) == ("edit", chat.id, "Which tea? Now.")


def test_escape_gives_up_an_edit_and_the_draft_comes_back(desk, editor):
    chat = desk.chat("Tea", "Which tea?", "Green.")
    desk.window.current.open(chat.id)
    desk.settle()
    press(desk, editor, Qt.Key.Key_Up)
    press(desk, editor, Qt.Key.Key_Escape)
    assert editor.toPlainText() == ""
    assert not desk.window.composer.edit_note.isVisible()


def test_a_refused_text_goes_back_to_where_it_was_written(desk, editor):
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.settle()
    desk.qtbot.keyClicks(editor, "Try")
    press(desk, editor, Qt.Key.Key_Return)
    error = ErrorInfo("storage", "The disk is full. Free some space.")
    desk.bridge.post(TurnRefused(conversation=chat.id, text="Try", error=error))
    desk.settle()
    assert editor.toPlainText() == "Try"
    assert desk.window.notes.text == "The disk is full. Free some space."


def test_what_waits_is_shown_when_its_chat_is_opened_again(desk, editor):
    chat = desk.chat("Tea", "Which tea?")
    desk.db.write(lambda tx: queued.add(tx, chat.id, "And then?\nMore")).result(5)
    desk.window.current.open(chat.id)
    desk.settle()
    queue = desk.window.composer.queue
    assert queue.isVisible()
    assert queue.send.isVisible()
    (row,) = queue.rows
    desk.qtbot.mouseClick(row.edit, Qt.MouseButton.LeftButton)
    desk.qtbot.keyClick(row.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    desk.qtbot.keyClicks(row.editor, "and more")
    desk.qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == [
        ("edit_waiting", chat.id, row.queued.id, "And then?\nMore\nand more")
    ]


def test_a_change_to_a_waiting_message_survives_the_queue_moving_on(desk, editor):
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.begin_reply(chat.id)
    one, two = Queued(QueuedId(7), "one"), Queued(QueuedId(8), "two")
    desk.bridge.post(QueueChanged(conversation=chat.id, waiting=(one, two), held=False))
    desk.settle()
    queue = desk.window.composer.queue
    desk.qtbot.mouseClick(queue.rows[1].edit, Qt.MouseButton.LeftButton)
    desk.qtbot.keyClicks(queue.rows[1].editor, " changed")
    desk.bridge.post(QueueChanged(conversation=chat.id, waiting=(two,), held=False))
    desk.settle()
    (row,) = queue.rows
    assert row.editing
    assert row.editor.toPlainText() == "two changed"


def test_a_suggestion_can_be_taken_back(desk):
    editor = desk.window.composer.editor
    desk.qtbot.keyClicks(editor, "half a thought")
    desk.window.welcome.chosen.emit("Write a haiku")
    assert editor.toPlainText() == "Write a haiku"
    editor.undo()
    assert editor.toPlainText() == "half a thought"


@pytest.fixture
def changing(desk, editor):
    """A row whose message is being changed, in a chat where a reply streams."""
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.begin_reply(chat.id)
    desk.qtbot.keyClicks(editor, "next")
    one = Queued(QueuedId(7), "one")
    desk.bridge.post(QueueChanged(conversation=chat.id, waiting=(one,), held=False))
    desk.settle()
    (row,) = desk.window.composer.queue.rows
    desk.qtbot.mouseClick(row.edit, Qt.MouseButton.LeftButton)
    desk.qtbot.keyClicks(row.editor, " changed")
    return row


def queue_is_empty(desk, chat):
    desk.bridge.post(QueueChanged(conversation=chat, waiting=(), held=False))
    desk.settle()


def test_a_change_to_a_message_sent_meanwhile_comes_back(desk, editor, changing):
    queue_is_empty(desk, desk.window.current.conversation)
    assert editor.toPlainText() == "one changed\n\nnext"
    assert editor.hasFocus()


def test_a_change_to_a_waiting_message_stays_in_its_chat(desk, editor, changing):
    here, other = desk.window.current.conversation, desk.chat("Coffee", "Why?")
    desk.window.current.open(other.id)
    desk.settle()
    assert editor.toPlainText() == ""
    desk.window.current.open(here)
    desk.settle()
    assert editor.toPlainText() == "one changed\n\nnext"


def test_the_focus_stays_where_it_was_taken(desk, editor, changing):
    desk.window.sidebar.list.setFocus()
    queue_is_empty(desk, desk.window.current.conversation)
    assert editor.toPlainText() == "one changed\n\nnext"
    assert desk.window.sidebar.list.hasFocus()


def test_of_a_message_that_was_removed_or_left_as_it_was_nothing_comes_back(desk, editor, changing):
    here = desk.window.current.conversation
    desk.qtbot.mouseClick(changing.remove, Qt.MouseButton.LeftButton)
    queue_is_empty(desk, here)
    assert editor.toPlainText() == "next"
    two = Queued(QueuedId(8), "two")
    desk.bridge.post(QueueChanged(conversation=here, waiting=(two,), held=False))
    desk.settle()
    (row,) = desk.window.composer.queue.rows
    desk.qtbot.mouseClick(row.edit, Qt.MouseButton.LeftButton)
    queue_is_empty(desk, here)
    assert editor.toPlainText() == "next"
