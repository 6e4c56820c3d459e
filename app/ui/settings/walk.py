"""Going through what the settings page shows, while the keyboard stays in its search field.

Main thread. Down and Up mark one after the other, Return gives the keyboard to its control. The
mark lies under the rows, which are transparent.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.theme import RADIUS, Theme, color

_AROUND = 8  # pixels beside the row, within the margin of the column
_MOVED = (QEvent.Type.Move, QEvent.Type.Resize)


class Walk(QWidget):
    def __init__(
        self,
        field: QLineEdit,
        bring: Callable[[int], QWidget | None],
        enter: Callable[[int], None],
        theme: Theme,
    ) -> None:
        """`bring` shows the one at this place, if there is one; `enter` puts the keyboard on it."""
        super().__init__()
        self._field = field
        self._bring = bring
        self._enter = enter
        self._theme = theme
        self._at = -1  # nowhere
        self._marked: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        field.installEventFilter(self)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def leave(self) -> None:
        """What is shown has changed: begin anew."""
        if self._marked is not None:
            self._marked.removeEventFilter(self)
        self._at, self._marked = -1, None
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._marked and event.type() in _MOVED:
            self._place()
        elif watched is self._field and event.type() == QEvent.Type.FocusOut:
            self.leave()
        elif watched is self._field and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        match event.key():
            case Qt.Key.Key_Down:
                self._go(self._at + 1)
            case Qt.Key.Key_Up:
                self._go(self._at - 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                at = max(self._at, 0)
                self.leave()
                self._enter(at)
            case _:
                return False
        return True

    def _go(self, at: int) -> None:
        found = self._bring(at) if at >= 0 else None
        if at >= 0 and found is None:
            return  # the last one stays marked
        self.leave()
        if found is not None:
            self._at, self._marked = at, found
            found.installEventFilter(self)
            self._place()
            self.show()
            said = QAccessibleAnnouncementEvent(self._field, found.accessibleName())
            QAccessible.updateAccessibility(said)

    def _place(self) -> None:
        if self._marked is not None:
            self.setGeometry(self._marked.geometry().adjusted(-_AROUND, 0, _AROUND, 0))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, radius = QPainter(self), self._theme.px(RADIUS * 0.7)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color(self._theme.colors.accent))
        painter.setBrush(color(self._theme.colors.accent_soft))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
