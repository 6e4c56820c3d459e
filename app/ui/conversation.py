"""The conversation on screen: turns what is stored and what happens into transcript items.

Main thread. Holds no text of its own: what is stored is read in pages, newest first, and what
changes arrives through the bridge.
"""

import msgspec
from PySide6.QtCore import QObject

from app.chat.events import (
    BranchChanged,
    MessageAdded,
    MessageDeleted,
    NarrativeChanged,
    ReplyDelta,
    ReplyFinished,
    ReplyProgress,
    ReplyResumed,
    ToolsAsked,
    WindFinished,
    WindStarted,
)
from app.chat.turns import Turns
from app.core.errors import to_info
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.storage import documents, messages, query, snippets
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage
from app.ui import reading
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current, Place
from app.ui.events import Event
from app.ui.keeping import Keeping
from app.ui.live import Live
from app.ui.notes import Notes
from app.ui.reading import PAGE, Extract, item_id, item_of, items_of, message_id
from app.ui.transcript.items import (
    AnswerCalls,
    ItemId,
    MessageItem,
    Request,
    SwitchVersion,
    ToolStatus,
)
from app.ui.transcript.view import Transcript

_WINDING = "Making room: the oldest messages become narrative…"


class Conversation(QObject):
    def __init__(
        self,
        transcript: Transcript,
        current: Current,
        live: Live,
        bridge: Bridge,
        keeping: Keeping,
        notes: Notes,
    ) -> None:
        super().__init__(transcript)
        self._notes = notes
        self._transcript = transcript
        self._current = current
        self._live = live
        self._keeping = keeping
        self._answers = Answers(self)
        self._oldest: StoredMessage | None = None
        self._orphans: tuple[StoredMessage, ...] = ()  # results whose call is on the next page
        self._streaming: MessageId | None = None
        self._shown = [0, 0]  # characters of text and reasoning of the streaming reply
        self._calling: StoredMessage | None = None  # the reply whose tools are asked for
        self._results: list[Message] = []
        self._winds: set[ItemId] = set()
        self._stay: MessageId | None = None  # below which the reader was when the branch changed
        self._reading = False  # a page is on its way: what arrives meanwhile is in it, or waits
        self._waiting: list[Event] = []
        current.changed.connect(self._show)
        bridge.arrived.connect(self._follow)
        transcript.requested.connect(self._noticed)
        transcript.reached_top.connect(self._page_up)

    @property
    def _turns(self) -> Turns:
        return self._keeping.of(self._here).turns

    @property
    def _db(self) -> Database:
        return self._keeping.of(self._here).db

    @property
    def _here(self) -> ConversationId:
        """Only asked where a conversation is shown."""
        here = self._current.conversation
        assert here is not None
        return here

    # -- reading

    def _show(self, place: Place) -> None:
        self._oldest = self._streaming = self._calling = None
        self._orphans = ()
        self._waiting.clear()
        conversation = place.conversation
        self._reading = conversation is not None
        if conversation is None:
            self._transcript.set_items(())
            return
        self._read(conversation, place.message)

    def _read(self, conversation: ConversationId, target: MessageId | None) -> None:
        def job(tx: Tx) -> Extract:
            limit = reading.reach(tx, conversation, target)
            return reading.read(tx, conversation, messages.path_page(tx, conversation, limit=limit))

        def failed(error: BaseException) -> None:
            self._reading = False
            self._notes.warn(to_info(error).message)

        # A hit on another branch is shown by making that branch the active one; not while a reply
        # is being made on this one.
        extract = (
            self._db.read(job)
            if target is None or self._live.streaming(conversation)
            else self._db.write(lambda tx: (messages.reveal(tx, target), job(tx))[1])
        )
        self._answers.take(extract, lambda came: self._fill(conversation, came, target), failed)

    def _fill(
        self, conversation: ConversationId, extract: Extract, target: MessageId | None
    ) -> None:
        if conversation != self._current.conversation:
            return
        newest = extract.messages[-1] if extract.messages else None
        self._take_page(extract)
        live = newest if newest is not None and newest.status == "streaming" else None
        items = items_of(extract)
        self._winds = {item.id for item in items if not isinstance(item, MessageItem)}
        self._transcript.set_items(
            [item for item in items if live is None or item.id != item_id(live.id)]
        )
        if live is not None:
            self._begin(live)
        self._note_calls(extract)
        self._scroll(extract, target)
        self._reading = False
        known = {stored.id for stored in extract.messages}
        if target is not None and target not in known and self._live.streaming(conversation):
            self._notes.say("That message is in another version; open it when the reply has ended.")
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            if not isinstance(event, MessageAdded) or event.message.id not in known:
                self._follow(event)

    def _take_page(self, extract: Extract) -> None:
        self._oldest = extract.messages[0] if extract.messages else None
        self._orphans = reading.orphans(extract)

    def _note_calls(self, extract: Extract) -> None:
        """Calls that nobody has answered yet are the last thing said."""
        last = extract.messages[-1] if extract.messages else None
        self._results = []
        self._calling = last if last is not None and last.message.tool_calls else None

    def _scroll(self, extract: Extract, target: MessageId | None) -> None:
        stay, self._stay = self._stay, None
        found = next((m.id for m in extract.messages if stay and m.parent_id == stay), target)
        ids = [stored.id for stored in extract.messages]
        if found is not None and found in ids:
            # What a tool said is shown by the reply that asked for it.
            above = extract.messages[: ids.index(found) + 1]
            shown = [stored.id for stored in above if stored.message.role != "tool"]
            place = self._current.place
            part, below = (place.part, place.below) if found == target else (0, 0.0)
            if shown:
                self._transcript.scroll_to(item_id(shown[-1]), part, below)
            if shown and found == target and place.words:
                pieces = query.parse(place.words).pieces
                self._transcript.mark_words(
                    item_id(shown[-1]), lambda text: snippets.places(text, pieces)
                )

    def _page_up(self) -> None:
        before, conversation = self._oldest, self._current.conversation
        if before is None or before.parent_id is None or conversation is None:
            return

        def job(tx: Tx) -> Extract:
            page = messages.path_page(tx, conversation, before, limit=PAGE)
            return reading.read(tx, conversation, page)

        self._answers.take(self._db.read(job), lambda older: self._prepend(before, older))

    def _prepend(self, before: StoredMessage, older: Extract) -> None:
        if before is not self._oldest or not older.messages:
            return
        whole = msgspec.structs.replace(older, messages=(*older.messages, *self._orphans))
        self._take_page(older)
        items = items_of(whole)
        self._winds |= {item.id for item in items if not isinstance(item, MessageItem)}
        self._transcript.prepend_items(items)

    # -- what happens

    def _follow(self, event: Event) -> None:
        here = self._current.conversation
        if here is None or getattr(event, "conversation", None) != here:
            return
        if self._reading and not isinstance(event, BranchChanged):
            self._waiting.append(event)
            return
        match event:
            case MessageAdded():
                self._add(event.message)
            case BranchChanged():
                self._show(Place(here))
            case ReplyDelta() if event.reply == self._streaming:
                self._grow(event)
            case ReplyProgress() if event.reply == self._streaming:
                self._wait(done=event.done, total=event.total)
            case WindStarted(awaited=True):
                self._wait(note=_WINDING)
            case WindFinished(segment=segment) if segment is not None:
                self._read_winds(here)
            case NarrativeChanged():
                self._read_winds(here)
            case ReplyFinished() if event.message.id == self._streaming:
                self._finish(event.message)
            case ToolsAsked():
                self._show_calls("waiting")
            case ReplyResumed():
                self._transcript.remove_item(item_id(event.message.id))
                self._begin(event.message)
            case MessageDeleted():
                self._deleted(here, event.leaf)
            case _:
                pass

    def _add(self, message: StoredMessage) -> None:
        if self._oldest is None:
            self._oldest = message
        if message.message.role == "tool":
            self._results.append(message.message)
            self._show_calls("running")
        elif message.status == "streaming":
            self._begin(message)
        else:
            item = item_of(message)
            self._transcript.append_item(item)
            if item.role == "user":
                self._transcript.scroll_to_end()  # whoever asks wants to see the answer
                self._read_attached(message)

    def _read_attached(self, message: StoredMessage) -> None:
        def came(attached: list[documents.Attached]) -> None:
            item = item_of(message, attached)
            if attached and self._transcript.item(item.id) is not None:
                self._transcript.update_item(item)

        reading_it = self._db.read(lambda tx: documents.on(tx, [message.id]))
        self._answers.take(reading_it, came, lambda _: None)

    def _begin(self, reply: StoredMessage) -> None:
        self._streaming = reply.id
        self._live.seen(reply.conversation_id)
        said = reply.message
        text, reasoning = self._turns.so_far(reply.conversation_id)
        if not text and not reasoning:  # it is not in the making yet, but may go on from here
            text, reasoning = said.text, said.reasoning
        self._shown = [len(text), len(reasoning)]
        begun = msgspec.structs.replace(item_of(reply), text=text, reasoning=reasoning)
        self._transcript.begin_stream(begun)

    def _wait(self, note: str = "", done: int = 0, total: int = 0) -> None:
        if self._streaming is not None:
            status = "reading" if total else "waiting"
            self._transcript.update_item(
                MessageItem(
                    id=item_id(self._streaming),
                    role="assistant",
                    status=status,
                    note=note,
                    read_tokens=done,
                    prompt_tokens=total,
                )
            )

    def _grow(self, delta: ReplyDelta) -> None:
        text_at, reasoning_at = self._shown
        if delta.reasoning and delta.reasoning_at >= reasoning_at:
            self._transcript.append_reasoning(delta.reasoning)
            self._shown[1] += len(delta.reasoning)
        if delta.text and delta.text_at >= text_at:
            self._transcript.append(delta.text)
            self._shown[0] += len(delta.text)

    def _finish(self, reply: StoredMessage) -> None:
        self._streaming = None
        item = item_of(reply)
        if reply.message.tool_calls:
            # Whether it may is asked only when `ToolsAsked` says so.
            self._calling, self._results = reply, []
            item = msgspec.structs.replace(item, status="done")
        self._transcript.finish(item)
        if self._winds:
            self._read_recalled(reply)

    def _read_recalled(self, reply: StoredMessage) -> None:
        def came(extract: Extract) -> None:
            item = next((i for i in items_of(extract) if i.id == item_id(reply.id)), None)
            if (
                isinstance(item, MessageItem)
                and item.quotes
                and self._transcript.item(item.id) is not None
            ):
                self._transcript.update_item(item)

        conversation = reply.conversation_id
        extract = self._db.read(lambda tx: reading.read(tx, conversation, [reply]))
        self._answers.take(extract, came, lambda _: None)

    def _show_calls(self, open_calls: ToolStatus) -> None:
        """The cards of the calls in hand; those without a result yet are `open_calls`."""
        asking = self._calling
        if asking is None or self._transcript.item(item_id(asking.id)) is None:
            return
        item = item_of(asking, results=self._results)
        tools = tuple(
            msgspec.structs.replace(tool, status=open_calls) if tool.status == "waiting" else tool
            for tool in item.tools
        )
        unanswered = any(tool.status == "waiting" for tool in tools)
        status = "asking" if unanswered else "done"
        self._transcript.update_item(msgspec.structs.replace(item, tools=tools, status=status))

    def _read_winds(self, conversation: ConversationId) -> None:
        """The lines anew: a wind has moved them."""

        def came(extract: Extract) -> None:
            if conversation != self._current.conversation:
                return
            lines = {reading.wind_item(line).id: line for line in extract.lines}
            for gone in self._winds - lines.keys():
                self._transcript.remove_item(gone)
            self._winds &= lines.keys()
            for name, line in lines.items():
                after = item_id(line.segment.last_message_id)
                if name not in self._winds and self._transcript.item(after) is not None:
                    self._transcript.insert_after(after, reading.wind_item(line))
                    self._winds.add(name)

        extract = self._db.read(lambda tx: reading.read(tx, conversation, ()))
        self._answers.take(extract, came, lambda _: None)

    def _deleted(self, conversation: ConversationId, leaf: MessageId) -> None:
        self._show(Place(conversation))
        turns, notes, live = self._turns, self._notes, self._live

        def undo() -> None:
            if live.streaming(conversation):
                notes.say("The message comes back when no reply is being written.", "Undo", undo)
            else:
                turns.undelete(conversation, leaf)

        notes.say("The message is deleted.", "Undo", undo)

    def _noticed(self, request: Request) -> None:
        match request:
            case SwitchVersion(id=item):
                above = self._transcript.message_above(item)
                self._stay = None if above is None else message_id(above)
            case AnswerCalls():
                self._show_calls("running")
            case _:
                pass
