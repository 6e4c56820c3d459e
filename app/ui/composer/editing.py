"""The line above the text that says a sent message is being changed. Main thread."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.ui.controls import IconButton
from app.ui.theme import Theme


class EditNote(QWidget):
    cancelled = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel("Editing your message. Sending it starts a new branch.")
        label.setProperty("kind", "small")
        self._cancel = IconButton("close", "Cancel editing (Esc)", theme)
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        row.addWidget(self._cancel)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._cancel.set_theme(theme)
