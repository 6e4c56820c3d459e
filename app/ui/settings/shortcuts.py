"""The shortcuts section: every action of the window and its keys, as the menus have them."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QGridLayout, QLabel

from app.ui.settings.page import Panel

Groups = Callable[[], list[tuple[str, list[QAction]]]]


class ShortcutsPanel(Panel):
    def __init__(self, groups: Groups) -> None:
        super().__init__()
        self._groups = groups
        self._waiting: list[tuple[str, list[QAction]]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)
        self._soon = QTimer(self, interval=0)  # a group at a time: there are many labels
        self._soon.timeout.connect(self._show_next)

    def refresh(self) -> None:
        if not self._grid.count() and not self._waiting:
            self._waiting = list(self._groups())
            self._soon.start()

    def _show_next(self) -> None:
        title, actions = self._waiting.pop(0)
        if keyed := [each for each in actions if not each.shortcut().isEmpty()]:
            self._show_group(title, keyed)
        if not self._waiting:
            self._soon.stop()

    def _show_group(self, title: str, keyed: list[QAction]) -> None:
        row = self._grid.rowCount()
        heading = QLabel(title.replace("&", ""))
        heading.setProperty("kind", "heading")
        heading.setContentsMargins(0, 10, 0, 0)
        self._grid.addWidget(heading, row, 0, 1, 2)
        for number, each in enumerate(keyed, row + 1):
            name = QLabel(each.text().replace("&", "").rstrip("…"))
            name.setWordWrap(True)
            self._grid.addWidget(name, number, 0)
            keys = QLabel(each.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            keys.setProperty("kind", "small")
            self._grid.addWidget(keys, number, 1, Qt.AlignmentFlag.AlignRight)
