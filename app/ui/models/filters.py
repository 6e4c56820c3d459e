"""What a search of the hub leaves out: other licences, other architectures, what is too large.

Main thread. Opened by a button beside the order of the results. The lists begin with what is
common and learn what the results bring.
"""

from collections.abc import Iterable

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.hub.catalog import Listing
from app.ui.settings.widgets import ComboBox, Toggle
from app.ui.theme import Theme

_LICENCES = ("apache-2.0", "mit", "gemma", "llama3.1", "llama3.2", "llama3.3")
_ARCHITECTURES = ("gemma3", "gpt-oss", "granite", "llama", "phi3", "qwen2", "qwen3", "qwen3moe")


class Filters(msgspec.Struct, frozen=True):
    licence: str = ""  # empty: any
    architecture: str = ""
    fitting: bool = False  # only what could fit this computer

    @property
    def count(self) -> int:
        return sum(map(bool, (self.licence, self.architecture, self.fitting)))


class FilterBar(QWidget):
    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.licence = ComboBox("Licence of the results", theme)
        self.architecture = ComboBox("Architecture of the results", theme)
        self.fitting = Toggle("Fits this computer", theme)
        self.clear = QPushButton("Clear")
        self.button = QToolButton()
        self._lay_out()
        self.button.toggled.connect(self.setVisible)
        self.clear.clicked.connect(self._clear)
        self.fitting.toggled.connect(self._told)
        for box in (self.licence, self.architecture):
            box.activated.connect(self._told)

    def _lay_out(self) -> None:
        for box, every, known in (
            (self.licence, "Any licence", _LICENCES),
            (self.architecture, "Any architecture", _ARCHITECTURES),
        ):
            box.addItem(every, "")
            for value in known:
                box.addItem(value, value)
            box.setMinimumContentsLength(8)
        self.fitting.setToolTip("Leaves out what is too large at four bits a parameter")
        self.clear.setProperty("kind", "link")
        self.clear.setAccessibleName("Clear the filters")
        self.button.setCheckable(True)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        kinds, rest = QHBoxLayout(), QHBoxLayout()
        for box in (self.licence, self.architecture):
            kinds.addWidget(box, 1)
        rest.addWidget(self.fitting)
        rest.addWidget(QLabel("Fits this computer"), 1)
        rest.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.addLayout(kinds)
        column.addLayout(rest)
        self.hide()
        self._say()

    def set_theme(self, theme: Theme) -> None:
        for part in (self.licence, self.architecture, self.fitting):
            part.set_theme(theme)

    @property
    def filters(self) -> Filters:
        return Filters(
            self.licence.currentData(), self.architecture.currentData(), self.fitting.isChecked()
        )

    def learn(self, found: Iterable[Listing]) -> None:
        """What the results are of can be filtered by."""
        for listing in found:
            for box, value in (
                (self.licence, listing.licence),
                (self.architecture, listing.architecture),
            ):
                if value and box.findData(value) < 0:
                    box.addItem(value, value)

    def _clear(self) -> None:
        self.licence.setCurrentIndex(0)
        self.architecture.setCurrentIndex(0)
        was_on = self.fitting.isChecked()
        self.fitting.setChecked(False)  # tells by itself when it was on
        if not was_on:
            self._told()

    def _told(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        count = self.filters.count
        self.button.setText(f"Filters ({count})" if count else "Filters")
        self.button.setAccessibleName(f"Filters, {count} in use")
        self.clear.setVisible(bool(count))
