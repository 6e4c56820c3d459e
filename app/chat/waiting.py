"""The queue of a conversation: messages written while a reply streams.

It lives in the database, so it survives a crash; `Turns` decides when the next one is sent.
Every change is posted whole, as `QueueChanged`.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future

from app.chat.events import ChatEvent, QueueChanged
from app.core.ids import ConversationId
from app.storage import documents, queued
from app.storage.database import Database, Tx
from app.storage.documents import Document
from app.storage.queued import Queued, QueuedId


class Waiting:
    def __init__(
        self,
        db: Database,
        post: Callable[[ChatEvent], None],
        streaming: Callable[[], Collection[ConversationId]],
    ) -> None:
        self._db = db
        self._post = post
        self._streaming = streaming

    def add(
        self, conversation: ConversationId, text: str, carried: Sequence[Document]
    ) -> "Future[None]":
        def add(tx: Tx) -> None:
            documents.attach_queued(tx, queued.add(tx, conversation, text), carried)

        return self._db.write(add)

    def edit(self, conversation: ConversationId, waiting: QueuedId, text: str) -> None:
        self._change(conversation, lambda tx: queued.edit(tx, waiting, text))

    def remove(self, conversation: ConversationId, waiting: QueuedId) -> None:
        self._change(conversation, lambda tx: queued.remove(tx, waiting))

    def if_any(self, conversation: ConversationId, then: Callable[[ConversationId], None]) -> None:
        self._read(conversation, lambda waiting: then(conversation) if waiting else None)

    def announce(self, conversation: ConversationId, *, empty: bool = True) -> None:
        """`empty`: even when nothing waits."""

        def tell(waiting: tuple[Queued, ...]) -> None:
            held = conversation not in self._streaming()
            if waiting or empty:
                self._post(QueueChanged(conversation=conversation, waiting=waiting, held=held))

        self._read(conversation, tell)

    def _change(self, conversation: ConversationId, change: Callable[[Tx], None]) -> None:
        self._db.write(change).add_done_callback(lambda _: self.announce(conversation))

    def _read(
        self, conversation: ConversationId, then: Callable[[tuple[Queued, ...]], None]
    ) -> None:
        def go_on(read: "Future[tuple[Queued, ...]]") -> None:
            if not read.cancelled() and read.exception() is None:
                then(read.result())

        self._db.read(lambda tx: queued.waiting(tx, conversation)).add_done_callback(go_on)
