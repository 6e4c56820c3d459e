"""The shortcuts section: every action of the window and its keys, as the menus have them."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QGridLayout, QLabel

from app.ui.settings.page import Panel

Groups = Callable[[], list[tuple[str, list[QAction]]]]


class ShortcutsPanel(Panel):
    words = "shortcuts keys keyboard"

    def __init__(self, groups: Groups) -> None:
        super().__init__()
        self._groups = groups
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)

    def refresh(self) -> None:
        if self._grid.count():
            return
        row = 0
        for title, actions in self._groups():
            keyed = [each for each in actions if not each.shortcut().isEmpty()]
            if not keyed:
                continue
            heading = QLabel(title.replace("&", ""))
            heading.setProperty("kind", "heading")
            heading.setContentsMargins(0, 10, 0, 0)
            self._grid.addWidget(heading, row, 0, 1, 2)
            for each in keyed:
                row += 1
                self._grid.addWidget(QLabel(each.text().replace("&", "").rstrip("…")), row, 0)
                keys = QLabel(each.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
                keys.setProperty("kind", "small")
                self._grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
            row += 1
