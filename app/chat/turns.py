"""The verbs of a conversation: send, stop, regenerate, retry, continue, edit, switch, delete.

Verbs return at once; what changed is posted as `ChatEvent`s from the threads that did it.
A message is announced only after it is on disk, and nothing said is ever overwritten. What is
sent while a reply streams waits in the queue.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import PurePath

import msgspec

from app.chat.answering import Answering, Asked
from app.chat.events import (
    BranchChanged,
    ChatEvent,
    ConversationChanged,
    MessageAdded,
    MessageDeleted,
    ReplyResumed,
    ToolsAsked,
    TurnRefused,
)
from app.chat.presets import PresetOf, sampling_of
from app.chat.titles import provisional
from app.chat.tools import Toolbox
from app.chat.waiting import Waiting
from app.core.errors import InvalidRequest, StorageError, to_info
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message, clean_text
from app.core.sampling import Sampling
from app.storage import conversations, messages, presets, queued
from app.storage.conversations import Conversation
from app.storage.database import Database, Tx
from app.storage.documents import Document, attach, pass_on, share
from app.storage.messages import StoredMessage
from app.storage.presets import Preset
from app.storage.queued import QueuedId

_CLOSE_S = 1.5
_BUSY = "Wait for the reply to end, or stop it, before you go on."
_BLANK = "Write something before you send it."
_log = logging.getLogger(__name__)


class _Begun(msgspec.Struct, frozen=True):
    """A turn as it was stored: the reply to make, and what to tell of it."""

    reply: StoredMessage
    asked: Asked
    events: tuple[ChatEvent, ...] = ()


class Turns:
    def __init__(
        self,
        db: Database,
        answering: Answering,
        post: Callable[[ChatEvent], None],
        *,
        sampling: Callable[[str], Sampling] = lambda _model: Sampling(),
        default_model: Callable[[], str] = lambda: "",
        preset_of: PresetOf = presets.of_model,
        toolbox: Toolbox = Toolbox(()),
    ) -> None:
        self._db = db
        self._answering = answering
        self._post = post
        self._sampling = sampling
        self._default_model = default_model  # the model that chats which name none are answered by
        self._preset_of = preset_of
        self._toolbox = toolbox
        self._tools = ThreadPoolExecutor(1, "tools")
        self._waiting = Waiting(db, post, answering.streaming)

    def start(
        self,
        text: str,
        model: str = "",
        preset: Preset | None = None,
        carried: Sequence[Document] = (),
    ) -> "Future[ConversationId]":
        """A new conversation that opens with this message; `preset` None: the model's own."""

        def create(tx: Tx) -> ConversationId:
            chosen = preset or self._preset_of(tx, model or self._default_model())
            return conversations.create(
                tx,
                title=provisional(text, [document.name for document in carried]),
                model=model,
                system_prompt=chosen.system_prompt,
                sampling=preset and preset.sampling,
            ).id

        def go_on(done: "Future[ConversationId]") -> None:
            if done.exception() is None:
                self._post(ConversationChanged(conversation=done.result()))
                self.send(done.result(), text, carried)

        opened = self._db.write(create)
        opened.add_done_callback(go_on)
        return opened

    def send(
        self, conversation: ConversationId, text: str, carried: Sequence[Document] = ()
    ) -> None:
        """Ask, now or after the reply that is streaming; `carried` are attached documents."""

        def store(tx: Tx) -> _Begun:
            return self._asked(tx, conversation, cleaned, lambda to: attach(tx, to, carried))

        cleaned = clean_text(text).strip()
        if not cleaned and not carried:
            self._refuse(conversation, text, InvalidRequest(_BLANK))
        elif self._answering.take(conversation):
            self._begin(conversation, text, store)
        else:
            adding = self._waiting.add(conversation, cleaned, carried)
            adding.add_done_callback(lambda done: self._queued(conversation, text, done))

    def send_waiting(self, conversation: ConversationId) -> None:
        """Send what has waited longest; the rest follows reply by reply."""

        def store(tx: Tx) -> _Begun | None:
            first = next(iter(queued.waiting(tx, conversation)), None)
            if first is None:
                return None
            begun = self._asked(tx, conversation, first.text, lambda to: pass_on(tx, first.id, to))
            queued.remove(tx, first.id)
            return begun

        if self._answering.take(conversation):
            self._begin(conversation, "", store).add_done_callback(
                lambda _: self._waiting.announce(conversation)
            )

    def edit_waiting(self, conversation: ConversationId, waiting: QueuedId, text: str) -> None:
        if cleaned := clean_text(text).strip():
            self._waiting.edit(conversation, waiting, cleaned)
        else:
            self._refuse(conversation, text, InvalidRequest(_BLANK))

    def remove_waiting(self, conversation: ConversationId, waiting: QueuedId) -> None:
        self._waiting.remove(conversation, waiting)

    def edit(self, conversation: ConversationId, question: MessageId, text: str) -> None:
        """Say it differently: a sibling of the question, with a reply of its own."""

        def store(tx: Tx) -> _Begun:
            parent = messages.get(tx, question).parent_id
            edited = messages.add(tx, conversation, parent, _said(cleaned))
            share(tx, question, edited.id)
            return self._branched(tx, conversation, edited.id)

        cleaned = clean_text(text).strip()
        if not cleaned:
            self._refuse(conversation, text, InvalidRequest(_BLANK), question)
        elif self._take(conversation, text, question):
            self._begin(conversation, text, store, question)

    def regenerate(self, conversation: ConversationId, reply: MessageId) -> None:
        """Another answer to the same question."""

        def store(tx: Tx) -> _Begun:
            return self._branched(tx, conversation, messages.get(tx, reply).parent_id)

        if self._take(conversation):
            self._begin(conversation, "", store)

    def retry(self, conversation: ConversationId, reply: MessageId) -> None:
        """After a failure: in the same place when it had said nothing, else a new version."""

        def store(tx: Tx) -> _Begun:
            failed = messages.get(tx, reply)
            if failed.message.text or failed.message.reasoning:
                return self._branched(tx, conversation, failed.parent_id)
            return self._resumed(tx, failed)

        if self._take(conversation):
            self._begin(conversation, "", store)

    def continue_reply(self, conversation: ConversationId, reply: MessageId) -> None:
        """A reply that was cut, stopped or interrupted goes on inside the same message."""

        def store(tx: Tx) -> _Begun:
            cut = messages.get(tx, reply)
            if not cut.message.text:
                raise InvalidRequest("There is no text to continue. Try again instead.")
            return self._resumed(tx, cut)

        if self._take(conversation):
            self._begin(conversation, "", store)

    def answer_calls(
        self, conversation: ConversationId, reply: MessageId, *, allowed: bool
    ) -> None:
        """The tools this reply asked for run, or do not; then the model goes on."""
        if self._take(conversation):
            self._tools.submit(self._run_tools, conversation, reply, allowed)

    def switch_version(self, conversation: ConversationId, message: MessageId, step: int) -> None:
        """Show the version `step` places beside this one."""

        def switch(tx: Tx) -> ChatEvent:
            versions = messages.siblings(tx, message)
            here = next(i for i, version in enumerate(versions) if version.id == message)
            there = versions[(here + step) % len(versions)]
            messages.set_active_leaf(tx, conversation, there.id)
            return BranchChanged(conversation=conversation)

        self._settle(conversation, switch)

    def delete(self, conversation: ConversationId, message: MessageId) -> None:
        """Take a message and what followed it out of sight; nothing is lost until the chat is."""

        def hide(tx: Tx) -> ChatEvent:
            leaf = messages.hide(tx, message)
            return MessageDeleted(conversation=conversation, message=message, leaf=leaf)

        self._settle(conversation, hide)

    def undelete(self, conversation: ConversationId, leaf: MessageId) -> None:
        """Undo `delete`: exactly what it took away is back, and shown."""

        def unhide(tx: Tx) -> ChatEvent:
            messages.unhide(tx, leaf)
            return BranchChanged(conversation=conversation)

        self._settle(conversation, unhide)

    def stop(self, conversation: ConversationId) -> None:
        """Ask the reply to end; its text so far is kept, and what waits goes on waiting."""
        self._answering.stop(conversation)

    def so_far(self, conversation: ConversationId) -> tuple[str, str]:
        """Text and reasoning of the reply that streams here; empty when none does yet."""
        return self._answering.so_far(conversation)

    def streaming(self) -> frozenset[ConversationId]:
        return self._answering.streaming()

    def close(self) -> None:
        """Stop every reply and wait until each is stored."""
        self._answering.close(_CLOSE_S)
        self._tools.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ what is stored

    def _asked(
        self,
        tx: Tx,
        conversation: ConversationId,
        text: str,
        hand_over: Callable[[MessageId], None],
    ) -> _Begun:
        """`hand_over` gives the new question what it carries."""
        declined = self._declined(tx, messages.active_leaf(tx, conversation))
        parent = messages.active_leaf(tx, conversation)
        question = messages.add(tx, conversation, parent, _said(text))
        hand_over(question.id)
        begun = self._replying(tx, conversation, question.id)
        added = (*declined, question, begun.reply)
        events = tuple(MessageAdded(conversation=conversation, message=m) for m in added)
        return msgspec.structs.replace(begun, events=(*begun.events, *events))

    def _declined(self, tx: Tx, leaf: MessageId | None) -> tuple[StoredMessage, ...]:
        """Calls that nobody answered are declined: a call is never without its result."""
        if leaf is None:
            return ()
        asking = messages.get(tx, leaf)
        results = self._toolbox.results(asking.message.tool_calls, allowed=False)
        return tuple(_add_below(tx, asking, results))

    def _branched(self, tx: Tx, conversation: ConversationId, question: MessageId | None) -> _Begun:
        begun = self._replying(tx, conversation, question)
        shown = BranchChanged(conversation=conversation)
        return msgspec.structs.replace(begun, events=(*begun.events, shown))

    def _replying(self, tx: Tx, conversation: ConversationId, question: MessageId | None) -> _Begun:
        chat = conversations.get(tx, conversation)
        reply = messages.start_reply(tx, conversation, question, self._name_for(chat))
        return _Begun(reply, self._asked_of(tx, chat), _back(tx, chat))

    def _resumed(self, tx: Tx, ended: StoredMessage) -> _Begun:
        chat = conversations.get(tx, ended.conversation_id)
        if chat.active_leaf != ended.id or ended.status == "complete":
            raise InvalidRequest("Only a last reply that ended too early can go on.")
        reply = messages.reopen(tx, ended.id, self._name_for(chat))
        resumed = ReplyResumed(conversation=chat.id, message=reply)
        return _Begun(reply, self._asked_of(tx, chat), (*_back(tx, chat), resumed))

    def _asked_of(self, tx: Tx, chat: Conversation) -> Asked:
        default = self._default_model()
        sampling = sampling_of(tx, chat, default, self._sampling, self._preset_of)
        return Asked(chat.model, sampling)

    def _name_for(self, chat: Conversation) -> str:
        """By which a reply says who made it: not where on this machine the file is."""
        return PurePath(chat.model or self._default_model()).stem

    # ------------------------------------------------------------ how it goes on

    def _take(
        self, conversation: ConversationId, text: str = "", question: MessageId | None = None
    ) -> bool:
        taken = self._answering.take(conversation)
        if not taken:
            self._refuse(conversation, text, InvalidRequest(_BUSY), question)
        return taken

    def _begin(
        self,
        conversation: ConversationId,
        text: str,
        store: Callable[[Tx], _Begun | None],
        question: MessageId | None = None,
    ) -> "Future[_Begun | None]":
        """The conversation has been taken; it is released when nothing begins."""

        def go_on(done: "Future[_Begun | None]") -> None:
            error = done.exception()
            begun = None if error is not None else done.result()
            if begun is None:
                self._answering.release(conversation)
            if error is not None:
                _log.log(_level(error), "a turn could not be stored", exc_info=error)
                self._refuse(conversation, text, error, question)
            if begun is not None:
                for event in begun.events:
                    self._post(event)
                self._answering.answer(begun.reply, begun.asked, self._ended)

        beginning = self._db.write(store)
        beginning.add_done_callback(go_on)
        return beginning

    def _queued(self, conversation: ConversationId, text: str, done: "Future[None]") -> None:
        if (error := done.exception()) is not None:
            self._refuse(conversation, text, error)
        elif conversation in self._answering.streaming():
            self._waiting.announce(conversation)
        else:  # the reply ended while this was being stored
            self.send_waiting(conversation)

    def _run_tools(self, conversation: ConversationId, reply: MessageId, allowed: bool) -> None:
        """On the tools' thread; the conversation has been taken."""

        def store(tx: Tx) -> _Begun:
            asking = messages.get(tx, reply)
            if messages.active_leaf(tx, conversation) != reply or not results:
                raise InvalidRequest("These calls have been answered already.")
            added = _add_below(tx, asking, results)
            begun = self._replying(tx, conversation, added[-1].id)
            events = tuple(
                MessageAdded(conversation=conversation, message=m) for m in (*added, begun.reply)
            )
            return msgspec.structs.replace(begun, events=(*begun.events, *events))

        calls = ()
        with suppress(StorageError):  # `store` meets it again and says so
            calls = self._db.read(lambda tx: messages.get(tx, reply)).result().message.tool_calls
        results = self._toolbox.results(calls, allowed=allowed)
        self._begin(conversation, "", store)

    def _ended(self, reply: StoredMessage) -> None:
        conversation = reply.conversation_id
        # Stopped is stopped: what it had asked for by then is not run.
        calls = reply.message.tool_calls if reply.status == "complete" else ()
        if calls and self._toolbox.trusts(calls):
            self.answer_calls(conversation, reply.id, allowed=True)
        elif calls:
            self._post(ToolsAsked(conversation=conversation, reply=reply.id, calls=calls))
        elif reply.status in {"complete", "length"}:
            self._waiting.if_any(conversation, self.send_waiting)
        else:
            self._waiting.announce(conversation, empty=False)

    def _settle(self, conversation: ConversationId, change: Callable[[Tx], ChatEvent]) -> None:
        """Which messages are shown: not while a turn goes on below them, nor may one begin."""

        def announce(done: "Future[ChatEvent]") -> None:
            self._answering.release(conversation)
            if (error := done.exception()) is not None:
                self._refuse(conversation, "", error)
            else:
                self._post(done.result())

        if self._take(conversation):
            self._db.write(change).add_done_callback(announce)

    def _refuse(
        self,
        conversation: ConversationId,
        text: str,
        error: BaseException,
        question: MessageId | None = None,
    ) -> None:
        """`question`: the message that the text was to change."""
        refused = TurnRefused(
            conversation=conversation, text=text, error=to_info(error), question=question
        )
        self._post(refused)


def _add_below(tx: Tx, parent: StoredMessage, results: Sequence[Message]) -> list[StoredMessage]:
    added: list[StoredMessage] = []
    for result in results:
        above = added[-1] if added else parent
        added.append(messages.add(tx, parent.conversation_id, above.id, result))
    return added


def _back(tx: Tx, chat: Conversation) -> tuple[ChatEvent, ...]:
    """Who goes on with a chat in the trash wants to keep it."""
    if chat.trashed_ms is None:
        return ()
    conversations.restore(tx, chat.id)
    return (ConversationChanged(conversation=chat.id),)


def _said(text: str) -> Message:
    return Message(role="user", content=text)


def _level(error: BaseException) -> int:
    return logging.INFO if isinstance(error, InvalidRequest) else logging.ERROR
