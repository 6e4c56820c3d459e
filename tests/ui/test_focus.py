"""Tab goes through the window in the order it is read, and leaves nothing out."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)


def walked(desk, key: Qt.Key) -> list[QWidget]:
    """Every stop until the first comes again."""
    held = (
        Qt.KeyboardModifier.ShiftModifier
        if key == Qt.Key.Key_Backtab
        else Qt.KeyboardModifier.NoModifier
    )
    stops: list[QWidget] = []
    while (at := QApplication.focusWidget()) not in stops:
        assert at is not None
        stops.append(at)
        desk.qtbot.keyClick(at, key, held)
    return stops


def room(desk, stop: QWidget) -> str:
    window = desk.window
    panels = {
        "sidebar": window.sidebar, "header": window.header, "transcript": window.transcript,
        "composer": window.composer,
    }  # fmt: skip
    return next(name for name, panel in panels.items() if panel is stop or panel.isAncestorOf(stop))


def opened(desk):
    chat = desk.chat("Tea", "Which tea?", "Green.")
    desk.window.sidebar.model.reload()
    desk.window.current.open(chat.id)
    desk.window.composer.editor.insertPlainText("x")
    desk.settle()
    desk.window.sidebar.menu_button.setFocus(Qt.FocusReason.TabFocusReason)


def test_tab_reads_the_sidebar_the_header_the_conversation_the_composer(desk):
    opened(desk)
    stops = walked(desk, Qt.Key.Key_Tab)
    rooms = [room(desk, stop) for stop in stops]
    assert list(dict.fromkeys(rooms)) == ["sidebar", "header", "transcript", "composer"]
    assert rooms == sorted(rooms, key=["sidebar", "header", "transcript", "composer"].index)
    window = desk.window
    for part in (
        window.sidebar.new_button, window.sidebar.search, window.sidebar.list,
        window.header.model_button, window.transcript, window.composer.editor,
        window.composer.send_button,
    ):  # fmt: skip
        assert part in stops, part.accessibleName()


def test_shift_tab_goes_the_same_way_back(desk):
    opened(desk)
    there = walked(desk, Qt.Key.Key_Tab)
    desk.window.sidebar.menu_button.setFocus(Qt.FocusReason.TabFocusReason)
    back = walked(desk, Qt.Key.Key_Backtab)
    assert back == [there[0], *reversed(there[1:])]


def test_every_control_says_what_it_is_and_no_shortcut_has_two_meanings(desk):
    opened(desk)
    window = desk.window
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QAbstractItemView)
    controls = [widget for widget in window.findChildren(QWidget) if isinstance(widget, kinds)]
    assert len(controls) > 15
    assert [widget for widget in controls if not _words(widget)] == []
    listed = {entry for menu in window.findChildren(QMenu) for entry in menu.actions()}
    actions = [entry for entry in window.findChildren(QAction) if entry.text()]
    assert [a.text() for a in actions if a.shortcut().isEmpty() and a not in listed] == []
    keys = [a.shortcut().toString() for a in actions if not a.shortcut().isEmpty()]
    assert len(keys) == len(set(keys)) > 15


def _words(widget: QWidget) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
