"""The look in force: follows the desktop's light or dark, and what the settings say of it.

Main thread; one per window. Panels take the first `theme` in their constructor and the next
ones from `changed`. Only this object touches the application's palette.
"""

from typing import Literal

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.core.settings import AppearanceSettings, Settings
from app.ui.preferences import Preferences
from app.ui.theme import BODY_POINTS, Theme, palette, system_mode, theme

Choice = Literal["system", "light", "dark"]
SMALLEST, LARGEST, STEP = 8.0, 18.0, 0.75


class Look(QObject):
    changed = Signal(object)

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._theme = _made(preferences.value.appearance)
        QGuiApplication.setPalette(palette(self._theme))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._refresh)
        preferences.changed.connect(self._refresh)

    @property
    def theme(self) -> Theme:
        return self._theme

    def choose(self, choice: Choice) -> None:
        self._change(look=choice)

    def larger(self) -> None:
        self.resize(self._theme.points + STEP)

    def smaller(self) -> None:
        self.resize(self._theme.points - STEP)

    def normal_size(self) -> None:
        self.resize(BODY_POINTS)

    def resize(self, points: float) -> None:
        self._change(points=min(max(points, SMALLEST), LARGEST))

    def _change(self, **values: object) -> None:
        def edit(settings: Settings) -> Settings:
            appearance = msgspec.structs.replace(settings.appearance, **values)
            return msgspec.structs.replace(settings, appearance=appearance)

        self._preferences.change(edit)

    def _refresh(self) -> None:
        made = _made(self._preferences.value.appearance)
        if made != self._theme:
            self._theme = made
            QGuiApplication.setPalette(palette(made))
            self.changed.emit(made)


def _made(wanted: AppearanceSettings) -> Theme:
    return theme(
        system_mode() if wanted.look == "system" else wanted.look,
        points=wanted.points,
        accent=wanted.accent,
        family=wanted.font,
        reading_width=wanted.reading_width,
    )
