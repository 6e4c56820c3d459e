"""The context wind: keeps a conversation inside its window without anyone waiting for it.

Runs on one thread of its own, at background priority. A wind is two ordinary requests:
*summarise* is the live conversation plus an instruction (its tokens are already in the
engine's cache), *prime* is the new prompt with nothing to generate. The segment is stored
only after the new prompt is primed: until then every turn is answered from the old one, and
a crash at any point leaves the conversation as it was.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from app.chat import ledger, narrative
from app.chat.ask import Answered, ask, count, token_count
from app.chat.budget import Budget, choose_cut, group_turns
from app.chat.documents import own_words
from app.chat.events import ChatEvent, WindFinished, WindStarted
from app.chat.prompt import Composition, compose, ledger_of, was_said
from app.chat.seen import load
from app.core.errors import AppError, ContextLimitExceeded, InvalidRequest, KnownError
from app.core.generator import Generator
from app.core.ids import ConversationId, RequestId, SessionId, new_request_id, session_of
from app.core.messages import Message
from app.core.protocol import CHAT, Count, Generate
from app.core.sampling import GREEDY
from app.storage import segments
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage
from app.storage.segments import LedgerEntry, Origin, Segment, SegmentId

_IDLE_S = 2.0
_DEADLINE_MS = 180_000
_LEAST_SUMMARY = 16  # characters; less than this says nothing
_UNSTORED = SegmentId(0)
_EXACT = frozenset(("url", "path", "date", "number", "code", "quote"))
_log = logging.getLogger(__name__)


class _Plan(msgspec.Struct, frozen=True):
    """What one wind will narrate: the oldest turns, up to the user message `after`."""

    composition: Composition
    narrated: tuple[StoredMessage, ...]
    after: StoredMessage


class Wind:
    def __init__(
        self,
        db: Database,
        generator: Generator,
        post: Callable[[ChatEvent], None],
        budget: Callable[[], Budget],
        *,
        summarizer: Callable[[], str] = lambda: CHAT,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._db = db
        self._generator = generator
        self._post = post
        self._budget = budget
        self._summarizer = summarizer
        self._idle_s = idle_s
        self._thread = ThreadPoolExecutor(1, "wind")
        self._lock = threading.Lock()
        self._timers: dict[ConversationId, threading.Timer] = {}
        self._after_last: dict[ConversationId, int] = {}
        self._running: RequestId | None = None
        self._closed = False
        self._prefilled = 0  # by the wind that runs; only on its thread

    def after_reply(self, conversation: ConversationId, tokens: int) -> None:
        """`tokens` is what the window holds now; past the threshold a wind follows in idle time."""
        after_last = self._after_last.get(conversation, 0)
        if not self._budget().should_wind(tokens, after_last):
            return
        timer = threading.Timer(self._idle_s, self.start, [conversation])
        timer.daemon = True
        with self._lock:
            if self._closed:
                return
            self._timers[conversation] = timer
        timer.start()

    def hold(self, conversation: ConversationId) -> None:
        """A new message came before the idle time was over."""
        with self._lock:
            timer = self._timers.pop(conversation, None)
        if timer is not None:
            timer.cancel()

    def start(self, conversation: ConversationId) -> "Future[Segment | None]":
        """One wind, now; its result is the new segment, None when there is nothing to narrate."""
        winding = self._thread.submit(self._wind, conversation)
        self.hold(conversation)
        return winding

    def close(self) -> None:
        with self._lock:
            self._closed = True
            timers, self._timers = self._timers, {}
            running = self._running
        for timer in timers.values():
            timer.cancel()
        if running is not None:
            self._generator.cancel(running)
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ one wind, on its thread

    def _wind(self, conversation: ConversationId) -> Segment | None:
        plan = self._plan(conversation)
        if plan is None:
            return None
        self._post(WindStarted(conversation=conversation))
        began, self._prefilled = time.monotonic(), 0
        segment: Segment | None = None
        try:
            drafts = self._merged(plan.composition.segments, self._narrate(conversation, plan))
            self._prime(conversation, plan, drafts)
            before = plan.composition.segments
            segment = self._db.write(lambda tx: _store(tx, before, drafts)).result()
        except AppError:
            _log.info("a wind was given up", exc_info=True)
        finally:
            self._post(
                WindFinished(
                    conversation=conversation,
                    segment=segment,
                    prefilled_tokens=self._prefilled,
                    duration_ms=(time.monotonic() - began) * 1000,
                )
            )
        return segment

    def _plan(self, conversation: ConversationId) -> _Plan | None:
        budget = self._budget()
        composition = self._db.read(lambda tx: load(tx, conversation, budget)).result()
        said = [stored for stored in composition.verbatim if was_said(stored)]
        if not said:
            return None
        request = Count(request_id=new_request_id(), messages=composition.messages, each=True)
        counted = count(self._generator, request).result()
        head = sum(counted.each[: len(counted.each) - len(said)])
        turns = group_turns(
            [stored.message.role for stored in said], counted.each[len(counted.each) - len(said) :]
        )
        # What stands before the recent turns may grow to its caps with this wind.
        story = budget.narrative_tokens + budget.ledger_tokens
        system = token_count(self._generator, composition.system_prompt).result()
        cut = choose_cut(turns, budget.target_tokens - max(head, system + story))
        if cut == 0:
            return None
        after = said[turns[cut].first]
        return _Plan(composition, tuple(said[: turns[cut].first]), after)

    def _narrate(self, conversation: ConversationId, plan: _Plan) -> Segment:
        text, origin = self._summarise(conversation, plan)
        return Segment(
            id=_UNSTORED,
            conversation_id=conversation,
            first_message_id=plan.narrated[0].id,
            last_message_id=plan.narrated[-1].id,
            text=text,
            origin=origin,
            tokens=token_count(self._generator, text).result(),
            ledger=_facts(plan.narrated),
            superseded_by=None,
            created_ms=0,
        )

    def _summarise(self, conversation: ConversationId, plan: _Plan) -> tuple[str, Origin]:
        """Over the live conversation; when that fails, over the old turns alone.

        A model of its own has none of the conversation in its cache: it reads the old turns only.
        """
        budget = self._budget()
        wish = narrative.summary_request(
            plan.narrated[0].message, plan.after.message, budget.wind.instructions
        )
        spoken = [stored.message for stored in plan.narrated]
        ways: list[tuple[str, Sequence[Message], SessionId]] = [
            (CHAT, _answered(plan.composition.messages), session_of(conversation)),
            (CHAT, spoken, SessionId("")),
        ]
        if (own := self._summarizer()) != CHAT:
            ways.insert(0, (own, spoken, SessionId("")))
        for model, said, session in ways:
            try:
                request = (*said, Message(role="user", content=wish))
                answer = self._ask(request, budget.summary_tokens, session, model)
            except KnownError:
                _log.info("a summary failed", exc_info=True)
                continue
            if len(answer.text.strip()) >= _LEAST_SUMMARY:
                return answer.text.strip(), "model"
        return narrative.mechanical(spoken, budget.summary_tokens * 3), "mechanical"

    def _merged(self, live: Sequence[Segment], new: Segment) -> list[Segment]:
        """What stands after this wind: the oldest two become one while all are too long."""
        budget = self._budget()
        standing = [*live, new]
        while len(standing) > 2 and sum(s.tokens for s in standing) > budget.narrative_tokens:
            standing[:2] = [self._merge(standing[0], standing[1])]
        return standing

    def _merge(self, older: Segment, newer: Segment) -> Segment:
        facts = ledger_of((older, newer))
        wish = narrative.merge_request((older.text, newer.text), facts)
        budget = self._budget()
        text, origin = "", "model"
        for model in dict.fromkeys((self._summarizer(), CHAT)):
            try:
                wanted = (Message(role="user", content=wish),)
                text = self._ask(wanted, budget.summary_tokens, model=model).text.strip()
            except AppError:
                _log.info("a merge failed", exc_info=True)
            if len(text) >= _LEAST_SUMMARY:
                break
        if len(text) < _LEAST_SUMMARY:
            room = budget.summary_tokens * 3
            text, origin = narrative.shortened((older.text, newer.text), room), "mechanical"
        return msgspec.structs.replace(
            newer,
            id=_UNSTORED,
            first_message_id=older.first_message_id,
            text=text,
            origin=origin,
            tokens=token_count(self._generator, text).result(),
            ledger=facts,
        )

    def _prime(
        self, conversation: ConversationId, plan: _Plan, standing: Sequence[Segment]
    ) -> None:
        """The new prompt goes into the cache before anyone needs it."""
        new = compose(
            plan.composition.system_prompt, plan.composition.branch, standing, self._budget()
        )
        try:
            primed = self._ask(new.messages, 0, session_of(conversation))
        except ContextLimitExceeded:
            return  # one turn alone is too long: it is excerpted when it is asked about
        self._after_last[conversation] = primed.stats.prompt_tokens

    def _ask(
        self,
        said: Sequence[Message],
        max_tokens: int,
        session: SessionId = SessionId(""),
        model: str = CHAT,
    ) -> Answered:
        request = Generate(
            request_id=new_request_id(),
            session=session,
            model=model,
            messages=tuple(said),
            sampling=GREEDY,
            max_tokens=max_tokens,
            priority="background",
            deadline_ms=_DEADLINE_MS,
        )
        with self._lock:
            if self._closed:
                raise InvalidRequest("The app is closing.")
            self._running = request.request_id
        try:
            answer = ask(self._generator, request).result()
            self._prefilled += answer.stats.prompt_tokens - answer.stats.reused_tokens
            return answer
        finally:
            with self._lock:
                self._running = None


def _answered(messages: Sequence[Message]) -> Sequence[Message]:
    """Without a question that still waits: what remains is in the model's cache."""
    return messages[:-1] if messages[-1].role == "user" else messages


def _facts(narrated: Sequence[StoredMessage]) -> tuple[LedgerEntry, ...]:
    """What people and tools said counts whole; of the model's own words only the exact kinds.

    Documents stay searchable as they are: their facts would push out those of the talk.
    """
    facts: tuple[LedgerEntry, ...] = ()
    for stored in narrated:
        found = ledger.extract(own_words(stored.message.text), stored.id)
        if stored.message.role == "assistant":
            found = [entry for entry in found if entry.kind in _EXACT]
        facts = ledger.merge(facts, found)
    return facts


def _store(tx: Tx, before: Sequence[Segment], standing: Sequence[Segment]) -> Segment:
    """All of one wind in one transaction; a merged segment supersedes what it took in."""
    taken_in = [old.id for old in before if old not in standing]
    stored: Segment | None = None
    for new in standing:
        if new.id == _UNSTORED:
            stored = segments.add(
                tx,
                new.conversation_id,
                new.first_message_id,
                new.last_message_id,
                new.text,
                origin=new.origin,
                tokens=new.tokens,
                ledger=new.ledger,
                supersedes=taken_in,
            )
            taken_in = []
    assert stored is not None  # a wind always ends in a new newest segment
    return stored
