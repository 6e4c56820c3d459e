"""The window as a whole: what it restores, its look, its actions and their names."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QPlainTextEdit

from app.core.ids import FolderId
from app.storage import folders
from app.ui.remembered import Remembered, keep, recall


def test_a_restart_restores_chat_scroll_position_geometry_and_folders(desk):
    said = [f"line {number} " + "filler " * 60 for number in range(40)]
    chat = desk.chat("Hay", *said)
    folder = desk.db.write(lambda tx: folders.create(tx, "Barn")).result(5)
    desk.window.sidebar.model.reload()
    desk.settle()
    desk.window.sidebar.model.open_folder(folder.id, True)
    desk.window.resize(760, 620)
    desk.window.current.open(chat.id)
    desk.settle()
    desk.window.transcript.verticalScrollBar().setValue(600)
    top = desk.window.transcript.top_item
    desk.window.close()
    window = desk.open()
    assert window.current.conversation == chat.id
    assert window.transcript.top_item == top
    assert (window.width(), window.height()) == (760, 620)
    assert window.sidebar.model.opened == {FolderId(folder.id)}


def test_a_restart_comes_back_to_the_place_inside_a_long_message(desk):
    chat = desk.chat(
        "Hay", "Tell me", "\n\n".join(f"line {n} " + "filler " * 60 for n in range(99))
    )
    desk.window.current.open(chat.id)
    desk.settle()
    desk.window.transcript.verticalScrollBar().setValue(5_000)
    part, below = desk.window.transcript.top_place
    assert part > 0
    desk.window.close()
    assert desk.open().transcript.top_place == (part, below)


def test_a_broken_memory_is_a_first_start(tmp_path):
    file = tmp_path / "window.json"
    assert recall(file) == Remembered()
    file.write_text('{"draft": 7}')
    assert recall(file) == Remembered()
    kept = Remembered(draft="Hm", folders=(1, 2), geometry=b"\x00\xff")
    keep(file, kept)
    assert recall(file) == kept


def test_the_look_follows_the_system_and_the_reader(desk, monkeypatch):
    window, hints = desk.window, QGuiApplication.styleHints()
    window.look.choose("dark")
    assert window.look.theme.dark
    assert window.look.theme.colors.window in window.styleSheet()
    window.look.choose("system")
    for mode, scheme in (("dark", Qt.ColorScheme.Dark), ("light", Qt.ColorScheme.Light)):
        monkeypatch.setattr("app.ui.look.system_mode", lambda mode=mode: mode)
        hints.colorSchemeChanged.emit(scheme)
        assert window.look.theme.mode == mode
        assert window.look.theme.colors.window in window.styleSheet()


def test_larger_text_reaches_every_panel(desk):
    window = desk.window
    before = window.composer.editor.height(), window.composer.editor.font().pointSizeF()
    for _ in range(6):
        window.look.larger()
    desk.settle()
    assert window.composer.editor.height() > before[0]
    assert window.composer.editor.font().pointSizeF() > before[1] * 1.3
    window.look.normal_size()


def test_every_action_has_keys_or_a_menu_entry(desk):
    entries = desk.window._menu.actions()
    listed = {each for each in entries if each.menu() is None}
    listed |= {each for entry in entries if entry.menu() for each in entry.menu().actions()}
    for each in desk.window.findChildren(type(desk.window.composer.stop_action)):
        if each.text() and each.menu() is None:
            known = each in listed or not each.shortcut().isEmpty()
            shown = any(each in owner.actions() for owner in each.associatedObjects())
            assert known or shown, each.text()
    keys = [each.shortcut().toString() for each in listed if not each.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_every_control_has_a_name(desk):
    window = desk.window
    controls = [
        *window.findChildren(QAbstractButton),
        *window.findChildren(QLineEdit),
        *window.findChildren(QPlainTextEdit),
    ]
    nameless = [
        each
        for each in controls
        if each.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (each.accessibleName() or getattr(each, "text", str)())
    ]
    assert len(controls) > 12
    assert [type(each).__name__ for each in nameless] == []


def test_the_keys_work_from_anywhere(desk):
    chat = desk.chat("Tea", "Which?")
    window = desk.window
    window.current.open(chat.id)
    desk.settle()
    desk.qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not window.sidebar.isVisible()
    assert window.header.show_button.isVisible()
    desk.qtbot.mouseClick(window.header.show_button, Qt.MouseButton.LeftButton)
    assert window.sidebar.isVisible()
    desk.qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.find_bar.isVisible()
    desk.qtbot.keyClicks(window.find_bar.field, "Which")
    desk.qtbot.waitUntil(lambda: window.find_bar.count.text() == "1 of 1", timeout=2000)
    QApplication.sendEvent(
        window.find_bar.field,
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
    )
    assert not window.find_bar.isVisible()
    desk.qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.current.conversation is None


def test_an_example_is_offered_in_the_composer_not_sent(desk):
    card = desk.window.welcome._cards[0]
    desk.qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert desk.window.composer.editor.toPlainText() == card.text_to_send
    assert desk.verbs.asked == []


def test_nothing_is_lost_at_the_smallest_size_with_large_text(desk):
    window = desk.window
    window.look.resize(10.5 * 1.5)
    window.resize(720, 480)
    desk.settle()
    assert (window.width(), window.height()) == (720, 480)
    for part in (window.composer.send_button, window.header.model_button, window.sidebar.footer):
        corner = part.mapTo(window, part.rect().bottomRight())
        assert window.rect().contains(corner), part
    window.look.normal_size()
