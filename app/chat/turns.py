"""The verbs of a conversation: send, stop, regenerate, edit, continue, switch, delete.

Verbs return at once; what changed is posted as `ChatEvent`s from the threads that did it.
A message is announced only after it is on disk, and nothing said is ever overwritten.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future

from app.chat.answering import Answering
from app.chat.events import BranchChanged, ChatEvent, ConversationChanged, MessageAdded, TurnRefused
from app.chat.titles import first_words
from app.core.errors import InvalidRequest, to_info
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message, clean_text
from app.core.sampling import Sampling
from app.storage import conversations, messages
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage

_CLOSE_S = 1.5
_log = logging.getLogger(__name__)

_Stored = tuple[tuple[StoredMessage, ...], StoredMessage, Sampling]


class Turns:
    def __init__(
        self,
        db: Database,
        answering: Answering,
        post: Callable[[ChatEvent], None],
        *,
        sampling: Sampling = Sampling(),
    ) -> None:
        self._db = db
        self._answering = answering
        self._post = post
        self._sampling = sampling

    def start(self, text: str, model: str = "") -> "Future[ConversationId]":
        """A new conversation that opens with this message."""
        opened = self._db.write(
            lambda tx: conversations.create(tx, title=first_words(text), model=model).id
        )

        def go_on(done: "Future[ConversationId]") -> None:
            if done.exception() is None:
                self._post(ConversationChanged(conversation=done.result()))
                self.send(done.result(), text)

        opened.add_done_callback(go_on)
        return opened

    def send(self, conversation: ConversationId, text: str) -> None:
        cleaned = clean_text(text).strip()
        if not cleaned:
            self._refuse(conversation, text, InvalidRequest("Write something before you send it."))
            return

        def store(tx: Tx) -> _Stored:
            parent = messages.active_leaf(tx, conversation)
            question = messages.add(tx, conversation, parent, _said(cleaned))
            return (
                (question,),
                messages.start_reply(tx, conversation, question.id),
                self._of(tx, conversation),
            )

        self._begin(conversation, text, store)

    def edit(self, conversation: ConversationId, question: MessageId, text: str) -> None:
        """Say it differently: a sibling of the question, with a reply of its own."""
        cleaned = clean_text(text).strip()
        if not cleaned:
            self._refuse(conversation, text, InvalidRequest("Write something before you send it."))
            return

        def store(tx: Tx) -> _Stored:
            parent = messages.get(tx, question).parent_id
            edited = messages.add(tx, conversation, parent, _said(cleaned))
            return (
                (edited,),
                messages.start_reply(tx, conversation, edited.id),
                self._of(tx, conversation),
            )

        self._begin(conversation, text, store, branch=True)

    def regenerate(self, conversation: ConversationId, reply: MessageId) -> None:
        """Another answer to the same question; also the retry after a failure."""

        def store(tx: Tx) -> _Stored:
            parent = messages.get(tx, reply).parent_id
            return (), messages.start_reply(tx, conversation, parent), self._of(tx, conversation)

        self._begin(conversation, "", store, branch=True)

    def switch_version(self, conversation: ConversationId, message: MessageId, step: int) -> None:
        """Show the version `step` places beside this one."""

        def switch(tx: Tx) -> None:
            versions = messages.siblings(tx, message)
            here = next(i for i, version in enumerate(versions) if version.id == message)
            there = versions[(here + step) % len(versions)]
            messages.set_active_leaf(tx, conversation, there.id)

        self._change(conversation, switch)

    def stop(self, conversation: ConversationId) -> None:
        """Ask the reply to end; its text so far is kept."""
        self._answering.stop(conversation)

    def so_far(self, conversation: ConversationId) -> tuple[str, str]:
        """Text and reasoning of the reply that streams here; empty when none does yet."""
        return self._answering.so_far(conversation)

    def streaming(self) -> frozenset[ConversationId]:
        return self._answering.streaming()

    def close(self) -> None:
        """Stop every reply and wait until each is stored."""
        self._answering.close(_CLOSE_S)

    def _begin(
        self,
        conversation: ConversationId,
        text: str,
        store: Callable[[Tx], _Stored],
        *,
        branch: bool = False,
    ) -> None:
        if not self._answering.take(conversation):
            wait = InvalidRequest("Wait for the reply to end, or stop it, before you go on.")
            self._refuse(conversation, text, wait)
            return

        def go_on(done: "Future[_Stored]") -> None:
            if (error := done.exception()) is not None:
                _log.error("a turn could not be stored", exc_info=error)
                self._answering.release(conversation)
                self._refuse(conversation, text, error)
                return
            said, answer, sampling = done.result()
            if branch:
                self._post(BranchChanged(conversation=conversation))
            else:
                for message in (*said, answer):
                    self._post(MessageAdded(conversation=conversation, message=message))
            self._answering.answer(answer, sampling)

        self._db.write(store).add_done_callback(go_on)

    def _change(self, conversation: ConversationId, change: Callable[[Tx], None]) -> None:
        def announce(done: "Future[None]") -> None:
            if (error := done.exception()) is not None:
                self._refuse(conversation, "", error)
            else:
                self._post(BranchChanged(conversation=conversation))

        self._db.write(change).add_done_callback(announce)

    def _of(self, tx: Tx, conversation: ConversationId) -> Sampling:
        return conversations.get(tx, conversation).sampling or self._sampling

    def _refuse(self, conversation: ConversationId, text: str, error: BaseException) -> None:
        self._post(TurnRefused(conversation=conversation, text=text, error=to_info(error)))


def _said(text: str) -> Message:
    return Message(role="user", content=text)
