"""The list behind the sidebar: one flat model over chats, folders, an archive, a trash or hits.

Main thread. Reads pages only as they are scrolled to, and changes only the rows that differ,
so that 10,000 chats do not stutter. Answers that came too late are dropped.
"""

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QStringListModel,
    Qt,
    QTimer,
    Signal,
)

from app.chat.events import ConversationChanged, MessageAdded, ReplyFinished
from app.core.ids import ConversationId, FolderId
from app.storage.conversations import Conversation, Cursor, Page, Place
from app.storage.folders import Folder
from app.storage.search import Results
from app.ui.bridge import Answers, Bridge
from app.ui.controls import plain_tip
from app.ui.events import Event, FoldersChanged
from app.ui.live import Live
from app.ui.sidebar.library import Library
from app.ui.sidebar.rows import (
    ChatRow,
    FolderRow,
    Heading,
    HitRow,
    Remark,
    Row,
    Shelf,
    below,
    edits,
    hit_rows,
    key_of,
    place_rows,
    rows_of,
)

_log = logging.getLogger(__name__)

ROW = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
Mark = Literal["", "streaming", "unread"]
MIME = "application/x-llama-chat-row"
_MEANT = "found by its meaning"
MEANING_MS = 150  # what is still being typed is not asked for its meaning


