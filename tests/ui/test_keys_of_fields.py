"""What some systems give to a field of text before the window stays the window's."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from app.ui.composer.editor import Editor
from app.ui.sidebar.panel import SearchField
from app.ui.theme import LIGHT


class AsUnderX11(QKeyEvent):
    """Ctrl+Z, which every field asks for, where the system means the end of a line by it."""

    means = QKeySequence.StandardKey.DeleteEndOfLine

    def __init__(self) -> None:
        keys = Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier
        super().__init__(QEvent.Type.ShortcutOverride, *keys)
        self.ignore()

    def matches(self, key: QKeySequence.StandardKey) -> bool:
        return key is self.means


@pytest.mark.parametrize("field", [Editor, SearchField])
def test_the_palette_opens_from_a_field(qtbot, field: type[Editor | SearchField]) -> None:
    asked: QWidget = field(LIGHT)
    qtbot.addWidget(asked)
    event = AsUnderX11()
    asked.event(event)
    assert not event.isAccepted()
    plain = AsUnderX11()
    plain.means = QKeySequence.StandardKey.Undo
    asked.event(plain)
    assert plain.isAccepted(), "fields keep their other keys"
