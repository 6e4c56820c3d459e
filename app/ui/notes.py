"""Inline notes instead of modal boxes: one sentence at a time, with an undo where there is one.

Main thread. A note leaves by itself, sooner without a button; it never takes the focus and is
announced to screen readers.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from app.ui.controls import IconButton
from app.ui.theme import Theme

STAYS_MS, STAYS_WITH_BUTTON_MS = 5_000, 9_000


class Notes(QWidget):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card = QFrame()
        self._card.setObjectName("note")
        self._card.setMaximumWidth(round(theme.column))
        self._do: Callable[[], None] | None = None
        self._text = QLabel()
        self._text.setWordWrap(True)
        # Foreign text may be in it: a file's name, a model's. Rich text would load what it names.
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton("Undo")
        self.button.setProperty("kind", "link")
        self.button.clicked.connect(self._pressed)
        self._close = IconButton("close", "Dismiss", theme)
        self._close.clicked.connect(self.hide)
        around = QHBoxLayout(self)
        around.setContentsMargins(24, 4, 24, 4)
        around.addStretch(1)
        around.addWidget(self._card, 100)
        around.addStretch(1)
        row = QHBoxLayout(self._card)
        row.setContentsMargins(14, 6, 6, 6)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        row.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def say(
        self, text: str, label: str = "", do: Callable[[], None] | None = None, *, bad: bool = False
    ) -> None:
        self._text.setText(text)
        self._do = do
        self.button.setText(label)
        self.button.setVisible(bool(label))
        self._card.setProperty("tone", "danger" if bad else "")
        self._card.style().unpolish(self._card)
        self._card.style().polish(self._card)
        self.show()
        self._timer.start(STAYS_WITH_BUTTON_MS if label or bad else STAYS_MS)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def warn(self, text: str) -> None:
        self.say(text, bad=True)

    def set_theme(self, theme: Theme) -> None:
        self._card.setMaximumWidth(round(theme.column))
        self._close.set_theme(theme)

    def _pressed(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()
