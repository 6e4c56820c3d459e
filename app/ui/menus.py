"""The menus: every action of every panel in one tree, with its keys.

On macOS they stand in the system's menu bar, elsewhere under the sidebar's menu button.
"""

import sys
from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

Group = tuple[str, Sequence[QAction | None]]  # None: a line between


def build(window: QMainWindow, groups: Sequence[Group]) -> QMenu:
    """The tree as one menu; all its keys work in the whole window."""
    root = QMenu(window)
    root.setAccessibleName("Menu")
    for title, actions in groups:
        menu = root.addMenu(title)
        for entry in actions:
            if entry is None:
                menu.addSeparator()
            else:
                menu.addAction(entry)
                window.addAction(entry)
        if sys.platform == "darwin":
            window.menuBar().addMenu(menu)
    return root


def add(window: QMainWindow, root: QMenu, entry: QAction) -> None:
    """An action that stands beside the groups."""
    root.addAction(entry)
    window.addAction(entry)
    if sys.platform == "darwin":
        window.menuBar().addAction(entry)
