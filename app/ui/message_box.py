"""Where a message is written: Return sends, Shift+Return breaks the line. Main thread."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.chat.events import MessageAdded, ReplyFinished, TurnRefused
from app.chat.turns import Turns
from app.core.ids import ConversationId
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current
from app.ui.events import Event, ModelChanged, ModelFailed, ModelLoading, ModelReady

_HEIGHT = 84


class MessageBox(QWidget):
    def __init__(self, current: Current, bridge: Bridge, turns: Turns) -> None:
        super().__init__()
        self._current = current
        self._turns = turns
        self._answers = Answers(self)
        self._streaming: set[ConversationId] = set()
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Message")
        self.text.setPlaceholderText("Message")
        self.text.setFixedHeight(_HEIGHT)
        self.text.installEventFilter(self)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton("Send")
        self.button.clicked.connect(self._press)
        row = QHBoxLayout()
        row.addWidget(self.text)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.note)
        layout.addLayout(row)
        bridge.arrived.connect(self._follow)
        current.changed.connect(self._show_state)
        self._show_state()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = event.modifiers() in (
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.KeypadModifier,
            )
            if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._send()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._stop()
                return True
        return super().eventFilter(watched, event)

    def _press(self) -> None:
        if self._current.conversation in self._streaming:
            self._stop()
        else:
            self._send()

    def _send(self) -> None:
        text = self.text.toPlainText()
        if not text.strip():
            return
        self.text.clear()
        self.note.clear()
        here = self._current.conversation
        if here is None:
            self._answers.take(self._turns.start(text), self._current.open)
        else:
            self._turns.send(here, text)

    def _stop(self) -> None:
        if (here := self._current.conversation) is not None:
            self._turns.stop(here)

    def _follow(self, event: Event) -> None:
        match event:
            case MessageAdded(message=message) if message.status == "streaming":
                self._streaming.add(event.conversation)
            case ReplyFinished():
                self._streaming.discard(event.conversation)
            case TurnRefused():
                # Nothing was stored: what was written goes back to where it was written.
                self.text.setPlainText(event.text)
                self.note.setText(event.error.message)
            case ModelChanged(state=ModelLoading() | ModelReady()):
                self.note.clear()
            case ModelChanged(state=ModelFailed(error=error)):
                self.note.setText(error.message)
            case _:
                pass
        self._show_state()

    def _show_state(self, *_: object) -> None:
        busy = self._current.conversation in self._streaming
        self.button.setText("Stop" if busy else "Send")
