"""What waits above the composer while a reply streams: each message can be changed or removed.

Main thread. Shows what `QueueChanged` says; the queue itself is the chat room's and on disk.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.chat.events import QueueChanged
from app.storage.queued import Queued, QueuedId
from app.ui.controls import Elided, IconButton
from app.ui.theme import Theme


class QueuedRow(QFrame):
    changed = Signal(int, str)
    removed = Signal(int)

    def __init__(self, queued: Queued, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queued")
        self._id: QueuedId = queued.id
        first_line = queued.text.strip().split("\n", 1)[0]
        self._label = Elided(first_line)
        self._label.setToolTip(queued.text[:1000])
        self.editor = QLineEdit(queued.text)
        self.editor.setAccessibleName("Queued message")
        self.editor.returnPressed.connect(self._save)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._label)
        self._stack.addWidget(self.editor)
        self._stack.setSizePolicy(
            self._stack.sizePolicy().horizontalPolicy(), self._label.sizePolicy().verticalPolicy()
        )
        clock = IconButton("clock", "Waiting", theme)
        clock.setEnabled(False)
        self.edit = IconButton("edit", "Edit the queued message", theme)
        self.edit.clicked.connect(self._begin)
        self.remove = IconButton("close", "Remove the queued message", theme)
        self.remove.clicked.connect(lambda: self.removed.emit(self._id))
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 3, 6, 3)
        row.addWidget(clock)
        row.addWidget(self._stack, 1)
        row.addWidget(self.edit)
        row.addWidget(self.remove)
        self.setAccessibleName(f"Queued: {first_line}")

    @property
    def editing(self) -> bool:
        return self._stack.currentIndex() == 1

    def _begin(self) -> None:
        if self.editing:
            self._save()
            return
        self._stack.setCurrentIndex(1)
        self.edit.show_icon("check")
        self.edit.label("Keep the change")
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _save(self) -> None:
        self._stack.setCurrentIndex(0)
        self.edit.show_icon("edit")
        self.edit.label("Edit the queued message")
        if self.editor.text().strip():
            self.changed.emit(self._id, self.editor.text())


class QueueRows(QWidget):
    changed = Signal(int, str)
    removed = Signal(int)
    sent = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._held = QLabel("The queue waits because the last reply did not end well.")
        self._held.setProperty("kind", "small")
        self._send = QPushButton("Send now")
        self._send.setProperty("kind", "link")
        self._send.clicked.connect(self.sent)
        self._notice = QWidget()
        notice = QHBoxLayout(self._notice)
        notice.setContentsMargins(4, 0, 0, 0)
        notice.addWidget(self._held)
        notice.addWidget(self._send)
        notice.addStretch(1)
        self._rows: list[QueuedRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 6)
        self._column.setSpacing(4)
        self._column.addWidget(self._notice)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self._rows:
            for button in row.findChildren(IconButton):
                button.set_theme(theme)

    def show_queue(self, waiting: tuple[Queued, ...], *, held: bool) -> None:
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = [QueuedRow(queued, self._theme, self) for queued in waiting]
        for row in self._rows:
            row.changed.connect(self.changed)
            row.removed.connect(self.removed)
            self._column.addWidget(row)
        self._notice.setVisible(held)
        self.setVisible(bool(waiting))

    def clear(self) -> None:
        self.show_queue((), held=False)

    def follow(self, event: QueueChanged) -> None:
        self.show_queue(event.waiting, held=event.held)