class ChatModel(QStringListModel):
    # A list of (empty) strings, because its `rowCount` is C++: a view asks that for every row when
    # it lays them out, and 10,000 calls into Python are a stutter.
    kind_changed = Signal(bool)  # whether hits are listed, whose rows differ in height

    def __init__(
        self,
        library: Library,
        live: Live,
        bridge: Bridge,
        today: Callable[[], date] = date.today,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._live = live
        self._today = today
        self._answers = Answers(self)
        self._place: Place = "chats"
        self._shelf = Shelf()
        self._after: Cursor | None = None
        self._reading = False
        self._generation = 0
        self._searched = ""
        self._hits: Results | None = None
        self._answered = ""  # what those are hits of
        self.held: Callable[[], bool] = lambda: False  # somebody reads the hits: they must stay
        self.renaming: Callable[[], bool] = lambda: False  # a row is a field: no row may move
        self._listed: Place | Literal["hits"] = "chats"
        self._mean_soon = QTimer(self, interval=MEANING_MS, singleShot=True)
        self._mean_soon.timeout.connect(self._search_by_meaning)
        self._unread: set[ConversationId] = set()
        self._shown: ConversationId | None = None
        self._rows: list[Row] = []
        self._next: list[Row] = []  # what the rows are about to be
        # Before any view hears of it, the rows are what it will ask for.
        self.rowsRemoved.connect(self._took_out)
        self.rowsInserted.connect(self._put_in)
        bridge.arrived.connect(self._follow)
        live.changed.connect(self._marks_changed)

    # -- what it shows

    @property
    def place(self) -> Place:
        return self._place

    @property
    def searched(self) -> str:
        return self._searched

    @property
    def answered(self) -> bool:
        """The hits that are listed are of what was searched last."""
        return self._hits is not None and self._answered == self._searched

    @property
    def folders(self) -> tuple[Folder, ...]:
        return self._shelf.folders

    @property
    def opened(self) -> frozenset[FolderId]:
        return frozenset(self._shelf.opened)

    def show_place(self, place: Place) -> None:
        self._place = place
        self._searched, self._hits = "", None
        self.reload()

    def reload(self) -> None:
        self._generation += 1
        self._shelf = Shelf(self._shelf.folders, self._shelf.opened)
        self._after, self._reading = None, False
        if self._place == "chats":
            self._answers.take(self._library.folders(), self._take_folders)
            generation = self._generation
            temporary = self._library.temporary()
            self._answers.take(temporary, lambda page: self._take_more(page, generation))
            for folder in self._shelf.opened:
                self._read_folder(folder)
        self._read_page()

    def search(self, text: str, listed: Callable[[], None] | None = None) -> None:
        """Empty: the list again. `listed` is called when the hits are there."""
        self._searched = text.strip()
        self._mean_soon.stop()
        if not self._searched:
            self._hits = None
            self._rebuild()
            return
        asked = self._searched

        def came(results: Results) -> None:
            if asked == self._searched:
                self._hits, self._answered = results, asked
                self._rebuild()
                self._mean_soon.start()
                if listed is not None:
                    listed()

        self._answers.take(self._library.search(asked), came)

    def _search_by_meaning(self) -> None:
        """What words found is on the list; what both find takes its place when it is there."""
        asked, by_words = self._searched, self._hits

        def came(results: Results | None) -> None:
            if asked != self._searched or results is None or by_words is None:
                return
            if self._hits is by_words:
                self._hits = below(by_words, results) if self.held() else results
                self._rebuild()

        def failed(error: BaseException) -> None:
            _log.info("nothing was searched by meaning: %s", error)

        self._answers.take(self._library.search_by_meaning(asked), came, failed)

    def open_folder(self, folder: FolderId, opened: bool) -> None:
        if opened:
            self._shelf.opened.add(folder)
            self._read_folder(folder)
        else:
            self._shelf.opened.discard(folder)
        self._rebuild()

    def _read_folder(self, folder: FolderId) -> None:
        """What is in it may be older than the pages read so far."""
        generation = self._generation
        page = self._library.page("chats", folder)
        self._answers.take(page, lambda came: self._take_more(came, generation))

    def seen(self, conversation: ConversationId | None) -> None:
        """It is on screen: nothing in it is unread."""
        self._shown = conversation
        if conversation is not None and conversation in self._unread:
            self._unread.discard(conversation)
            self._marks_changed(conversation)

    def mark(self, conversation: ConversationId) -> Mark:
        if self._live.streaming(conversation):
            return "streaming"
        return "unread" if conversation in self._unread else ""

    def row(self, index: Index) -> Row | None:
        return self._rows[index.row()] if index.isValid() else None

    def index_of(self, key: tuple[str, object]) -> QModelIndex:
        kind, name = key
        if kind == "chat":  # the most asked for, among thousands
            places = (
                at
                for at, row in enumerate(self._rows)
                if type(row) is ChatRow and row.chat.id == name
            )
        else:
            places = (at for at, row in enumerate(self._rows) if key_of(row) == key)
        found = next(places, -1)
        return self.index(found) if found >= 0 else QModelIndex()

    # -- Qt's questions

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index)
        if row is None:
            return None
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return _title(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        chosen = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        match self.row(index):
            case ChatRow():
                return chosen | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
            case FolderRow():
                folder = Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
                return chosen | folder | Qt.ItemFlag.ItemIsDropEnabled
            case HitRow():
                return chosen
            case Heading():
                return Qt.ItemFlag.ItemIsDropEnabled
            case _:
                return Qt.ItemFlag.NoItemFlags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        text = str(value).strip()
        row = self.row(index)
        if role != Qt.ItemDataRole.EditRole or not text or row is None or text == _title(row):
            return False
        match row:
            case ChatRow(chat=chat):
                self._library.rename(chat.id, text)
            case FolderRow(folder=folder):
                self._library.rename_folder(folder.id, text)
            case _:
                return False
        return True

    def canFetchMore(self, parent: Index) -> bool:
        return self._after is not None and self._hits is None

    def fetchMore(self, parent: Index) -> None:
        self._read_page()

    # -- what comes back

    def _read_page(self) -> None:
        if self._reading:
            return
        self._reading = True
        generation = self._generation

        def came(page: Page) -> None:
            if generation == self._generation:
                self._reading = False
                self._after = page.next
                self._put(page)
                self._rebuild()

        self._answers.take(self._library.page(self._place, after=self._after), came)

    def _take_more(self, page: Page, generation: int) -> None:
        if generation == self._generation and page.items:
            self._put(page)
            self._rebuild()

    def _put(self, page: Page) -> None:
        for chat in page.items:
            self._shelf.put(chat)

    def _take_folders(self, folders: list[Folder]) -> None:
        self._shelf.folders = tuple(folders)
        self._rebuild()

    def _follow(self, event: Event) -> None:
        match event:
            case ConversationChanged() | MessageAdded():
                self._refresh(event.conversation)
            case ReplyFinished():
                if event.conversation != self._shown:
                    self._unread.add(event.conversation)
                self._refresh(event.conversation)
            case FoldersChanged():
                self.reload()
            case _:
                pass

    def _refresh(self, conversation: ConversationId) -> None:
        def came(chat: Conversation) -> None:
            if chat.place == self._place:
                self._shelf.put(chat)
            else:
                self._shelf.remove(chat.id)
            self._rebuild()

        def gone(_: BaseException) -> None:
            self._shelf.remove(conversation)
            self._rebuild()

        self._answers.take(self._library.get(conversation), came, gone)

    def _marks_changed(self, conversation: ConversationId) -> None:
        index = self.index_of(("chat", conversation))
        if index.isValid():
            self.dataChanged.emit(index, index)

    def renamed(self) -> None:
        """The field is gone: what changed meanwhile is shown."""
        self._rebuild()

    def _rebuild(self) -> None:
        hits = self._hits is not None
        before, self._listed = self._listed, "hits" if hits else self._place
        if before == self._listed and self.renaming():
            return
        if hits != (before == "hits"):
            self.removeRows(0, len(self._rows))  # nothing of one list is in the other
            self.kind_changed.emit(hits)
        if self._hits is not None:
            self._replace(hit_rows(self._hits))
        elif self._place == "chats":
            self._replace(rows_of(self._shelf, self._today()))
        else:
            self._replace(place_rows(self._shelf, self._place))

    def _replace(self, rows: list[Row]) -> None:
        step = edits(self._rows, rows)
        self._next = rows
        for run in step.out:
            self.removeRows(run.start, len(run))
        for run in step.put:
            self.insertRows(run.start, len(run))
        self._rows = rows
        if step.anew:
            self.dataChanged.emit(self.index(step.anew.start), self.index(step.anew.stop - 1))

    def _took_out(self, _: QModelIndex, first: int, last: int) -> None:
        del self._rows[first : last + 1]

    def _put_in(self, _: QModelIndex, first: int, last: int) -> None:
        self._rows[first:first] = self._next[first : last + 1]

    def _spoken(self, row: Row) -> str:
        match row:
            case ChatRow(chat=chat):
                mark = {"streaming": ", replying", "unread": ", unread", "": ""}[self.mark(chat.id)]
                return _title(row) + (", pinned" if chat.pinned else "") + mark
            case FolderRow(folder=folder, open=opened):
                return f"Folder {folder.name}, {'open' if opened else 'closed'}"
            case HitRow(text=text, meant=True):
                return f"{text}, {_MEANT}"
            case _:
                return _title(row)


def _title(row: Row) -> str:
    match row:
        case ChatRow(chat=chat):
            return chat.title or "New chat"
        case FolderRow(folder=folder):
            return folder.name
        case HitRow(text=text) | Remark(text=text):
            return text
        case Heading(label=label):
            return label


def _tooltip(row: Row) -> str | None:
    match row:
        case ChatRow(chat=chat):
            return _about(chat)
        case HitRow(meant=True):
            return _MEANT.capitalize()
        case _:
            return None


def _about(chat: Conversation) -> str:
    when = datetime.fromtimestamp(chat.updated_ms / 1000)  # noqa: DTZ006 - the reader's own time
    return plain_tip(
        f"{chat.title or 'New chat'}\n{chat.messages:,} messages, {when:%d %b %Y %H:%M}"
    )
