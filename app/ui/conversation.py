"""The conversation on screen: turns chat events into transcript items, and requests into verbs.

Main thread. Holds no text of its own: what is stored is read in pages, newest first, and what
changes arrives through the bridge.
"""

import webbrowser
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.chat.events import (
    BranchChanged,
    MessageAdded,
    MessageDeleted,
    ReplyDelta,
    ReplyFinished,
    ReplyProgress,
    ReplyResumed,
)
from app.chat.turns import Turns
from app.core.errors import to_info
from app.core.ids import ConversationId, MessageId
from app.storage import messages
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current, Place
from app.ui.events import Event
from app.ui.notes import Notes
from app.ui.sidebar.library import Library
from app.ui.transcript.items import (
    Branch,
    Continue,
    Delete,
    Edit,
    ItemId,
    MessageItem,
    OpenLink,
    OpenSegment,
    Regenerate,
    Request,
    SaveCode,
    Stats,
    Status,
    SwitchVersion,
)
from app.ui.transcript.view import Transcript

_PAGE = 60
_STATUS: dict[messages.Status, Status] = {
    "complete": "done",
    "length": "done",
    "streaming": "waiting",
    "stopped": "stopped",
    "interrupted": "stopped",
    "failed": "failed",
}
_NOTES: dict[messages.Status, str] = {
    "length": "The reply ended at the length limit.",
    "stopped": "You stopped this reply.",
    "interrupted": "The app was closed while this reply was written.",
}


