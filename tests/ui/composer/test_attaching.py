"""Pasted and dropped things become chips with their tokens."""

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication

from app.chat.events import TurnRefused
from app.core.errors import ErrorInfo


def paste(desk, data):
    QApplication.clipboard().setMimeData(data)
    desk.window.composer.editor.paste()
    desk.settle()


def names(desk):
    return [each.name for each in desk.window.composer.attaching.chips.attachments]


def test_a_short_text_is_pasted_as_text(desk):
    data = QMimeData()
    data.setText("short")
    paste(desk, data)
    assert desk.window.composer.editor.toPlainText() == "short"
    assert names(desk) == []


def test_a_long_text_is_offered_as_an_attachment_and_can_be_text_again(desk):
    data = QMimeData()
    data.setText("word " * 2000)
    paste(desk, data)
    composer = desk.window.composer
    assert composer.editor.toPlainText() == ""
    (chip,) = composer.attaching.chips.chips
    assert "2,500 tokens" in chip.accessibleName()
    desk.qtbot.mouseClick(chip.inline, Qt.MouseButton.LeftButton)
    assert names(desk) == []
    assert composer.editor.toPlainText().startswith("word word")


def test_files_and_images_are_attached_and_sent_with_the_text(desk):
    files, picture = QMimeData(), QMimeData()
    files.setUrls([QUrl.fromLocalFile("/tmp/report.pdf"), QUrl("https://example.org/x")])
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(0)
    picture.setImageData(image)
    paste(desk, files)
    paste(desk, picture)
    assert names(desk) == ["report.pdf", "Pasted image"]
    desk.qtbot.keyClicks(desk.window.composer.editor, "Read")
    desk.qtbot.keyClick(desk.window.composer.editor, Qt.Key.Key_Return)
    ((verb, text, report, image),) = desk.verbs.asked
    assert (verb, text) == ("start", "Read")
    assert (report.name, image.mime) == ("report.pdf", "image/png")
    assert image.data.startswith(b"\x89PNG")
    assert names(desk) == []


def test_a_file_dropped_on_the_composer_is_attached(desk):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/notes.md")])
    where = QPointF(40, 30)
    held = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, data, *held)
    QApplication.sendEvent(desk.window.composer, enter)
    event = QDropEvent(
        where,
        Qt.DropAction.CopyAction,
        data,
        *held,
    )
    QApplication.sendEvent(desk.window.composer, event)
    desk.settle()
    assert names(desk) == ["notes.md"]


def test_what_cannot_be_read_says_why_and_holds_the_message_back(desk):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/broken.pdf")])
    paste(desk, data)
    composer = desk.window.composer
    desk.qtbot.keyClicks(composer.editor, "Read")
    desk.qtbot.keyClick(composer.editor, Qt.Key.Key_Return)
    assert desk.verbs.asked == []
    assert not composer.send_button.isEnabled()
    assert composer.attaching.chips._remarks.text().endswith("Choose another file.")
    desk.qtbot.mouseClick(composer.attaching.chips.chips[0].remove, Qt.MouseButton.LeftButton)
    assert composer.send_button.isEnabled()


def test_each_chat_keeps_what_is_attached_to_its_unsent_message(desk):
    chat = desk.chat("Tea")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/report.pdf")])
    paste(desk, data)
    desk.window.current.open(chat.id)
    desk.settle()
    assert names(desk) == []
    desk.window.current.open(None)
    desk.settle()
    assert names(desk) == ["report.pdf"]


def test_a_refused_message_brings_its_attachments_back(desk):
    chat = desk.chat("Tea", "Which?")
    desk.window.current.open(chat.id)
    desk.settle()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/report.pdf")])
    paste(desk, data)
    desk.qtbot.keyClicks(desk.window.composer.editor, "Read")
    desk.qtbot.keyClick(desk.window.composer.editor, Qt.Key.Key_Return)
    assert names(desk) == []
    error = ErrorInfo("storage", "The disk is full. Free some space.")
    desk.bridge.post(TurnRefused(conversation=chat.id, text="Read", error=error))
    desk.settle()
    assert names(desk) == ["report.pdf"]
    assert desk.window.composer.editor.toPlainText() == "Read"


def test_a_file_dropped_anywhere_in_the_window_is_attached(desk):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/notes.md")])
    held = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    where = QPointF(600, 200)
    copy = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(where.toPoint(), copy, data, *held)
    QApplication.sendEvent(desk.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(desk.window, QDropEvent(where, copy, data, *held))
    desk.settle()
    assert names(desk) == ["notes.md"]
