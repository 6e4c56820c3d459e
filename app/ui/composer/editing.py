"""A sent message that is being changed, and the line above the text that says so. Main thread."""

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.core.ids import MessageId
from app.ui.controls import IconButton
from app.ui.theme import Theme


class Edit(msgspec.Struct, frozen=True):
    """A message, and what it is to say instead."""

    message: MessageId
    text: str


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
