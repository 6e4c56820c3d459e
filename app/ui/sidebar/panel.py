"""The sidebar: new chat, search, the list, and the model's state at its foot. Main thread."""

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.storage.conversations import Place
from app.ui.bridge import Bridge
from app.ui.controls import IconButton, action, is_the_windows, spoken
from app.ui.current import Current, NewChat
from app.ui.live import Live
from app.ui.notes import Notes
from app.ui.sidebar.footer import Footer
from app.ui.sidebar.library import Library
from app.ui.sidebar.model import ChatModel
from app.ui.sidebar.view import ChatList
from app.ui.theme import Theme, icon

SEARCH_MS = 120  # a pause in typing this long starts the search
_NARROWING = """Narrow a search down:
"words in quotes" stand together
in:folder looks into one folder
role:user or role:assistant, who said it
model:name, who answered
after:2026-01-31 or before:2026-01-31, when"""


class SearchField(QLineEdit):
    left_downwards = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Search chats")
        self.setAccessibleName("Search chats")
        self.setAccessibleDescription(_NARROWING)
        self.setToolTip(_NARROWING)
        self.setClearButtonEnabled(True)
        self._icon = self.addAction(
            icon("search", theme.colors.muted), QLineEdit.ActionPosition.LeadingPosition
        )
        for button in self.findChildren(QToolButton):  # Qt's own, which has no words
            button.setAccessibleName("Clear the search")

    def set_theme(self, theme: Theme) -> None:
        self._icon.setIcon(icon("search", theme.colors.muted))

    def event(self, arg__1: QEvent) -> bool:
        if is_the_windows(arg__1):
            arg__1.ignore()
            return False
        return super().event(arg__1)

    def keyPressEvent(self, arg__1: QKeyEvent) -> None:
        if arg__1.key() == Qt.Key.Key_Down:
            self.left_downwards.emit()
        elif arg__1.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(arg__1)


class Sidebar(QFrame):
    def __init__(
        self,
        library: Library,
        current: Current,
        live: Live,
        notes: Notes,
        bridge: Bridge,
        theme: Theme,
    ) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self._current = current
        self.model = ChatModel(library, live, bridge, parent=self)
        self.list = ChatList(self.model, library, current, notes, theme)
        self.search = SearchField(theme)
        self.footer = Footer(bridge, theme)
        self.menu_button = IconButton("menu", "Menu", theme)
        self.hide_button = IconButton("sidebar", "Hide the sidebar", theme)
        self.new_button = QPushButton("New chat")
        self.temporary_button = IconButton("temporary", "New temporary chat", theme)
        self._theme = theme
        self._typed = QTimer(self, interval=SEARCH_MS, singleShot=True)
        self._make_actions()
        self._lay_out()
        self._connect()
        self.set_theme(theme)
        self.model.reload()

    def _make_actions(self) -> None:
        do = self.list
        self.new_chat = action(self, "&New chat", self._new_chat, "Ctrl+N")
        self.new_temporary = action(
            self, "New temporar&y chat", lambda: self._current.begin(NewChat.TEMPORARY), "Ctrl+T"
        )
        self.find_chats = action(self, "&Search chats", self._find, "Ctrl+Shift+F")
        self.rename = action(self, "&Rename chat", do.rename_chosen, "F2")
        self.pin = action(self, "&Pin or unpin chat", do.pin_chosen, "Ctrl+Shift+P")
        self.archive = action(self, "&Archive chat", do.archive_chosen, "Ctrl+Shift+A")
        self.trash = action(self, "Move chat to &trash", do.trash_chosen, "Ctrl+Shift+Backspace")
        self.new_folder = action(self, "New &folder", do.new_folder, "Ctrl+Shift+N")
        self.show_chats = action(self, "Show &chats", lambda: self.show_place("chats"))
        self.show_archive = action(self, "Show arc&hive", lambda: self.show_place("archive"))
        self.show_trash = action(self, "Show tras&h", lambda: self.show_place("trash"))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(8, 8, 8, 0)
        top.addWidget(self.menu_button)
        top.addStretch(1)
        top.addWidget(self.hide_button)
        fields = QVBoxLayout()
        fields.setContentsMargins(10, 2, 10, 4)
        fields.setSpacing(6)
        begin = QHBoxLayout()
        begin.setSpacing(2)
        begin.addWidget(self.new_button, 1)
        begin.addWidget(self.temporary_button)
        fields.addLayout(begin)
        fields.addWidget(self.search)
        self._back = QPushButton("Back to the chats")
        self._back.setProperty("kind", "link")
        self._back.clicked.connect(self.show_chats.trigger)
        self._back.hide()
        fields.addWidget(self._back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(fields)
        column.addWidget(self.list, 1)
        column.addWidget(self.footer)

    def _connect(self) -> None:
        self.new_button.clicked.connect(self.new_chat.trigger)
        self.new_button.setToolTip(spoken("New chat", self.new_chat.shortcut()))
        self.temporary_button.does(self.new_temporary)
        self.search.textChanged.connect(self._search_soon)
        self._typed.timeout.connect(lambda: self.model.search(self.search.text()))
        self.search.left_downwards.connect(self._enter_list)
        self.search.returnPressed.connect(self._open_first)
        self.list.left_upwards.connect(self.search.setFocus)
        self.list.given_up.connect(self.search.clear)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.new_button.setIcon(icon("new-chat", theme.colors.text))
        self.setMinimumWidth(round(theme.px(178)))
        parts = (
            self.list, self.search, self.footer, self.menu_button, self.hide_button,
            self.temporary_button,
        )  # fmt: skip
        for part in parts:
            part.set_theme(theme)

    def show_place(self, place: Place) -> None:
        self.search.clear()
        self._back.setVisible(place != "chats")
        self.model.show_place(place)

    def _search_soon(self, _: str) -> None:
        self._typed.start()

    def _new_chat(self) -> None:
        self.list.setCurrentIndex(QModelIndex())
        self._current.open(None)

    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _enter_list(self) -> None:
        first = self._first()
        if first.isValid():
            self.list.setFocus(Qt.FocusReason.TabFocusReason)
            self.list.setCurrentIndex(first)

    def _open_first(self) -> None:
        """Of the hits of what is written: they may still be on their way."""
        text = self.search.text().strip()
        if not text:
            return
        if self._typed.isActive() or not self.model.answered:
            self._typed.stop()
            self.model.search(text, lambda: self._open_hit(text))
        else:
            self._open_hit(text)

    def _open_hit(self, text: str) -> None:
        first = self._first()
        if self.search.text().strip() == text and first.isValid():
            self.list.activated.emit(first)

    def _first(self) -> QModelIndex:
        indexes = (self.model.index(at) for at in range(self.model.rowCount()))
        chosen = Qt.ItemFlag.ItemIsSelectable
        return next((at for at in indexes if self.model.flags(at) & chosen), QModelIndex())
