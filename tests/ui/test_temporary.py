"""A temporary chat is offered, marked, and takes no way to the disk."""

from PySide6.QtCore import Qt

from app.chat.events import TurnRefused
from app.core.errors import ErrorInfo
from app.core.ids import MessageId
from app.storage import conversations
from app.storage.database import is_temporary


def begin(desk):
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)


def write(desk, text):
    desk.qtbot.keyClicks(desk.window.composer.editor, text)
    desk.qtbot.keyClick(desk.window.composer.editor, Qt.Key.Key_Return)
    desk.settle()


def test_it_is_marked_before_and_after_its_first_message(desk):
    window = desk.window
    assert not window.header.temporary.isVisible()
    begin(desk)
    assert window.header.temporary.isVisible()
    assert "not kept" in window.composer.editor.placeholderText()
    assert "disk" in window.welcome.status.text()
    write(desk, "A secret")
    assert desk.passing_verbs.asked == [("start", "A secret")]
    assert desk.verbs.asked == []
    assert is_temporary(window.current.conversation)
    assert window.header.temporary.isVisible()
    window.current.open(None)
    assert not window.header.temporary.isVisible()


def test_it_stays_in_the_list_while_the_window_is_open_and_can_be_discarded(desk):
    begin(desk)
    write(desk, "A secret")
    chat = desk.window.current.conversation
    desk.window.sidebar.model.reload()
    desk.settle()
    assert desk.titles()[:2] == ["Temporary", "A secret"]
    view = desk.window.sidebar.list
    index = desk.window.sidebar.model.index(1)
    names = [each.text() for each in view.menu_for(index).actions()]
    assert names == ["Rename", "Discard"]
    view.setCurrentIndex(index)
    desk.qtbot.keyClick(view, Qt.Key.Key_Delete)
    desk.settle()
    assert "Temporary" not in desk.titles()
    assert desk.window.current.conversation is None
    assert desk.passing.read(conversations.count).result(5) == 0
    assert ("stop", chat) in desk.passing_verbs.asked


def test_nothing_of_it_is_in_any_file_when_the_window_is_closed(desk):
    begin(desk)
    write(desk, "A sEcReT message")
    desk.qtbot.keyClicks(desk.window.composer.editor, "A sEcReT draft")
    desk.window.drafts.save()
    error = ErrorInfo("storage", "The disk is full.")
    here = desk.window.current.conversation
    desk.bridge.post(TurnRefused(conversation=here, text="", error=error))  # nothing streams
    desk.settle()
    desk.window.composer.begin_edit(MessageId(1), "A sEcReT change")
    assert desk.window.composer.edit_note.isVisible()
    begin(desk)
    desk.qtbot.keyClicks(desk.window.composer.editor, "A sEcReT beginning")
    desk.window.close()
    desk.settle()
    files = [each for each in desk.memory.parent.rglob("*") if each.is_file()]
    assert desk.memory in files
    assert [each.name for each in files if b"sEcReT" in each.read_bytes()] == []
    window = desk.open()
    assert window.current.conversation is None
    assert window.composer.editor.toPlainText() == ""
