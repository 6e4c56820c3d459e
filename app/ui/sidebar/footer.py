"""The foot of the sidebar: whether the model can answer, and reload. Main thread.

The dot is green ready, amber loading, red failed, grey none, and says so in words too.
"""

from typing import assert_never

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.bridge import Bridge
from app.ui.controls import Elided, IconButton, plain_tip
from app.ui.events import (
    Event,
    ModelChanged,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelState,
    NoModel,
)
from app.ui.theme import Theme, color


def words(state: ModelState) -> str:
    match state:
        case NoModel():
            return "No model"
        case ModelLoading(choice=choice, fraction=fraction):
            return f"Loading {fraction:.0%}: {choice.name}"
        case ModelReady(choice=choice):
            return f"Ready: {choice.name}"
        case ModelFailed(choice=choice):
            return f"Not loaded: {choice.name}"
        case _:
            assert_never(state)


def tone(state: ModelState, theme: Theme) -> str:
    match state:
        case NoModel():
            return theme.colors.faint
        case ModelLoading():
            return theme.colors.busy
        case ModelReady():
            return theme.colors.ready
        case ModelFailed():
            return theme.colors.danger
        case _:
            assert_never(state)


class Dot(QWidget):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tone = theme.colors.faint
        self.setFixedSize(QSize(round(theme.px(16)), round(theme.px(16))))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(self.tone))
        radius = self.width() * 0.28
        painter.drawEllipse(QPointF(self.rect().center()) + QPointF(0.5, 0.5), radius, radius)


class Footer(QWidget):
    def __init__(self, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state: ModelState = NoModel()
        self._dot = Dot(theme)
        self.label = Elided()
        self.reload = IconButton("reload", "Reload the model", theme)
        self.settings = IconButton("settings", "Settings", theme)
        self.settings.hide()  # until there is a page behind it
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 8)
        row.setSpacing(4)
        row.addWidget(self._dot)
        row.addWidget(self.label, 1)
        row.addWidget(self.reload)
        row.addWidget(self.settings)
        bridge.arrived.connect(self._follow)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.reload.set_theme(theme)
        self.settings.set_theme(theme)
        self._show()

    def _follow(self, event: Event) -> None:
        if isinstance(event, ModelChanged):
            self._state = event.state
            self._show()

    def _show(self) -> None:
        said = words(self._state)
        self._dot.tone = tone(self._state, self._theme)
        self._dot.setAccessibleName(said)
        self._dot.update()
        self.label.setText(said)
        state = self._state
        told = state.error.message if isinstance(state, ModelFailed) else said
        self.label.setToolTip(plain_tip(told))
        self.label.setAccessibleName(said)
