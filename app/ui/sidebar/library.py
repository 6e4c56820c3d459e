"""The chats and folders, in the words of the sidebar.

Reads return futures; a verb writes on its database's own thread and posts
`ConversationChanged` when it is done. Nothing here waits. Temporary chats are in a database of
their own: they can be renamed and discarded, all else is for those on disk.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from app.chat.events import ConversationChanged
from app.chat.finding import Finding
from app.core.ids import ConversationId, FolderId, MessageId
from app.storage import conversations, copies, folders
from app.storage.conversations import Conversation, Cursor, Page, Place
from app.storage.database import Tx
from app.storage.folders import Folder
from app.storage.search import Results
from app.ui.events import Event, FoldersChanged
from app.ui.keeping import Keeping

PAGE = 200


class Library:
    def __init__(self, keeping: Keeping, post: Callable[[Event], None]) -> None:
        self._keeping = keeping
        self._db = keeping.stored.db
        self._finding = Finding(self._db, keeping.senses)
        self._post = post

    def page(
        self, place: Place, folder: FolderId | None = None, after: Cursor | None = None
    ) -> "Future[Page]":
        return self._db.read(
            lambda tx: conversations.page(tx, place, folder_id=folder, after=after, limit=PAGE)
        )

    def temporary(self) -> "Future[Page]":
        """The chats that are gone when the app closes."""
        return self._keeping.passing.db.read(lambda tx: conversations.page(tx, limit=PAGE))

    def get(self, conversation: ConversationId) -> "Future[Conversation]":
        db = self._keeping.of(conversation).db
        return db.read(lambda tx: conversations.get(tx, conversation))

    def folders(self) -> "Future[list[Folder]]":
        return self._db.read(folders.all_folders)

    def search(self, text: str) -> "Future[Results]":
        """By words, at once."""
        return self._finding.by_words(text)

    def search_by_meaning(self, text: str) -> "Future[Results | None]":
        """By both, when the question has been understood; None when that finds nothing more."""
        return self._finding.by_meaning(text)

    def discard(self, conversation: ConversationId) -> None:
        """A temporary chat ends; there is no trash for it."""
        self._keeping.of(conversation).turns.stop(conversation)
        self._change(conversation, lambda tx: conversations.purge(tx, conversation))

    def rename(self, conversation: ConversationId, title: str) -> None:
        self._change(conversation, lambda tx: conversations.rename(tx, conversation, title))

    def pin(self, conversation: ConversationId, pinned: bool) -> None:
        self._change(conversation, lambda tx: conversations.pin(tx, conversation, pinned))

    def archive(self, conversation: ConversationId, archived: bool) -> None:
        self._change(conversation, lambda tx: conversations.archive(tx, conversation, archived))

    def trash(self, conversation: ConversationId) -> None:
        self._change(conversation, lambda tx: conversations.trash(tx, conversation))

    def restore(self, conversation: ConversationId) -> None:
        self._change(conversation, lambda tx: conversations.restore(tx, conversation))

    def move(self, conversation: ConversationId, folder: FolderId | None) -> None:
        self._change(conversation, lambda tx: conversations.move(tx, conversation, folder))

    def duplicate(self, conversation: ConversationId) -> None:
        made = self._db.write(lambda tx: copies.duplicate(tx, conversation).id)
        made.add_done_callback(self._announce_new)

    def branch_off(
        self, conversation: ConversationId, message: MessageId
    ) -> "Future[ConversationId]":
        """A chat of its own that begins as this one did, up to that message."""
        db = self._keeping.of(conversation).db
        made = db.write(lambda tx: copies.branch_off(tx, message).id)
        made.add_done_callback(self._announce_new)
        return made

    def create_folder(self, name: str, parent: FolderId | None = None) -> "Future[Folder]":
        return self._folders(lambda tx: folders.create(tx, name, parent))

    def rename_folder(self, folder: FolderId, name: str) -> None:
        self._folders(lambda tx: folders.rename(tx, folder, name))

    def move_folder(self, folder: FolderId, parent: FolderId | None) -> None:
        self._folders(lambda tx: folders.move(tx, folder, parent))

    def delete_folder(self, folder: FolderId) -> None:
        self._folders(lambda tx: folders.delete(tx, folder))

    def _change(self, conversation: ConversationId, change: Callable[[Tx], Any]) -> None:
        changed = ConversationChanged(conversation=conversation)
        # After a failure too: the list then shows again what is really stored.
        db = self._keeping.of(conversation).db
        db.write(change).add_done_callback(lambda _: self._post(changed))

    def _announce_new(self, made: "Future[ConversationId]") -> None:
        if made.exception() is None:
            self._post(ConversationChanged(conversation=made.result()))

    def _folders(self, change: Callable[[Tx], Any]) -> "Future[Any]":
        writing = self._db.write(change)
        writing.add_done_callback(lambda _: self._post(FoldersChanged()))
        return writing
