"""One setting on the page: its name, what it does, its control, and what came of a change.

Main thread. A bad value is refused here with the reason and stays in the field to be mended;
a good one goes to the settings at once. What it still needs stands under it, with the button
that does it.
"""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.errors import InvalidRequest
from app.core.settings import Settings
from app.ui.preferences import Preferences
from app.ui.settings.controls import Offers, make_control
from app.ui.settings.entries import Entry, Number
from app.ui.settings.values import default_of, value_of, with_value
from app.ui.theme import Theme

_NARROW = 460
_NEEDS = {
    "reload": "Takes effect when the model is loaded again.",
    "restart": "Takes effect when the app is started again.",
}


class SettingRow(QWidget):
    reload_wanted = Signal()

    def __init__(
        self, entry: Entry, preferences: Preferences, offers: Offers, theme: Theme
    ) -> None:
        super().__init__()
        self.entry = entry
        self.setAccessibleName(entry.label)
        self._preferences = preferences
        self._theme = theme
        self.control = make_control(entry, offers, theme)
        self.problem = _line("danger")
        self._needs = _line("small")
        self._reload = QPushButton("Load it again now")
        self._reload.setProperty("kind", "link")
        self._reload.clicked.connect(self._wants_reload)
        self.reset = QPushButton("Back to the default")
        self.reset.setProperty("kind", "link")
        self.reset.setAccessibleName(f"{entry.label}: back to the default")
        self.reset.clicked.connect(lambda: self._edit(default_of(entry.field)))
        self._lay_out()
        self.control.edited.connect(self._edit)
        preferences.changed.connect(self._settings_changed)
        self._show(preferences.value)

    def _lay_out(self) -> None:
        label, help_text = QLabel(self.entry.label), _line("small")
        help_text.setText(self.entry.help)
        label.setBuddy(self.control)
        self.control.setAccessibleDescription(self.entry.help)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(label)
        words.addWidget(help_text)
        words.addStretch(1)  # beside what is higher they stand at its top
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(16)
        self._row.addLayout(words, 1)
        self._row.addWidget(self.control, 0, Qt.AlignmentFlag.AlignVCenter)
        under = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        under.setSpacing(4)
        under.addWidget(self._needs)
        under.addWidget(self._reload)
        under.addStretch(1)
        under.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(2)
        column.addLayout(self._row)
        column.addWidget(self.problem)
        column.addLayout(under)
        for part in (self.problem, self._needs, self._reload):
            part.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.control.set_theme(theme)
        self._turn()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def _turn(self) -> None:
        narrow = self.width() < self._theme.px(_NARROW)
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        self._row.setSpacing(4 if narrow else 16)
        side = Qt.AlignmentFlag.AlignLeft if narrow else Qt.AlignmentFlag.AlignRight
        self._row.setAlignment(self.control, side | Qt.AlignmentFlag.AlignVCenter)

    @property
    def _scale(self) -> int:
        return self.entry.kind.scale if isinstance(self.entry.kind, Number) else 1

    def _edit(self, value: Any) -> None:
        try:
            with_value(self._preferences.value, self.entry.field, value, self._scale)
        except InvalidRequest as error:
            self.problem.setText(error.message)
            self.problem.show()
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, error.message))
            return
        self.problem.hide()
        self._preferences.change(self._edit_of(value))
        self.control.show_value(value_of(self._preferences.value, self.entry.field))

    def _edit_of(self, value: Any) -> Callable[[Settings], Settings]:
        return lambda settings: with_value(settings, self.entry.field, value)

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        before, after = (value_of(each, self.entry.field) for each in (old, new))
        if before == after:
            return
        self._show(new)
        if self.entry.needs != "nothing":
            self._needs.setText(_NEEDS[self.entry.needs])
            self._needs.show()
            self._reload.setVisible(self.entry.needs == "reload")

    def _show(self, settings: Settings) -> None:
        value = value_of(settings, self.entry.field)
        self.control.show_value(value)
        self.reset.setVisible(value != default_of(self.entry.field))

    def _wants_reload(self) -> None:
        self.settled()
        self.reload_wanted.emit()

    def settled(self) -> None:
        """What it needed has happened."""
        self._needs.hide()
        self._reload.hide()


def _line(kind: str) -> QLabel:
    label = QLabel()
    label.setProperty("kind", kind)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
