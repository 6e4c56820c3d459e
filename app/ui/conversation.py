"""The conversation on screen: turns chat events into transcript items, and requests into verbs.

Main thread. Holds no text of its own: what is stored is read in pages, newest first, and what
changes arrives through the bridge.
"""

import webbrowser

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from app.chat.events import (
    BranchChanged,
    MessageAdded,
    ReplyDelta,
    ReplyFinished,
    ReplyProgress,
)
from app.chat.turns import Turns
from app.core.ids import ConversationId, MessageId
from app.storage import messages
from app.storage.database import Database
from app.storage.messages import StoredMessage
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current, Place
from app.ui.events import Event
from app.ui.transcript.items import (
    ItemId,
    MessageItem,
    OpenLink,
    Regenerate,
    Request,
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
    def __init__(
        self, transcript: Transcript, current: Current, bridge: Bridge, db: Database, turns: Turns
    ) -> None:
        super().__init__(transcript)
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
        conversation = place.conversation
        self._reading = conversation is not None
        if conversation is None:
            self._transcript.set_items(())
            return
        page = self._db.read(lambda tx: messages.path_page(tx, conversation, limit=_PAGE))
        self._answers.take(page, lambda newest: self._fill(conversation, newest))

    def _fill(self, conversation: ConversationId, newest: list[StoredMessage]) -> None:
        if conversation != self._current.conversation:
            return
        self._oldest = newest[-1] if newest else None
        live = newest[:1] if newest and newest[0].status == "streaming" else []
        self._transcript.set_items([item_of(m) for m in reversed(newest[len(live) :])])
        for reply in live:
            self._begin(reply)
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
            self._transcript.prepend_items([item_of(m) for m in reversed(older)])

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
                self._transcript.finish(item_of(event.message))
            case _:
                pass

    def _add(self, message: StoredMessage) -> None:
        if self._oldest is None:
            self._oldest = message
        if message.status == "streaming":
            self._begin(message)
        else:
            self._transcript.append_item(item_of(message))

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
            case Regenerate(id=item):
                self._turns.regenerate(here, _message(item))
            case SwitchVersion(id=item, step=step):
                self._turns.switch_version(here, _message(item), step)
            case OpenLink(url=url):
                webbrowser.open(url)
            case _:
                QApplication.beep()


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
