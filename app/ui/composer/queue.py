"""What waits above the composer while a reply streams: each message can be changed or removed.

Main thread. Shows what it is told; the queue itself is the chat room's and on disk.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.storage.queued import Queued, QueuedId
from app.ui.composer.editor import Editor
from app.ui.controls import Elided, IconButton, plain_tip
from app.ui.theme import Theme


class QueuedRow(QFrame):
    changed = Signal(int, str)
    removed = Signal(int)

    def __init__(self, queued: Queued, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queued")
        self.queued = queued
        self._id: QueuedId = queued.id
        said = " · ".join(filter(None, (" ".join(queued.text.split()), *queued.documents)))
        self._label = Elided(said[:400])
        self._label.setToolTip(plain_tip(queued.text[:1000]))
        self.editor = Editor(theme)
        self.editor.takes_attachments = False
        self.editor.setAccessibleName("Queued message")
        self.editor.submitted.connect(self._save)
        self.editor.given_up.connect(self._end)
        self.editor.hide()
        clock = IconButton("clock", "Waiting", theme)
        clock.setEnabled(False)
        self.edit = IconButton("edit", "Edit the queued message", theme)
        self.edit.clicked.connect(self._begin)
        self.remove = IconButton("close", "Remove the queued message", theme)
        self.remove.clicked.connect(self._remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 3, 6, 3)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(clock, 0, top)
        row.addWidget(self._label, 1)
        row.addWidget(self.editor, 1)
        row.addWidget(self.edit, 0, top)
        row.addWidget(self.remove, 0, top)
        self.setAccessibleName(f"Queued: {said[:400]}")

    @property
    def editing(self) -> bool:
        return not self.editor.isHidden()

    @property
    def change(self) -> str:
        """What is being written in place of the message; empty when it says the same."""
        text = self.editor.toPlainText()
        return text if self.editing and text.strip() and text != self.queued.text else ""

    def set_theme(self, theme: Theme) -> None:
        self.editor.set_theme(theme)
        for button in self.findChildren(IconButton):
            button.set_theme(theme)

    def _begin(self) -> None:
        if self.editing:
            self._save()
            return
        self._label.hide()
        self.editor.show()
        self.editor.replace(self.queued.text)
        self.edit.show_icon("check")
        self.edit.label("Keep the change")
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _end(self) -> None:
        self.editor.hide()
        self._label.show()
        self.edit.show_icon("edit")
        self.edit.label("Edit the queued message")

    def _save(self) -> None:
        text = self.change
        self._end()
        if text:
            self.changed.emit(self._id, text)

    def _remove(self) -> None:
        self._end()  # the change is not wanted, either
        self.removed.emit(self._id)


class QueueRows(QWidget):
    changed = Signal(int, str)
    removed = Signal(int)
    left_over = Signal(str, bool)  # a change to a message that has gone; it was being typed
    sent = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._held = QLabel("These wait because the last reply did not end well.")
        self._held.setProperty("kind", "small")
        self.send = QPushButton("Send now")
        self.send.setProperty("kind", "link")
        self.send.clicked.connect(self.sent)
        self._notice = QWidget()
        notice = QHBoxLayout(self._notice)
        notice.setContentsMargins(4, 0, 0, 0)
        notice.addWidget(self._held)
        notice.addWidget(self.send)
        notice.addStretch(1)
        self.rows: list[QueuedRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 6)
        self._column.setSpacing(4)
        self._column.addWidget(self._notice)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self.rows:
            row.set_theme(theme)

    def show_queue(self, waiting: tuple[Queued, ...], *, held: bool) -> None:
        self._notice.setVisible(held)
        # Rows that say the same stay: one of them may be being changed.
        kept = {row.queued: row for row in self.rows}
        self.rows = [kept.pop(queued, None) or self._row(queued) for queued in waiting]
        for row in kept.values():
            if row.change:
                self.left_over.emit(row.change, row.editor.hasFocus())
            row.hide()
            row.deleteLater()
        self.setVisible(bool(waiting))

    def _row(self, queued: Queued) -> QueuedRow:
        row = QueuedRow(queued, self._theme, self)
        row.changed.connect(self.changed)
        row.removed.connect(self.removed)
        self._column.addWidget(row)
        return row
