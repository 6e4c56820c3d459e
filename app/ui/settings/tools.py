"""The tools section: what models may ask this computer for, and what runs without asking.

Main thread. The tools are those the chat room has; nothing is on that was not switched on here.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QGridLayout, QLabel

from app.core.messages import Tool
from app.core.settings import Settings, ToolSettings
from app.ui.preferences import Preferences
from app.ui.settings.page import Panel
from app.ui.settings.widgets import Toggle
from app.ui.theme import Theme

Right = Literal["enabled", "trusted"]


class ToolsPanel(Panel):
    def __init__(self, tools: Sequence[Tool], preferences: Preferences, theme: Theme) -> None:
        super().__init__()
        self._preferences = preferences
        self.toggles: dict[tuple[str, Right], Toggle] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setColumnStretch(0, 1)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(1)
        for column, text in ((1, "May be used"), (2, "Without asking")):
            head = QLabel(text)
            head.setProperty("kind", "small")
            head.setWordWrap(True)
            grid.addWidget(head, 0, column)
        for number, tool in enumerate(tools):
            name, about = QLabel(tool.name.replace("_", " ").capitalize()), QLabel(tool.description)
            about.setProperty("kind", "small")
            about.setWordWrap(True)
            about.setContentsMargins(0, 0, 0, 12)
            row = 1 + 2 * number
            grid.addWidget(name, row, 0)
            grid.addWidget(about, row + 1, 0)
            rights: tuple[tuple[int, Right, str], ...] = (
                (1, "enabled", f"{tool.name} may be used"),
                (2, "trusted", f"{tool.name} runs without asking"),
            )
            for column, right, label in rights:
                toggle = Toggle(label, theme)
                toggle.toggled.connect(self._changer(tool.name, right))
                self.toggles[tool.name, right] = toggle
                grid.addWidget(toggle, row, column, Qt.AlignmentFlag.AlignLeft)
        preferences.changed.connect(self._show)
        self._show()

    def set_theme(self, theme: Theme) -> None:
        for toggle in self.toggles.values():
            toggle.set_theme(theme)

    def _changer(self, name: str, right: Right) -> Callable[[bool], None]:
        def turned(on: bool) -> None:
            self._preferences.change(lambda settings: _with(settings, name, right, on))

        return turned

    def _show(self) -> None:
        tools = self._preferences.value.tools
        for (name, right), toggle in self.toggles.items():
            with QSignalBlocker(toggle):
                toggle.setChecked(name in getattr(tools, right))
            toggle.update()
            if right == "trusted":
                toggle.setEnabled(name in tools.enabled)


def _with(settings: Settings, name: str, right: Right, on: bool) -> Settings:
    rights: ToolSettings = settings.tools
    held: tuple[str, ...] = getattr(rights, right)
    others = tuple(each for each in held if each != name)
    changed = {right: (*others, name) if on else others}
    return msgspec.structs.replace(settings, tools=msgspec.structs.replace(rights, **changed))
