"""The text being written: grows to eight lines, sends on Return, offers pasted things.

Main thread. Keys that belong to an input method's composition are never taken from it.
"""

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QImage, QInputMethodEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from app.ui.controls import is_the_windows
from app.ui.theme import Theme

LINES = 8
LONG_CHARACTERS = 4_000  # pasted text past this is offered as an attachment
LONG_LINES = 80
_RETURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Editor(QPlainTextEdit):
    submitted = Signal()
    recalled = Signal()  # up-arrow in an empty editor
    given_up = Signal()  # Escape
    files_pasted = Signal(list)  # local paths
    image_pasted = Signal(QImage)
    long_text_pasted = Signal(str)
    focused = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.return_sends = True
        self.takes_attachments = True
        self._composing = False
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)
        self.setAcceptDrops(False)  # the whole composer takes drops
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.setFont(theme.font())
        self._grow()

    @property
    def send_keys(self) -> str:
        return "Return" if self.return_sends else "Shift+Return"

    def invite(self, text: str) -> None:
        """What stands there while nothing is written."""
        if text != self.placeholderText():
            self.setPlaceholderText(text)
            self.viewport().update()  # Qt paints it again only when it comes or goes

    def replace(self, text: str) -> None:
        """Another text altogether, with the cursor after it and nothing to undo into."""
        self.setPlainText(text)
        cursor = self.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        self.setTextCursor(cursor)

    def sizeHint(self) -> QSize:
        return QSize(200, self._wanted())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self._wanted())

    def event(self, e: QEvent) -> bool:
        if is_the_windows(e):
            e.ignore()
            return False
        return super().event(e)

    def keyPressEvent(self, e: QKeyEvent) -> None:
        if self._composing:
            super().keyPressEvent(e)
        elif e.key() in _RETURN:
            self._return(e)
        elif e.key() == Qt.Key.Key_Up and not self.toPlainText():
            self.recalled.emit()
        elif e.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(e)

    def inputMethodEvent(self, e: QInputMethodEvent) -> None:
        super().inputMethodEvent(e)
        self._composing = bool(e.preeditString())

    def focusInEvent(self, e: QFocusEvent) -> None:
        super().focusInEvent(e)
        self.focused.emit(True)

    def focusOutEvent(self, e: QFocusEvent) -> None:
        super().focusOutEvent(e)
        self._composing = False
        self.focused.emit(False)

    def resizeEvent(self, e: QResizeEvent) -> None:
        super().resizeEvent(e)
        # It scrolled to the cursor while it was still one line high.
        if self.document().size().height() <= LINES:
            self.verticalScrollBar().setValue(0)

    def changeEvent(self, e: QEvent) -> None:
        super().changeEvent(e)
        if e.type() == QEvent.Type.FontChange:
            self._grow()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return (self.takes_attachments and source.hasImage()) or source.hasText()

    def insertFromMimeData(self, source: QMimeData) -> None:
        if not self.takes_attachments:
            self.insertPlainText(source.text())
            return
        paths = local_paths(source)
        text = source.text()
        if paths:
            self.files_pasted.emit(paths)
        elif source.hasImage() and not text:
            self.image_pasted.emit(QImage(source.imageData()))
        elif len(text) > LONG_CHARACTERS or text.count("\n") > LONG_LINES:
            self.long_text_pasted.emit(text)
        else:
            self.insertPlainText(text)

    def _return(self, e: QKeyEvent) -> None:
        held = e.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = held == Qt.KeyboardModifier.NoModifier
        shifted = held == Qt.KeyboardModifier.ShiftModifier
        sends = self.return_sends if plain else not self.return_sends or not shifted
        if sends:
            self.submitted.emit()
        else:
            self.textCursor().insertBlock()
            self.ensureCursorVisible()

    def _wanted(self) -> int:
        line = self.fontMetrics().lineSpacing()
        lines = min(max(round(self.document().size().height()), 1), LINES)
        return lines * line + 2

    def _grow(self) -> None:
        wanted = self._wanted()
        full = self.document().size().height() > LINES
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if full else policy.ScrollBarAlwaysOff
        )
        if wanted != self.height():
            self.setFixedHeight(wanted)


def local_paths(source: QMimeData) -> list[str]:
    return [url.toLocalFile() for url in source.urls() if url.isLocalFile()]
