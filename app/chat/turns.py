"""The verbs of a conversation: send, stop, and what follows from them.

Owns the replies that are streaming now. Verbs return at once; work happens on the database
lanes and the answering side's threads, and what changed is posted as `ChatEvent`s. A message
is announced only after it is on disk.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from app.chat.events import ChatEvent, ConversationChanged, MessageAdded, TurnRefused
from app.chat.prompt import assemble
from app.chat.reply import Reply
from app.core.errors import InvalidRequest, to_info
from app.core.generator import Generator
from app.core.ids import ConversationId, new_request_id, session_of
from app.core.messages import Message, clean_text
from app.core.protocol import Generate
from app.core.sampling import Sampling
from app.storage import conversations, messages
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage

_TITLE_LENGTH = 60
_log = logging.getLogger(__name__)


class Turns:
    def __init__(
        self,
        db: Database,
        generator: Generator,
        post: Callable[[ChatEvent], None],
        *,
        sampling: Sampling = Sampling(),
        max_tokens: int | None = None,
    ) -> None:
        self._db = db
        self._generator = generator
        self._post = post
        self._sampling = sampling
        self._max_tokens = max_tokens
        self._lock = threading.Lock()
        # None while the turn is being stored: it is already taken, but cannot be stopped yet.
        self._live: dict[ConversationId, Reply | None] = {}
        self._idle = threading.Condition(self._lock)

    def start(self, text: str, model: str = "") -> "Future[ConversationId]":
        """A new conversation that opens with this message."""
        opened = self._db.write(
            lambda tx: conversations.create(tx, title=_title(text), model=model).id
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
        with self._lock:
            busy = conversation in self._live
            if not busy:
                self._live[conversation] = None
        if busy:
            wait = InvalidRequest("Wait for the reply to end, or stop it, before you go on.")
            self._refuse(conversation, text, wait)
            return
        stored = self._db.write(lambda tx: _store_turn(tx, conversation, cleaned))
        stored.add_done_callback(lambda done: self._ask(conversation, text, done))

    def stop(self, conversation: ConversationId) -> None:
        """Ask the reply to end; its text so far is kept."""
        with self._lock:
            reply = self._live.get(conversation)
        if reply is not None:
            self._generator.cancel(reply.request_id)

    def streaming(self) -> frozenset[ConversationId]:
        with self._lock:
            return frozenset(self._live)

    def close(self, timeout_s: float = 1.5) -> None:
        """Stop every reply and wait until each is stored."""
        with self._idle:
            for reply in filter(None, self._live.values()):
                self._generator.cancel(reply.request_id)
            self._idle.wait_for(lambda: not self._live, timeout_s)

    def _ask(
        self,
        conversation: ConversationId,
        text: str,
        stored: "Future[tuple[StoredMessage, StoredMessage, list[StoredMessage]]]",
    ) -> None:
        if (error := stored.exception()) is not None:
            _log.error("a message could not be stored", exc_info=error)
            self._forget(conversation)
            self._refuse(conversation, text, error)
            return
        question, answer, branch = stored.result()
        reply = Reply(
            self._db, answer, new_request_id(), self._post, lambda: self._forget(conversation)
        )
        with self._lock:
            self._live[conversation] = reply
        self._post(MessageAdded(conversation=conversation, message=question))
        self._post(MessageAdded(conversation=conversation, message=answer))
        request = Generate(
            request_id=reply.request_id,
            session=session_of(conversation),
            messages=assemble("", branch),
            sampling=self._sampling,
            max_tokens=self._max_tokens,
        )
        self._generator.submit(request, reply.sink)

    def _forget(self, conversation: ConversationId) -> None:
        with self._idle:
            self._live.pop(conversation, None)
            self._idle.notify_all()

    def _refuse(
        self, conversation: ConversationId, text: str, error: BaseException
    ) -> None:
        self._post(TurnRefused(conversation=conversation, text=text, error=to_info(error)))


def _store_turn(
    tx: Tx, conversation: ConversationId, text: str
) -> tuple[StoredMessage, StoredMessage, list[StoredMessage]]:
    branch = messages.path(tx, conversation)
    parent = branch[-1].id if branch else None
    question = messages.add(tx, conversation, parent, Message(role="user", content=text))
    answer = messages.start_reply(tx, conversation, question.id)
    return question, answer, [*branch, question]


def _title(text: str) -> str:
    """Until a model names it: the message's first line, cut at a word."""
    line = next(iter(clean_text(text).strip().splitlines()), "")
    if len(line) <= _TITLE_LENGTH:
        return line
    return line[:_TITLE_LENGTH].rsplit(" ", 1)[0] + "…"
