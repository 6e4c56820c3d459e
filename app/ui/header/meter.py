"""The context meter: a thin bar of how the next prompt fills the model's window. Main thread.

Segments in the order of the prompt; exact figures in the tooltip and for screen readers.
"""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.events import Usage
from app.ui.theme import SMALL, Theme, color, mixed

_WIDTH, _BAR = 120, 5


class ContextMeter(QWidget):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.usage = Usage()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

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
        self.setToolTip(described(usage))
        self.setAccessibleName(described(usage).replace("\n", ", "))
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
        for tokens, tone in self._segments():
            width = bar.width() * tokens / max(self.usage.limit, 1)
            painter.fillRect(QRectF(left, bar.top(), width, bar.height()), color(tone))
            left += width
        if self.hasFocus():
            painter.setClipping(False)
            painter.setPen(color(colors.accent))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _segments(self) -> list[tuple[int, str]]:
        colors, usage = self._theme.colors, self.usage
        full = colors.danger if percent(usage) >= 95 else colors.accent
        return [
            (usage.system, colors.muted),
            (usage.narrative, mixed(colors.window, full, 0.45)),
            (usage.recalled, mixed(colors.window, full, 0.7)),
            (usage.recent, full),
            (usage.reserve, colors.faint),
        ]


def percent(usage: Usage) -> int:
    return round(100 * (usage.used + usage.reserve) / usage.limit) if usage.limit else 0


def described(usage: Usage) -> str:
    parts = (
        ("System prompt", usage.system),
        ("Narrative", usage.narrative),
        ("Recalled", usage.recalled),
        ("Conversation", usage.recent),
        ("Kept for the reply", usage.reserve),
    )
    lines = [f"{name}: {tokens:,}" for name, tokens in parts if tokens]
    filled = usage.used + usage.reserve
    return "\n".join([f"Context: {filled:,} of {usage.limit:,} tokens", *lines])
