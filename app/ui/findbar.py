"""Find in this chat: a field above the transcript, with the count and both directions.

Main thread. Escape closes it; the transcript does the finding.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

from app.ui.controls import IconButton
from app.ui.theme import Theme
from app.ui.transcript.view import Transcript


class FindBar(QFrame):
    def __init__(self, transcript: Transcript, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._transcript = transcript
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find in this chat")
        self.field.setAccessibleName("Find in this chat")
        self.count = QLabel()
        self.count.setProperty("kind", "small")
        self._up = IconButton("chevron-up", "Previous match (Shift+Return)", theme)
        self._down = IconButton("chevron-down", "Next match (Return)", theme)
        self._shut = IconButton("close", "Close (Esc)", theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 2, 14, 4)
        row.addWidget(self.field, 1)
        for part in (self.count, self._up, self._down, self._shut):
            row.addWidget(part)
        self.field.textChanged.connect(transcript.find_text)
        self._up.clicked.connect(transcript.find_previous)
        self._down.clicked.connect(transcript.find_next)
        self._shut.clicked.connect(self.shut)
        transcript.found.connect(self._found)
        self.hide()

    def open(self) -> None:
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._transcript.find_text(self.field.text())

    def end(self) -> None:
        self.hide()
        self._transcript.find_text("")

    def shut(self) -> None:
        self.end()
        self._transcript.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_theme(self, theme: Theme) -> None:
        for button in (self._up, self._down, self._shut):
            button.set_theme(theme)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.shut()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self._transcript.find_previous if back else self._transcript.find_next)()
        else:
            super().keyPressEvent(event)

    def _found(self, current: int, total: int) -> None:
        wanted = bool(self.field.text())
        known = f"{current} of {total}" if current else f"{total} found"
        self.count.setText(known if total else "No match" if wanted else "")
