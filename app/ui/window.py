"""The window only places panels; each got its collaborators and knows no other. Main thread."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QSplitter, QVBoxLayout, QWidget

from app.chat.turns import Turns
from app.storage.database import Database
from app.ui import theme
from app.ui.bridge import Bridge
from app.ui.chat_list import ChatList
from app.ui.conversation import Conversation
from app.ui.current import Current
from app.ui.events import Event, ModelChanged, ModelFailed, ModelLoading, ModelReady, NoModel
from app.ui.message_box import MessageBox
from app.ui.transcript.view import Transcript

_SIZE = (1120, 800)


class Window(QMainWindow):
    def __init__(self, bridge: Bridge, db: Database, turns: Turns, look: theme.Theme) -> None:
        super().__init__()
        self.setWindowTitle("Llama Chat")
        self.resize(*_SIZE)
        self.current = Current(self)
        self.transcript = Transcript(look)
        self.chats = ChatList(self.current, bridge, db)
        self.message = MessageBox(self.current, bridge, turns)
        self.model = QLabel("No model")
        self.model.setTextFormat(Qt.TextFormat.PlainText)
        self._conversation = Conversation(self.transcript, self.current, bridge, db, turns)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.addWidget(self.model)
        layout.addWidget(self.transcript, 1)
        layout.addWidget(self.message)
        split = QSplitter()
        split.addWidget(self.chats)
        split.addWidget(column)
        split.setStretchFactor(1, 1)
        split.setSizes([240, _SIZE[0] - 240])
        self.setCentralWidget(split)
        bridge.arrived.connect(self._follow)
        self.message.text.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.transcript.shutdown()
        super().closeEvent(event)

    def _follow(self, event: Event) -> None:
        if isinstance(event, ModelChanged):
            match event.state:
                case NoModel():
                    self.model.setText("No model")
                case ModelLoading(choice=choice, fraction=fraction):
                    self.model.setText(f"Loading {choice.name} … {fraction:.0%}")
                case ModelReady(choice=choice):
                    self.model.setText(choice.name)
                case ModelFailed(choice=choice):
                    self.model.setText(f"{choice.name} could not be loaded")


def application() -> QApplication:
    app = QApplication(["llama-chat"])
    app.setApplicationName("Llama Chat")
    app.setStyle("Fusion")
    app.setPalette(theme.palette(theme.theme(theme.system_mode())))
    return app
