"""The few small controls every panel uses: icon buttons, actions, elided labels, a flow of chips.

Main thread. Each one takes a theme and can take another; each has a name for screen readers.
"""

import html
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QLayout, QLayoutItem, QToolButton, QWidget

from app.ui.theme import Theme, icon

Keys = str | QKeySequence.StandardKey
_FIELDS_OWN = (  # under X11 without a desktop: Ctrl+K, Ctrl+U and Ctrl+Shift+A
    QKeySequence.StandardKey.DeleteEndOfLine,
    QKeySequence.StandardKey.DeleteCompleteLine,
    QKeySequence.StandardKey.Deselect,
)


def plain_tip(text: str) -> str:
    """For a tooltip with words of strangers: Qt would take them for HTML and load what it names."""
    if "<" not in text:
        return text
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")


def action(
    owner: QObject, text: str, do: Callable[[], Any], keys: Keys = "", *, checkable: bool = False
) -> QAction:
    """A thing one can do: for the menus, a button and the keyboard alike."""
    made = QAction(text, owner)
    made.setShortcut(QKeySequence(keys))
    made.setCheckable(checkable)
    # Not `do` itself: Qt would hand it whether the action is checked.

    def triggered(_checked: bool) -> None:
        do()

    made.triggered.connect(triggered)
    return made


def is_the_windows(event: QEvent) -> bool:
    """Keys that some systems give to fields of text before the window, which needs them."""
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
        return False
    return any(event.matches(keys) for keys in _FIELDS_OWN)


def spoken(text: str, keys: QKeySequence) -> str:
    """What a tooltip says: the name, and the keys in the desktop's own writing."""
    plain = text.replace("&", "").rstrip("…")
    shown = keys.toString(QKeySequence.SequenceFormat.NativeText)
    return f"{plain} ({shown})" if shown else plain


class IconButton(QToolButton):
    """A quiet button with one of our icons, tinted to the theme."""

    def __init__(self, name: str, label: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._theme = theme
        self._tint = ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.label(label)
        self.set_theme(theme)

    def label(self, text: str) -> None:
        self.setAccessibleName(text)
        self.setToolTip(text)

    def does(self, what: QAction) -> None:
        """Press it and the action happens; the action's name and keys become its tooltip."""
        self.clicked.connect(what.trigger)
        what.enabledChanged.connect(self.setEnabled)
        self.setAccessibleName(what.text().replace("&", ""))
        self.setToolTip(spoken(what.text(), what.shortcut()))

    def show_icon(self, name: str, tint: str = "") -> None:
        """`tint` empty: the theme's quiet tone."""
        self._name, self._tint = name, tint
        self.set_theme(self._theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        side = round(theme.px(18))
        self.setIcon(icon(self._name, self._tint or theme.colors.muted, side))
        self.setIconSize(QSize(side, side))


class Elided(QLabel):
    """One line that ends in an ellipsis when there is no room; never rich text."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(20)

    def minimumSizeHint(self) -> QSize:
        return QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        shown = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(self.rect(), int(self.alignment()), shown)


class Flow(QLayout):
    """Left to right, then onto the next line."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 6) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem:
        # Qt's contract: None past the end, which the stub does not know.
        return self._items[index] if 0 <= index < len(self._items) else None  # pyright: ignore

    def takeAt(self, index: int) -> QLayoutItem:
        return self._items.pop(index) if 0 <= index < len(self._items) else None  # pyright: ignore

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), moving=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, moving=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, moving: bool) -> int:
        y = rect.y() - self.spacing()
        for line in self._lines(rect):
            y += self.spacing()
            height = max(box.height() for _, box in line)
            for item, box in line if moving else ():
                item.setGeometry(box.translated(0, y + (height - box.height()) // 2))
            y += height
        return max(0, y - rect.y())

    def _lines(self, rect: QRect) -> Iterator[list[tuple[QLayoutItem, QRect]]]:
        """What stands side by side, each at its x; what is lower stands in the middle."""
        line: list[tuple[QLayoutItem, QRect]] = []
        x = rect.x()
        for item in self._items:
            if item.isEmpty():  # hidden
                continue
            hint = item.sizeHint().boundedTo(QSize(max(rect.width(), 1), 10_000))
            if line and x + hint.width() > rect.right() + 1:
                yield line
                line, x = [], rect.x()
            line.append((item, QRect(QPoint(x, 0), hint)))
            x += hint.width() + self.spacing()
        if line:
            yield line
