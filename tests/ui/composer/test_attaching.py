"""Pasted and dropped things become chips with their tokens."""

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication


def paste(desk, data):
    QApplication.clipboard().setMimeData(data)
    desk.window.composer.editor.paste()
    desk.settle()


def names(desk):
    return [each.name for each in desk.window.composer.chips.attachments]


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
    assert composer.chips.attachments[0].tokens == 2500
    chip = composer.chips._chips[0]
    assert "2,500 tokens" in chip.accessibleName()
    desk.qtbot.mouseClick(chip._inline, Qt.MouseButton.LeftButton)
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
    assert desk.verbs.asked == [("start", "Read\n[report.pdf]\n[Pasted image]")]
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
