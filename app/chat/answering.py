"""Replies in the making: fits the prompt into the window, submits it, and knows what streams.

Preparing a prompt asks the engine for exact counts and may have to wait for a wind, so it
runs on threads of its own; verbs never wait for it. Nothing over budget is ever submitted.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec

from app.chat import documents
from app.chat.budget import Budget
from app.chat.events import ChatEvent, ReplyFinished, WindowMeasured
from app.chat.meaning import Meaning
from app.chat.recall import quotes_for
from app.chat.reply import Reply
from app.chat.scale import Scale, Weighed
from app.chat.seen import load
from app.chat.titles import Titles
from app.chat.wind import Wind
from app.core.errors import ContextLimitExceeded, ErrorInfo, InvalidRequest, KnownError, to_info
from app.core.generator import Generator
from app.core.ids import ConversationId, MessageId, new_request_id, session_of
from app.core.protocol import CHAT, Failed, Generate, RequestEvent, Stats
from app.core.sampling import Sampling
from app.storage import recalls
from app.storage.database import Database, Tx
from app.storage.documents import put_excerpts
from app.storage.messages import StoredMessage

_PREPARERS = 4
_log = logging.getLogger(__name__)


class Asked(msgspec.Struct, frozen=True):
    """Who is to answer a chat, and how."""

    model: str  # its path; empty: the one that is loaded
    sampling: Sampling


class Answering:
    def __init__(
        self,
        db: Database,
        generator: Generator,
        post: Callable[[ChatEvent], None],
        budget: Callable[[], Budget],
        scale: Scale,
        *,
        wind: Wind,
        meaning: Meaning,
        titles: Titles,
        max_tokens: int | None = None,
        ready: Callable[[str], None] = lambda _model: None,
    ) -> None:
        self._db = db
        self._generator = generator
        self._wind = wind
        self._meaning = meaning
        self._titles = titles
        self._post = post
        self._budget = budget
        self._max_tokens = max_tokens
        self._scale = scale
        self._ready = ready  # has this model loaded, or says why not
        self._threads = ThreadPoolExecutor(_PREPARERS, "turn")
        self._idle = threading.Condition()
        # None while the turn is being stored, or when it was stopped before the engine had it.
        self._live: dict[ConversationId, Reply | None] = {}
        self._stopped: set[ConversationId] = set()
        self._ending = 0  # replies that have ended, but not everyone has been told yet
        self._closed = False

    def take(self, conversation: ConversationId) -> bool:
        """One reply at a time: False when this conversation is already being answered."""
        self._wind.hold(conversation)
        with self._idle:
            if self._closed or conversation in self._live:
                return False
            self._live[conversation] = None
            self._stopped.discard(conversation)
            return True

    def release(self, conversation: ConversationId) -> None:
        with self._idle:
            self._live.pop(conversation, None)
            self._idle.notify_all()

    def answer(
        self, stored: StoredMessage, asked: Asked, then: Callable[[StoredMessage], None]
    ) -> None:
        """Make this reply, or go on with it; its conversation must have been taken.

        `then` is told how it ended, when the conversation is free again.
        """
        self._threads.submit(self._prepare_and_submit, stored, asked, then)

    def stop(self, conversation: ConversationId) -> None:
        """At once, even while its model still loads: what is being prepared then is dropped."""
        with self._idle:
            self._stopped.add(conversation)
            reply = self._live.get(conversation)
            if reply is not None and not reply.submitted:
                self._live[conversation] = None
        if reply is None:
            return
        if reply.submitted:
            self._generator.cancel(reply.request_id)
        else:
            refusal = to_info(InvalidRequest("Stopped before the first word."))
            reply.sink(Failed(request_id=reply.request_id, error=refusal))

    def so_far(self, conversation: ConversationId) -> tuple[str, str]:
        """Text and reasoning of the reply that streams here; empty when none does yet."""
        with self._idle:
            reply = self._live.get(conversation)
        return ("", "") if reply is None else reply.so_far()

    def streaming(self) -> frozenset[ConversationId]:
        with self._idle:
            return frozenset(self._live)

    def close(self, timeout_s: float) -> None:
        with self._idle:
            self._closed = True
            live = list(self._live)
        for conversation in live:
            self.stop(conversation)
        with self._idle:
            self._idle.wait_for(lambda: not self._live and not self._ending, timeout_s)
        self._threads.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ on a preparing thread

    def _prepare_and_submit(
        self, stored: StoredMessage, asked: Asked, then: Callable[[StoredMessage], None]
    ) -> None:
        conversation = stored.conversation_id
        reply = Reply(
            self._db,
            stored,
            new_request_id(),
            self._post,
            lambda finished: self._ended(conversation, finished, then),
        )
        with self._idle:
            self._live[conversation] = reply
        if self._was_stopped(reply):
            self.stop(conversation)
            return
        try:
            self._ready(asked.model)
            prompt = self._fit(conversation, _leaf(stored))
        except Exception as error:  # noqa: BLE001  (it belongs to this reply, not to a thread)
            self._fail(reply, error)
            return
        self._submit(reply, prompt, asked, again=self._winded_again)

    def _submit(
        self,
        reply: Reply,
        prompt: Weighed,
        asked: Asked,
        again: Callable[[Reply, Weighed, Asked, ErrorInfo], None] | None = None,
    ) -> None:
        """`again`: what to do once when the engine finds the prompt too long after all."""

        def sink(event: RequestEvent) -> None:
            if again and isinstance(event, Failed) and _too_long(event, reply):
                with suppress(RuntimeError):  # the app is closing
                    self._threads.submit(again, reply, prompt, asked, event.error)
                    return
            reply.sink(event)

        if self._wanted(reply):
            self._generator.submit(self._request(reply, prompt, asked), sink)
            if self._was_stopped(reply):  # too early for the engine to know what was meant
                self._generator.cancel(reply.request_id)

    def _was_stopped(self, reply: Reply) -> bool:
        with self._idle:
            return reply.stored.conversation_id in self._stopped

    def _wanted(self, reply: Reply, *, submitted: bool = True) -> bool:
        """Nobody has stopped it while it was prepared; from here on the engine is told."""
        with self._idle:
            wanted = self._live.get(reply.stored.conversation_id) is reply
            reply.submitted = wanted and submitted
        return wanted

    def _winded_again(
        self, reply: Reply, prompt: Weighed, asked: Asked, refusal: ErrorInfo
    ) -> None:
        """Its window is smaller than we were told: a wind, and then a shorter prompt."""
        if not self._wanted(reply, submitted=False):
            return
        if self._was_stopped(reply):
            self.stop(reply.stored.conversation_id)
            return
        maximum = int(refusal.details.get("maximum") or 0)
        limit = min(maximum - self._budget().reserve, prompt.tokens * 4 // 5)
        limit = limit if limit > 0 else prompt.tokens // 2
        try:
            conversation, leaf = reply.stored.conversation_id, _leaf(reply.stored)
            winds = self._budget().wind.enabled
            shorter = self._winded(conversation, leaf) if winds else prompt
            shorter = self._scale.fitted(conversation, shorter, leaf, limit)
        except Exception as error:  # noqa: BLE001  (it belongs to this reply, not to a thread)
            self._fail(reply, error)
            return
        reply.request_id = new_request_id()
        self._submit(reply, shorter, asked)

    def _fail(self, reply: Reply, error: Exception) -> None:
        if not self._wanted(reply):
            return
        level = logging.INFO if isinstance(error, KnownError) else logging.ERROR
        _log.log(level, "a prompt could not be prepared", exc_info=error)
        reply.sink(Failed(request_id=reply.request_id, error=to_info(error)))

    def _request(self, reply: Reply, prompt: Weighed, asked: Asked) -> Generate:
        room = self._budget().chat_ctx - prompt.tokens
        return Generate(
            request_id=reply.request_id,
            session=session_of(reply.stored.conversation_id),
            model=asked.model or CHAT,
            messages=prompt.composition.messages,
            tools=prompt.tools,
            continue_last=_goes_on(reply.stored),
            sampling=asked.sampling,
            max_tokens=min(self._max_tokens or room, room),
        )

    def _fit(self, conversation: ConversationId, leaf: MessageId | None) -> Weighed:
        """As it is; else after a wind; else with its longest turns excerpted."""
        budget = self._budget()
        self._recall(conversation, leaf)
        weighed = self._scale.weigh(conversation, leaf=leaf)
        if weighed.tokens > budget.limit and budget.wind.enabled:
            weighed = self._winded(conversation, leaf)
        return self._scale.fitted(conversation, weighed, leaf)

    def _winded(self, conversation: ConversationId, leaf: MessageId | None) -> Weighed:
        """The next prompt waits for a wind, and a note says so."""
        self._wind.start(conversation, awaited=True).result()
        self._recall(conversation, leaf)
        return self._scale.weigh(conversation, leaf=leaf)

    def _recall(self, conversation: ConversationId, leaf: MessageId | None) -> None:
        """Once per question and wind: what was quoted for it stays as it is."""
        budget = self._budget()
        self._quote_documents(conversation, leaf, budget)

        seen = self._db.read(lambda tx: load(tx, conversation, budget, leaf=leaf)).result()
        question = seen.branch[-1]
        if question.message.role != "user" or question.id in seen.quotes or not seen.segments:
            return
        sense = self._meaning.of(documents.own_words(question.message.text))
        found = self._db.read(lambda tx: quotes_for(tx, seen, budget, sense)).result()
        if found:
            newest = seen.segments[-1].id
            self._db.write(lambda tx: recalls.put(tx, question.id, newest, found)).result()

    def _quote_documents(
        self, conversation: ConversationId, leaf: MessageId | None, budget: Budget
    ) -> None:
        """Long documents are searched on this thread, never on the database's."""

        def find(tx: Tx) -> documents.Sources | None:
            seen = load(tx, conversation, budget, leaf=leaf)
            if seen.branch[-1].message.role != "user":
                return None
            return documents.sources(tx, seen.branch, seen.first_verbatim, budget)

        if found := self._db.read(find).result():
            question = documents.own_words(found.question.message.text)
            if quoted := documents.search(found, question, budget):
                self._db.write(lambda tx: put_excerpts(tx, found.question.id, quoted)).result()

    def _ended(
        self,
        conversation: ConversationId,
        finished: StoredMessage,
        then: Callable[[StoredMessage], None],
    ) -> None:
        """Free for the next turn before anyone hears of the end."""
        with self._idle:
            self._ending += 1
        self.release(conversation)
        try:
            self._tell(finished)
            then(finished)
        finally:
            with self._idle:
                self._ending -= 1
                self._idle.notify_all()

    def _tell(self, finished: StoredMessage) -> None:
        if finished.stats is None:
            self._post(ReplyFinished(conversation=finished.conversation_id, message=finished))
        else:
            self._account(finished, finished.stats)

    def _account(self, finished: StoredMessage, stats: Stats) -> None:
        conversation = finished.conversation_id
        used = stats.prompt_tokens + stats.completion_tokens
        budget = self._budget()
        self._wind.after_reply(conversation, used)
        self._titles.after_reply(conversation)
        self._meaning.catch_up()
        self._post(ReplyFinished(conversation=conversation, message=finished))
        self._post(
            WindowMeasured(
                conversation=conversation,
                chat_ctx=budget.chat_ctx,
                used=used,
                reserve=budget.reserve,
            )
        )


def _too_long(refusal: Failed, reply: Reply) -> bool:
    unsaid = reply.so_far() == reply.at_first
    return unsaid and refusal.error.kind == ContextLimitExceeded.kind


def _goes_on(stored: StoredMessage) -> bool:
    return bool(stored.message.text)


def _leaf(stored: StoredMessage) -> MessageId | None:
    """What the model reads last: the question, or what the reply has said so far."""
    return stored.id if _goes_on(stored) else stored.parent_id
