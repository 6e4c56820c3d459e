"""Several panels at the end of one section, one under the other. Main thread."""

from PySide6.QtWidgets import QVBoxLayout

from app.ui.settings.page import Panel
from app.ui.theme import Theme


class Panels(Panel):
    def __init__(self, *parts: Panel) -> None:
        super().__init__()
        self.parts = parts
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            column.addWidget(part)

    def set_theme(self, theme: Theme) -> None:
        for part in self.parts:
            part.set_theme(theme)

    def refresh(self) -> None:
        for part in self.parts:
            part.refresh()

    def shutdown(self) -> None:
        for part in self.parts:
            part.shutdown()
