"""What floats over the transcript: the "newest" button, the hovered address, the link card.

Main thread. Text from a model is shown as plain text only. A link is opened by nobody here: the
card shows the whole address, and only its button asks for it to be opened.
"""

from PySide6.QtCore import QPoint, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.theme import CARD_RADIUS, SMALL, Theme, icon

_CARD_WIDTH = 380
_ADDRESS_LINES = 5


class NewestButton(QToolButton):
    """Shown while the reader is away from the end."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
        self.setText("Newest")
        self.setAccessibleName("Scroll to the newest message")
        self.setToolTip("Scroll to the newest message (End)")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        colors = theme.colors
        size = round(theme.px(16))
        self.setIcon(icon("arrow-down", colors.text, size))
        self.setIconSize(QSize(size, size))
        self.setFont(theme.font(SMALL))
        self.setStyleSheet(
            f"QToolButton {{ background: {colors.surface}; color: {colors.text};"
            f" border: 1px solid {colors.border}; border-radius: {round(theme.px(15))}px;"
            f" padding: {round(theme.px(6))}px {round(theme.px(14))}px; }}"
            f"QToolButton:hover {{ background: {colors.hover}; }}"
        )
        self.place()

    def place(self) -> None:
        area = self._area.rect()
        size = self.sizeHint()
        self.setGeometry(
            (area.width() - size.width()) // 2,
            area.height() - size.height() - 12,
            size.width(),
            size.height(),
        )


class HoveredAddress(QLabel):
    """Where the link under the pointer leads, in a corner, as browsers do."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        colors = theme.colors
        self.setFont(theme.font(SMALL))
        self.setStyleSheet(
            f"background: {colors.surface}; color: {colors.muted}; padding: 3px 8px;"
            f" border: 1px solid {colors.border}; border-top-right-radius: 6px;"
        )

    def show_address(self, url: str) -> None:
        self.setVisible(bool(url))
        if url:
            room = round(self._area.width() * 0.7)
            shown = self.fontMetrics().elidedText(encoded(url), Qt.TextElideMode.ElideMiddle, room)
            self.setText(shown)
            self.adjustSize()
            self.move(0, self._area.height() - self.height())


class LinkCard(QFrame):
    """The whole address and what to do with it."""

    opened = Signal(str)
    copied = Signal(str)

    def __init__(self, theme: Theme, url: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(f"Link to {encoded(url)}")
        self._url = url
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        title = QLabel("Open this address in the browser?")
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setFont(theme.font(SMALL, bold=True))
        column.addWidget(title)
        column.addWidget(self._address(theme))
        column.addLayout(self._buttons(theme))
        colors = theme.colors
        self.setStyleSheet(
            f"LinkCard {{ background: {colors.surface}; border: 1px solid {colors.border};"
            f" border-radius: {CARD_RADIUS}px; }}"
            f"QLabel {{ color: {colors.text}; }}"
            f"QPlainTextEdit {{ background: {colors.code}; color: {colors.text};"
            f" border: 1px solid {colors.border}; border-radius: 6px; }}"
            f"QPushButton {{ color: {colors.text}; background: {colors.hover}; border: none;"
            f" border-radius: 6px; padding: 6px 14px; }}"
            f"QPushButton:default {{ background: {colors.accent}; color: {colors.on_accent}; }}"
            f"QPushButton:focus {{ border: 2px solid {colors.text}; padding: 4px 12px; }}"
        )
        self.setFixedWidth(round(theme.px(_CARD_WIDTH)))

    def _address(self, theme: Theme) -> QPlainTextEdit:
        address = QPlainTextEdit(encoded(self._url))
        address.setReadOnly(True)
        address.setAccessibleName("Address")
        address.setFont(theme.mono(0.88))
        address.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        address.setTabChangesFocus(True)
        column = max(
            1, round(theme.px(_CARD_WIDTH - 60)) // address.fontMetrics().averageCharWidth()
        )
        lines = min(_ADDRESS_LINES, 1 + len(encoded(self._url)) // column)
        address.setFixedHeight(address.fontMetrics().lineSpacing() * lines + 14)
        return address

    def _buttons(self, theme: Theme) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addStretch(1)
        copy, go = QPushButton("Copy address"), QPushButton("Open")
        self._open_button = go
        go.setDefault(True)
        copy.clicked.connect(self._copy)
        go.clicked.connect(self._open)
        for button in (copy, go):
            button.setFont(theme.font(SMALL))
            line.addWidget(button)
        return line

    def show_at(self, point: QPoint) -> None:
        """Near a point of the viewport, and wholly inside it; gone when it loses the focus."""
        self.adjustSize()
        area = self._area.rect().adjusted(8, 8, -8, -8)
        x = min(max(area.left(), point.x() - 24), area.right() - self.width())
        y = point.y() + 16
        if y + self.height() > area.bottom():
            y = point.y() - self.height() - 16
        self.move(max(area.left(), x), max(area.top(), y))
        self.show()
        self.raise_()
        self._open_button.setFocus(Qt.FocusReason.PopupFocusReason)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._focus_moved)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            self._area.setFocus()
        else:
            super().keyPressEvent(event)

    def _focus_moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        if now is None or not self.isAncestorOf(now):
            self.close()

    def _open(self) -> None:
        self.opened.emit(self._url)
        self.close()

    def _copy(self) -> None:
        self.copied.emit(self._url)
        self.close()


def encoded(url: str) -> str:
    """The address as it is really asked for: no letters that only look like others."""
    return QUrl(url).toString(QUrl.ComponentFormattingOption.FullyEncoded) or url
