"""The context meter: a thin bar of how the next prompt fills the model's window. Main thread.

Segments in the order of the prompt; exact figures in the tooltip and for screen readers. A click
opens what is behind them.
"""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.ui.seen.usage import Usage, described, percent, segments
from app.ui.theme import SMALL, Theme, color

_WIDTH, _BAR = 120, 5


class ContextMeter(QAbstractButton):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.usage = Usage()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_usage(Usage())

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        px = self._theme.px
        return QSize(round(px(_WIDTH)), round(px(30)))

    def show_usage(self, usage: Usage) -> None:
        self.usage = usage
        self.setVisible(usage.limit > 0)
        self.setToolTip(described(usage, self._theme))
        self.setAccessibleName(described(usage, self._theme).replace("\n", ", "))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        px, colors = self._theme.px, self._theme.colors
        share = percent(self.usage)
        painter.setFont(self._theme.font(SMALL * 0.95))
        painter.setPen(color(colors.danger if share >= 95 else colors.muted))
        words = QRectF(self.rect()).adjusted(0, 0, 0, -px(_BAR) - px(4))
        painter.drawText(
            words, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom), "Context"
        )
        painter.drawText(
            words, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom), f"{share} %"
        )
        bar = QRectF(0, self.height() - px(_BAR) - px(2), self.width(), px(_BAR))
        path = QPainterPath()
        path.addRoundedRect(bar, px(_BAR) / 2, px(_BAR) / 2)
        painter.setClipPath(path)
        painter.fillRect(bar, color(colors.pressed))
        left = bar.left()
        for _, tokens, tone in segments(self.usage, self._theme):
            width = bar.width() * tokens / max(self.usage.limit, 1)
            painter.fillRect(QRectF(left, bar.top(), width, bar.height()), color(tone))
            left += width
        if self.hasFocus():
            painter.setClipping(False)
            painter.setPen(color(colors.accent))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
