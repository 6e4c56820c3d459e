"""The list widget of the sidebar: opens, renames in place, drags into folders, has a menu.

Main thread. Speaks in the library's verbs; an undo is offered where something leaves the list.
"""

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QListView, QMenu, QWidget

from app.core.ids import ConversationId, FolderId
from app.storage.conversations import Conversation
from app.storage.database import is_temporary
from app.storage.folders import Folder
from app.ui.bridge import Answers
from app.ui.current import Current, Place
from app.ui.notes import Notes
from app.ui.sidebar.delegate import RowDelegate
from app.ui.sidebar.library import Library
from app.ui.sidebar.model import MIME, ChatModel
from app.ui.sidebar.rows import ChatRow, FolderRow, Heading, HitRow, Key, Row, key_of
from app.ui.theme import Theme


class ChatList(QListView):
    left_upwards = Signal()  # up-arrow on the first row: back to the search field
    given_up = Signal()  # Escape

    def __init__(
        self,
        model: ChatModel,
        library: Library,
        current: Current,
        notes: Notes,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rows = model
        self._library = library
        self._answers = Answers(self)
        self._current = current
        self._notes = notes
        self._delegate = RowDelegate(model, theme)
        self._kept: Key | None = None
        self.setObjectName("chats")
        self.setAccessibleName("Chats")
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        # Rows of chats are of one height, which makes 10,000 of them cheap to lay out.
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)
        self.verticalScrollBar().setSingleStep(32)
        self.clicked.connect(self._open)
        self.activated.connect(self._open)
        model.rowsAboutToBeRemoved.connect(self._keep)
        model.rowsInserted.connect(self._restore)
        model.kind_changed.connect(self._kind_changed)
        model.held = self._is_read
        model.renaming = self._is_renaming
        current.changed.connect(self._show)

    def set_theme(self, theme: Theme) -> None:
        self._delegate.set_theme(theme)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def resizeEvent(self, e: QResizeEvent) -> None:
        self._delegate.set_room(self.viewport().width())
        super().resizeEvent(e)

    def _with_chosen(self, do: Callable[[Conversation], None]) -> None:
        """The chat whose row has the keyboard, else the one on screen, listed or not."""
        shown = self._current.conversation
        here = self.currentIndex() if self.hasFocus() else self._rows.index_of(("chat", shown))
        row = self._rows.row(here)
        if isinstance(row, ChatRow):
            do(row.chat)
        elif shown is not None:
            self._answers.take(self._library.get(shown), do, lambda _: None)

    # -- verbs

    def rename_chosen(self) -> None:
        self._with_chosen(self._rename)

    def pin_chosen(self) -> None:
        self._with_chosen(self._pin)

    def archive_chosen(self) -> None:
        self._with_chosen(self._archive)

    def trash_chosen(self) -> None:
        self._with_chosen(self._trash)

    def new_folder(self, parent: FolderId | None = None) -> None:
        self._library.create_folder("New folder", parent)
        if parent is not None:
            self._rows.open_folder(parent, True)

    def _rename(self, chat: Conversation) -> None:
        index = self._rows.index_of(("chat", chat.id))
        if index.isValid():
            self.edit(index)
        elif chat.folder_id is not None:  # closed: the next press finds its row
            self._rows.open_folder(chat.folder_id, True)

    def _rename_folder(self, folder: Folder) -> None:
        if (index := self._rows.index_of(("folder", folder.id))).isValid():
            self.edit(index)

    def _pin(self, chat: Conversation) -> None:
        if not is_temporary(chat.id):
            self._library.pin(chat.id, not chat.pinned)

    def _trash(self, chat: Conversation) -> None:
        self._leave(chat.id)
        if is_temporary(chat.id):
            self._library.discard(chat.id)
            return
        self._library.trash(chat.id)
        title = chat.title or "The chat"
        self._notes.say(
            f"“{title[:60]}” is in the trash.", "Undo", lambda: self._library.restore(chat.id)
        )

    def _archive(self, chat: Conversation) -> None:
        if is_temporary(chat.id):  # it has no place to be kept in
            return
        if chat.archived:
            self._library.archive(chat.id, False)
            return
        self._leave(chat.id)
        self._library.archive(chat.id, True)
        title = chat.title or "The chat"
        self._notes.say(
            f"“{title[:60]}” is in the archive.",
            "Undo",
            lambda: self._library.archive(chat.id, False),
        )

    def _leave(self, conversation: ConversationId) -> None:
        if self._current.conversation == conversation:
            self._current.open(None)

    def _open(self, index: QModelIndex) -> None:
        match self._rows.row(index):
            case ChatRow(chat=chat):
                self._current.open(chat.id)
            case HitRow(conversation=conversation, message=message):
                self._current.open(conversation, message, words=self._rows.searched)
            case FolderRow(folder=folder, open=opened):
                self._rows.open_folder(folder.id, not opened)
            case _:
                pass

    def _show(self, place: Place) -> None:
        self._delegate.shown = place.conversation
        self._rows.seen(place.conversation)
        self.viewport().update()

    def _kind_changed(self, hits: bool) -> None:
        self.setUniformItemSizes(not hits)
        self.scheduleDelayedItemsLayout()

    def _is_read(self) -> bool:
        """A row is chosen, or the list was scrolled."""
        return self.currentIndex().isValid() or self.verticalScrollBar().value() > 0

    def _is_renaming(self) -> bool:
        return self.state() == QAbstractItemView.State.EditingState

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        self._rows.renamed()

    # -- the place of the focus survives a change of rows

    def _keep(self, parent: QModelIndex, first: int, last: int) -> None:
        at = self.currentIndex()
        row = self._rows.row(at)
        self._kept = key_of(row) if row is not None and first <= at.row() <= last else None

    def _restore(self) -> None:
        if self._kept is not None:
            index = self._rows.index_of(self._kept)
            self._kept = None
            if index.isValid():
                self.setCurrentIndex(index)

    # -- keys and menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_renaming():
            return  # what the field of the name makes nothing of is not for the list
        row = self._rows.row(self.currentIndex())
        key = event.key()
        if isinstance(row, FolderRow) and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._rows.open_folder(row.folder.id, key == Qt.Key.Key_Right)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self._open(self.currentIndex())
        elif key == Qt.Key.Key_Delete and isinstance(row, ChatRow):
            self._trash(row.chat)
        elif key == Qt.Key.Key_Escape:
            self.given_up.emit()
        elif key == Qt.Key.Key_Up and not self._above(self.currentIndex()):
            self.left_upwards.emit()
        else:
            super().keyPressEvent(event)

    def _above(self, index: QModelIndex) -> bool:
        rows = range(index.row() - 1, -1, -1)
        return any(not isinstance(self._rows.row(self._rows.index(at)), Heading) for at in rows)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        where = self.visualRect(index).center() if keyboard else event.pos()
        if (menu := self.menu_for(index)) is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.viewport().mapToGlobal(QPoint(where)))

    def menu_for(self, index: QModelIndex) -> QMenu | None:
        match self._rows.row(index):
            case ChatRow(chat=chat):
                return self._chat_menu(chat)
            case FolderRow(folder=folder):
                return self._folder_menu(folder)
            case _:
                return None

    def _chat_menu(self, chat: Conversation) -> QMenu:
        menu = QMenu(self)
        if chat.place == "trash":
            menu.addAction("Restore", lambda: self._library.restore(chat.id))
            return menu
        menu.addAction("Rename", lambda: self._rename(chat))
        if is_temporary(chat.id):
            menu.addAction("Discard", lambda: self._trash(chat))
            return menu
        menu.addAction(
            "Unpin" if chat.pinned else "Pin", lambda: self._library.pin(chat.id, not chat.pinned)
        )
        menu.addAction("Duplicate", lambda: self._library.duplicate(chat.id))
        self._add_moves(menu.addMenu("Move to"), chat)
        menu.addSeparator()
        menu.addAction(
            "Back from the archive" if chat.archived else "Archive", lambda: self._archive(chat)
        )
        menu.addAction("Move to trash", lambda: self._trash(chat))
        return menu

    def _add_moves(self, menu: QMenu, chat: Conversation) -> None:
        for folder in self._rows.folders:
            entry = menu.addAction(
                folder.name, lambda found=folder.id: self._library.move(chat.id, found)
            )
            entry.setEnabled(folder.id != chat.folder_id)
        menu.addSeparator()
        menu.addAction("New folder", self.new_folder)
        out = menu.addAction("No folder", lambda: self._library.move(chat.id, None))
        out.setEnabled(chat.folder_id is not None)

    def _folder_menu(self, folder: Folder) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Rename", lambda: self._rename_folder(folder))
        menu.addAction("New folder inside", lambda: self.new_folder(folder.id))
        out = menu.addAction("Move to the top", lambda: self._library.move_folder(folder.id, None))
        out.setEnabled(folder.parent_id is not None)
        menu.addSeparator()
        menu.addAction(
            "Delete the folder, keep its chats", lambda: self._library.delete_folder(folder.id)
        )
        return menu

    # -- drag and drop

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        row = self._rows.row(self.currentIndex())
        if (data := _carried(row)) is not None:
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.setPixmap(self.grab(self.visualRect(self.currentIndex())))
            drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, e: QDragEnterEvent) -> None:
        if e.mimeData().hasFormat(MIME):
            e.acceptProposedAction()

    def dragMoveEvent(self, e: QDragMoveEvent) -> None:
        index = self.indexAt(e.position().toPoint())
        self.setCurrentIndex(index)
        if e.mimeData().hasFormat(MIME):
            e.acceptProposedAction()

    def dropEvent(self, e: QDropEvent) -> None:
        kind, _, number = bytes(e.mimeData().data(MIME).data()).decode().partition(":")
        target = self._target(self._rows.row(self.indexAt(e.position().toPoint())))
        if kind == "chat":
            self._library.move(ConversationId(int(number)), target)
        elif kind == "folder" and int(number) != target:
            self._library.move_folder(FolderId(int(number)), target)
        e.acceptProposedAction()

    def _target(self, row: Row | None) -> FolderId | None:
        match row:
            case FolderRow(folder=folder):
                return folder.id
            case ChatRow(chat=chat, depth=depth) if depth:
                return chat.folder_id
            case _:
                return None


def _carried(row: Row | None) -> QMimeData | None:
    match row:
        case ChatRow(chat=chat) if not is_temporary(chat.id):
            name = f"chat:{chat.id}"
        case FolderRow(folder=folder):
            name = f"folder:{folder.id}"
        case _:
            return None
    data = QMimeData()
    data.setData(MIME, name.encode())
    return data
