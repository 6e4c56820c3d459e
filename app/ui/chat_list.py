"""The conversations, newest first: what the sidebar shows. Main thread."""

from PySide6.QtCore import QModelIndex, QStringListModel, Qt, Signal
from PySide6.QtWidgets import QListView, QPushButton, QVBoxLayout, QWidget

from app.chat.events import ConversationChanged
from app.storage import conversations
from app.storage.conversations import Conversation, Page
from app.storage.database import Database
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current, Place
from app.ui.events import Event

_PAGE = 200


class ChatList(QWidget):
    opened = Signal(object)

    def __init__(self, current: Current, bridge: Bridge, db: Database) -> None:
        super().__init__()
        self._current = current
        self._db = db
        self._answers = Answers(self)
        self._items: tuple[Conversation, ...] = ()
        new = QPushButton("New chat")
        new.setShortcut("Ctrl+N")
        new.clicked.connect(lambda: current.open(None))
        self._titles = QStringListModel(self)
        self._view = QListView()
        self._view.setAccessibleName("Conversations")
        self._view.setModel(self._titles)
        self._view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._view.clicked.connect(self._open)
        self._view.activated.connect(self._open)
        layout = QVBoxLayout(self)
        layout.addWidget(new)
        layout.addWidget(self._view)
        bridge.arrived.connect(self._follow)
        current.changed.connect(self._select)
        self.refresh()

    def refresh(self) -> None:
        page = self._db.read(lambda tx: conversations.page(tx, limit=_PAGE))
        self._answers.take(page, self._fill)

    def _fill(self, page: Page) -> None:
        self._items = page.items
        self._titles.setStringList([item.title or "New chat" for item in page.items])
        self._select(Place(self._current.conversation))

    def _follow(self, event: Event) -> None:
        if isinstance(event, ConversationChanged):
            self.refresh()

    def _open(self, index: QModelIndex) -> None:
        self._current.open(self._items[index.row()].id)

    def _select(self, place: Place) -> None:
        rows = [i for i, item in enumerate(self._items) if item.id == place.conversation]
        if rows:
            self._view.setCurrentIndex(self._titles.index(rows[0]))
        else:
            self._view.selectionModel().clear()
        self._view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
