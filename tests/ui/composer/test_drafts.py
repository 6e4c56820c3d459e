"""A draft belongs to its chat and is never lost."""

from PySide6.QtCore import Qt

from app.chat.events import QueueChanged


def test_each_chat_keeps_its_own_draft(desk):
    one, two = desk.chat("One"), desk.chat("Two")
    editor = desk.window.composer.editor
    desk.window.current.open(one.id)
    desk.settle()
    desk.qtbot.keyClicks(editor, "for one")
    desk.window.current.open(two.id)
    desk.settle()
    assert editor.toPlainText() == ""
    desk.qtbot.keyClicks(editor, "for two")
    desk.window.current.open(one.id)
    desk.settle()
    assert editor.toPlainText() == "for one"
    assert desk.get(two.id).draft == "for two"


def test_a_draft_reaches_the_disk_while_one_writes(desk):
    chat = desk.chat("One")
    desk.window.current.open(chat.id)
    desk.settle()
    desk.qtbot.keyClicks(desk.window.composer.editor, "not sent")
    desk.qtbot.waitUntil(lambda: desk.get(chat.id).draft == "not sent", timeout=3000)


def test_a_sent_text_stays_a_draft_until_it_is_stored(desk):
    chat = desk.chat("One")
    desk.window.current.open(chat.id)
    desk.settle()
    editor = desk.window.composer.editor
    desk.qtbot.keyClicks(editor, "on its way")
    desk.window.drafts.save()
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.window.drafts.save()
    desk.settle()
    assert editor.toPlainText() == ""
    assert desk.get(chat.id).draft == "on its way"


def test_drafts_survive_a_restart(desk):
    chat = desk.chat("One")
    desk.qtbot.keyClicks(desk.window.composer.editor, "a new chat")
    desk.window.current.open(chat.id)
    desk.settle()
    desk.qtbot.keyClicks(desk.window.composer.editor, "an old chat")
    desk.window.close()
    window = desk.open()
    assert window.current.conversation == chat.id
    assert window.composer.editor.toPlainText() == "an old chat"
    window.current.open(None)
    assert window.composer.editor.toPlainText() == "a new chat"


def test_a_draft_stays_when_the_queue_of_its_chat_moves_on(desk):
    one, two = desk.chat("One"), desk.chat("Two")
    editor = desk.window.composer.editor
    desk.window.current.open(one.id)
    desk.settle()
    desk.qtbot.keyClicks(editor, "half")
    desk.window.current.open(two.id)
    desk.settle()
    desk.bridge.post(QueueChanged(conversation=one.id, waiting=(), held=False))
    desk.settle()
    desk.window.current.open(one.id)
    desk.settle()
    assert editor.toPlainText() == "half"


def test_what_is_written_while_a_new_chat_is_being_made_goes_with_it(desk):
    editor = desk.window.composer.editor
    desk.qtbot.keyClicks(editor, "first")
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.qtbot.keyClicks(editor, "second")
    desk.settle()
    assert desk.window.current.conversation is not None
    assert editor.toPlainText() == "second"
