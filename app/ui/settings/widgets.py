"""A switch, and a list to choose from that scrolls past without changing. Main thread."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
)

from app.ui.theme import Theme, color, paint_icon

_NARROWEST = 120  # of a list to choose from


class Toggle(QAbstractButton):
    """On or off, as a switch."""

    def __init__(self, label: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setCheckable(True)
        self.setAccessibleName(label)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._theme.px(40)), round(self._theme.px(24)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, px = self._theme.colors, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        radius = track.height() / 2
        painter.setPen(color(colors.accent if self.isChecked() else colors.faint))
        painter.setBrush(color(colors.accent if self.isChecked() else colors.hover))
        painter.drawRoundedRect(track, radius, radius)
        side = track.height() - px(6)
        left = track.right() - side - px(3) if self.isChecked() else track.left() + px(3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(colors.on_accent if self.isChecked() else colors.muted))
        painter.drawEllipse(QRectF(left, track.top() + px(3), side, side))
        if self.hasFocus():
            painter.setPen(color(colors.text))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(track.adjusted(-1.5, -1.5, 1.5, 1.5), radius + 2, radius + 2)


class ComboBox(QComboBox):
    """Scrolling the page over it does not change it."""

    def __init__(self, label: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(14)

    def minimumSizeHint(self) -> QSize:
        """Less than its longest entry where the page is narrow and the letters large."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), round(self._theme.px(_NARROWEST))), hint.height())

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def wheelEvent(self, e: QWheelEvent) -> None:
        e.ignore()

    def paintEvent(self, e: QPaintEvent) -> None:
        super().paintEvent(e)
        side = self._theme.px(14)
        where = QRectF(self.width() - side - 8, (self.height() - side) / 2, side, side)
        paint_icon(QPainter(self), "chevron-down", self._theme.colors.muted, where)
