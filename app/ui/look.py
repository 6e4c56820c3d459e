"""The look in force: follows the desktop's light or dark, the chosen mode and text size.

Main thread; one per window. Panels take the first `theme` in their constructor and the next
ones from `changed`. Only this object touches the application's palette.
"""

from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.ui.theme import BODY_POINTS, Theme, palette, system_mode, theme

Choice = Literal["system", "light", "dark"]
SMALLEST, LARGEST, STEP = 8.0, 18.0, 0.75


class Look(QObject):
    changed = Signal(object)

    def __init__(
        self, choice: Choice = "system", points: float = BODY_POINTS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._choice: Choice = choice
        self._points = points
        self._theme = self._made()
        QGuiApplication.setPalette(palette(self._theme))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._refresh)

    @property
    def theme(self) -> Theme:
        return self._theme

    @property
    def choice(self) -> Choice:
        return self._choice

    @property
    def points(self) -> float:
        return self._points

    def choose(self, choice: Choice) -> None:
        self._choice = choice
        self._refresh()

    def larger(self) -> None:
        self.resize(self._points + STEP)

    def smaller(self) -> None:
        self.resize(self._points - STEP)

    def normal_size(self) -> None:
        self.resize(BODY_POINTS)

    def resize(self, points: float) -> None:
        self._points = min(max(points, SMALLEST), LARGEST)
        self._refresh()

    def _made(self) -> Theme:
        mode = system_mode() if self._choice == "system" else self._choice
        return theme(mode, points=self._points)

    def _refresh(self) -> None:
        made = self._made()
        if made != self._theme:
            self._theme = made
            QGuiApplication.setPalette(palette(made))
            self.changed.emit(made)