class Conversation(QObject):
    editing = Signal(object, str)  # a message and its text, wanted in the composer

    def __init__(
        self,
        transcript: Transcript,
        current: Current,
        bridge: Bridge,
        db: Database,
        turns: Turns,
        notes: Notes,
        library: Library,
    ) -> None:
        super().__init__(transcript)
        self._notes = notes
        self._library = library
        self._asked: list[MessageItem] = []  # what the reader said, as far as it was read
        self._failed: set[MessageId] = set()
        self._transcript = transcript
        self._current = current
        self._db = db
        self._turns = turns
        self._answers = Answers(self)
        self._oldest: StoredMessage | None = None
        self._streaming: MessageId | None = None
        self._shown = [0, 0]  # characters of text and reasoning of the streaming reply
        self._reading = False  # a page is on its way: what arrives meanwhile is in it, or waits
        self._waiting: list[Event] = []
        current.changed.connect(self._show)
        bridge.arrived.connect(self._follow)
        transcript.requested.connect(self._do)
        transcript.reached_top.connect(self._page_up)

    def _show(self, place: Place) -> None:
        self._oldest = self._streaming = None
        self._waiting.clear()
        self._asked = []
        conversation = place.conversation
        self._reading = conversation is not None
        if conversation is None:
            self._transcript.set_items(())
            return
        self._read(conversation, place.message)

    def _read(self, conversation: ConversationId, target: MessageId | None) -> None:
        def job(tx: Tx) -> list[StoredMessage]:
            return messages.path_page(tx, conversation, limit=_reach(tx, conversation, target))

        def failed(error: BaseException) -> None:
            self._reading = False
            self._notes.say(to_info(error).message, bad=True)

        # A hit on another branch is shown by making that branch the active one.
        reading = (
            self._db.read(job)
            if target is None
            else self._db.write(lambda tx: (messages.reveal(tx, target), job(tx))[1])
        )
        self._answers.take(reading, lambda newest: self._fill(conversation, newest, target), failed)

    def edit_last(self) -> None:
        """The reader's last message, into the composer."""
        if self._asked:
            last = self._asked[-1]
            self.editing.emit(_message(last.id), last.text)

    def _fill(
        self,
        conversation: ConversationId,
        newest: list[StoredMessage],
        target: MessageId | None,
    ) -> None:
        if conversation != self._current.conversation:
            return
        self._asked = [item_of(m) for m in reversed(newest) if m.message.role == "user"]
        self._failed = {m.id for m in newest if m.status == "failed"}
        self._oldest = newest[-1] if newest else None
        live = newest[:1] if newest and newest[0].status == "streaming" else []
        self._transcript.set_items([item_of(m) for m in reversed(newest[len(live) :])])
        for reply in live:
            self._begin(reply)
        if target is not None and any(message.id == target for message in newest):
            self._transcript.scroll_to(_id(target))
        self._reading = False
        known = {message.id for message in newest}
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            if not isinstance(event, MessageAdded) or event.message.id not in known:
                self._follow(event)

    def _page_up(self) -> None:
        before, conversation = self._oldest, self._current.conversation
        if before is None or before.parent_id is None or conversation is None:
            return
        page = self._db.read(lambda tx: messages.path_page(tx, conversation, before, limit=_PAGE))
        self._answers.take(page, lambda older: self._prepend(before, older))

    def _prepend(self, before: StoredMessage, older: list[StoredMessage]) -> None:
        if before is self._oldest and older:
            self._oldest = older[-1]
            items = [item_of(m) for m in reversed(older)]
            self._asked[:0] = [item for item in items if item.role == "user"]
            self._transcript.prepend_items(items)

    def _follow(self, event: Event) -> None:
        if self._reading and not isinstance(event, BranchChanged):
            self._waiting.append(event)
            return
        match event:
            case MessageAdded(conversation=here) if here == self._current.conversation:
                self._add(event.message)
            case BranchChanged(conversation=here) if here == self._current.conversation:
                self._show(Place(here))
            case ReplyDelta() if event.reply == self._streaming:
                self._grow(event)
            case ReplyProgress() if event.reply == self._streaming:
                self._transcript.update_item(
                    MessageItem(
                        id=_id(event.reply),
                        role="assistant",
                        status="reading",
                        read_tokens=event.done,
                        prompt_tokens=event.total,
                    )
                )
            case ReplyFinished() if event.message.id == self._streaming:
                self._streaming = None
                if event.message.status == "failed":
                    self._failed.add(event.message.id)
                self._transcript.finish(item_of(event.message))
            case ReplyResumed(conversation=here) if here == self._current.conversation:
                self._transcript.remove_item(_id(event.message.id))
                self._begin(event.message)
            case MessageDeleted(conversation=here) if here == self._current.conversation:
                self._show(Place(here))
                undo = event.leaf
                self._notes.say(
                    "The message is deleted.", "Undo", lambda: self._turns.undelete(here, undo)
                )
            case _:
                pass

    def _add(self, message: StoredMessage) -> None:
        if self._oldest is None:
            self._oldest = message
        if message.status == "streaming":
            self._begin(message)
        else:
            item = item_of(message)
            if item.role == "user":
                self._asked.append(item)
            self._transcript.append_item(item)

    def _begin(self, reply: StoredMessage) -> None:
        self._streaming = reply.id
        text, reasoning = self._turns.so_far(reply.conversation_id)
        self._shown = [len(text), len(reasoning)]
        begun = msgspec.structs.replace(item_of(reply), text=text, reasoning=reasoning)
        self._transcript.begin_stream(begun)

    def _grow(self, delta: ReplyDelta) -> None:
        text_at, reasoning_at = self._shown
        if delta.reasoning and delta.reasoning_at >= reasoning_at:
            self._transcript.append_reasoning(delta.reasoning)
            self._shown[1] += len(delta.reasoning)
        if delta.text and delta.text_at >= text_at:
            self._transcript.append(delta.text)
            self._shown[0] += len(delta.text)

    def _do(self, request: Request) -> None:
        here = self._current.conversation
        if here is None:
            return
        match request:
            case Regenerate(id=item) if _message(item) in self._failed:
                self._turns.retry(here, _message(item))
            case Regenerate(id=item):
                self._turns.regenerate(here, _message(item))
            case Continue(id=item):
                self._turns.continue_reply(here, _message(item))
            case Delete(id=item):
                self._turns.delete(here, _message(item))
            case SwitchVersion(id=item, step=step):
                self._turns.switch_version(here, _message(item), step)
            case Edit(id=item):
                self._edit(item)
            case Branch(id=item):
                self._answers.take(self._library.branch_off(_message(item)), self._current.open)
            case OpenLink(url=url):
                webbrowser.open(url)
            case SaveCode(code=code):
                self._save(code)
            case OpenSegment():
                pass

    def _edit(self, item: ItemId) -> None:
        found = next((asked for asked in self._asked if asked.id == item), None)
        if found is not None:
            self.editing.emit(_message(item), found.text)

    def _save(self, code: str) -> None:
        path, _ = QFileDialog.getSaveFileName(self._transcript, "Save the code")
        if not path:
            return
        try:
            Path(path).write_text(code, "utf-8")
        except OSError as error:
            self._notes.say(f"The file could not be written: {error.strerror}.", bad=True)


def _reach(tx: Tx, conversation: ConversationId, target: MessageId | None) -> int:
    """How many of the newest messages one must read to have the wanted one among them."""
    if target is None or (leaf := messages.active_leaf(tx, conversation)) is None:
        return _PAGE
    branch = messages.branch_ids(tx, leaf)
    return max(_PAGE, branch[::-1].index(target) + 20) if target in branch else _PAGE


def item_of(stored: StoredMessage) -> MessageItem:
    message, stats = stored.message, stored.stats
    figures = Stats()
    if stats is not None:
        decoding_s = stats.decode_ms / 1000
        figures = Stats(
            tokens=stats.completion_tokens,
            tokens_per_s=stats.completion_tokens / decoding_s if decoding_s else 0.0,
            first_token_ms=stats.first_token_ms,
            prompt_tokens=stats.prompt_tokens,
            reused_tokens=stats.reused_tokens,
        )
    return MessageItem(
        id=_id(stored.id),
        role="user" if message.role == "user" else "assistant",
        text=message.text,
        reasoning=message.reasoning,
        status=_STATUS[stored.status],
        note=stored.error.message if stored.error else _NOTES.get(stored.status, ""),
        stats=figures,
        version=stored.sibling_index + 1,
        versions=stored.sibling_count,
    )


def _id(message: MessageId) -> ItemId:
    return ItemId(str(message))


def _message(item: ItemId) -> MessageId:
    return MessageId(int(item))
