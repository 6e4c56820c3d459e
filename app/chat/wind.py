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
from contextlib import suppress

import msgspec

from app.chat.aside import Aside
from app.chat.budget import Budget, choose_cut, group_turns
from app.chat.events import ChatEvent, WindFinished, WindStarted
from app.chat.prompt import compose
from app.chat.scale import Scale, Weighed
from app.chat.scribe import UNSTORED, Scribe
from app.chat.seen import load
from app.core.errors import AppError, ContextLimitExceeded, InvalidRequest
from app.core.generator import Generator
from app.core.ids import ConversationId, session_of
from app.core.messages import Message
from app.storage import messages, segments
from app.storage.database import Database, Tx
from app.storage.messages import StoredMessage
from app.storage.segments import Segment, SegmentId

_IDLE_S = 2.0
CHANGED = "That part of the narrative has changed meanwhile. Open it again."
_log = logging.getLogger(__name__)


class _Plan(msgspec.Struct, frozen=True):
    """What one wind will narrate: the oldest turns, up to the user message `after`."""

    weighed: Weighed
    narrated: tuple[StoredMessage, ...]
    after: StoredMessage


class Wind:
    def __init__(
        self,
        db: Database,
        generator: Generator,
        post: Callable[[ChatEvent], None],
        budget: Callable[[], Budget],
        scale: Scale,
        *,
        summarizer: Callable[[], str] = lambda: "",
        idle_s: float = _IDLE_S,
    ) -> None:
        self._db = db
        self._post = post
        self._budget = budget
        self._scale = scale
        self._aside = Aside(generator)
        self._scribe = Scribe(self._aside, scale, budget, summarizer)
        self._idle_s = idle_s
        self._thread = ThreadPoolExecutor(1, "wind")
        self._lock = threading.Lock()
        self._timers: dict[ConversationId, threading.Timer] = {}
        self._after_last: dict[ConversationId, int] = {}
        self._closed = False

    def after_reply(self, conversation: ConversationId, tokens: int) -> None:
        """`tokens` is what the window holds now; past the threshold a wind follows in idle time."""
        after_last = self._after_last.get(conversation, 0)
        if not self._budget().should_wind(tokens, after_last):
            return
        timer = threading.Timer(self._idle_s, self._when_idle, [conversation])
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

    def _when_idle(self, conversation: ConversationId) -> None:
        with self._lock:
            if not self._closed:
                self._thread.submit(self._wind, conversation, awaited=False, due=True)
            self._timers.pop(conversation, None)

    def start(
        self, conversation: ConversationId, *, awaited: bool = False
    ) -> "Future[Segment | None]":
        """One wind, now; its result is the new segment, None when there is nothing to narrate.

        `awaited`: a reply waits for it, which is said before its turn comes.
        """
        self.hold(conversation)
        if awaited:
            self._post(WindStarted(conversation=conversation, awaited=True))
        return self._thread.submit(self._wind, conversation, awaited=awaited)

    def rewrite(self, conversation: ConversationId, segment: SegmentId) -> "Future[Segment]":
        """A segment anew from what was said; fails when no model can write it."""
        return self._thread.submit(self._rewrite, conversation, segment)

    def prime(self, conversation: ConversationId) -> None:
        """The prompt has changed by other hands: into the cache with it, before it is needed."""
        with self._lock:
            if not self._closed:
                self._thread.submit(self._prime_changed, conversation)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            timers, self._timers = self._timers, {}
        for timer in timers.values():
            timer.cancel()
        self._aside.close()
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ one wind, on its thread

    def _wind(
        self, conversation: ConversationId, *, awaited: bool, due: bool = False
    ) -> Segment | None:
        """`due`: only if it still is, when its turn comes; another may have done it."""
        began, self._aside.prefilled = time.monotonic(), 0
        announced, segment = awaited, None
        try:
            if plan := self._plan(conversation, due=due):
                if not announced:
                    self._post(WindStarted(conversation=conversation))
                announced = True
                segment = self._narrate(conversation, plan)
        except AppError:
            _log.info("a wind was given up", exc_info=True)
        except Exception:  # noqa: BLE001  (what it was for goes on without it)
            _log.exception("a wind failed")
        finally:
            if announced:
                self._finished(conversation, segment, began)
        return segment

    def _finished(self, conversation: ConversationId, new: Segment | None, began: float) -> None:
        self._post(
            WindFinished(
                conversation=conversation,
                segment=new,
                prefilled_tokens=self._aside.prefilled,
                duration_ms=(time.monotonic() - began) * 1000,
            )
        )

    def _plan(self, conversation: ConversationId, *, due: bool) -> _Plan | None:
        budget = self._budget()
        weighed = self._scale.weigh(conversation)
        if due and not budget.should_wind(weighed.tokens, self._after_last.get(conversation, 0)):
            return None
        said = weighed.composition.said
        if not said:
            return None
        turns = group_turns([stored.message.role for stored in said], weighed.prices)
        head = weighed.tokens - sum(weighed.prices)
        # What stands before the recent turns may grow to its caps with this wind.
        fixed = head - sum(self._scale.told(weighed.composition))
        grown = fixed + budget.narrative_tokens + budget.ledger_tokens
        cut = choose_cut(turns, budget.target_tokens - max(head, grown))
        if cut == 0:
            return None
        if weighed.tokens > budget.limit:
            with suppress(ContextLimitExceeded):  # cut as it was sent: so it is in the cache
                weighed = self._scale.fitted(conversation, weighed)
        return _Plan(weighed, tuple(said[: turns[cut].first]), said[turns[cut].first])

    def _narrate(self, conversation: ConversationId, plan: _Plan) -> Segment:
        old = plan.weighed.composition
        new = self._scribe.narrate(plan.weighed, plan.narrated, plan.after)
        standing = self._merged(plan.weighed, new)
        prompt = compose(old.system_prompt, old.branch, standing, self._budget())
        self._prime(conversation, prompt.messages, plan.weighed)
        return self._db.write(lambda tx: _store(tx, plan, standing)).result()

    def _merged(self, weighed: Weighed, new: Segment) -> list[Segment]:
        """What stands after this wind: all older ones become one when they are too long.

        All at once, and so seldom: the new text stands before everything that could be kept
        in the cache, and each merge tells again what was told already.
        """
        older = weighed.composition.segments
        too_long = sum(s.tokens for s in (*older, new)) > self._budget().narrative_tokens
        if too_long and len(older) > 1:
            older = (self._scribe.merge(weighed),)
        return [*older, new]

    def _prime(
        self, conversation: ConversationId, said: Sequence[Message], weighed: Weighed
    ) -> None:
        """The new prompt goes into the cache before anyone needs it."""
        try:
            primed = self._aside.ask(
                said,
                0,
                model=weighed.composition.model,
                session=session_of(conversation),
                tools=weighed.tools,
            )
        except ContextLimitExceeded:
            return  # one turn alone is too long: it is excerpted when it is asked about
        self._after_last[conversation] = primed.stats.prompt_tokens

    def _prime_changed(self, conversation: ConversationId) -> None:
        try:
            weighed = self._scale.weigh(conversation)
            self._prime(conversation, weighed.composition.messages, weighed)
        except AppError:
            _log.info("a changed narrative could not be primed", exc_info=True)

    def _rewrite(self, conversation: ConversationId, segment_id: SegmentId) -> Segment:
        budget = self._budget()

        def read(tx: Tx) -> tuple[Segment, bool]:
            old = segments.get(tx, segment_id)
            return old, old in load(tx, conversation, budget).segments

        old, stands = self._db.read(read).result()
        if not stands:
            raise InvalidRequest(CHANGED)
        began, self._aside.prefilled = time.monotonic(), 0
        self._post(WindStarted(conversation=conversation))
        new: Segment | None = None
        try:
            composition = self._db.read(
                lambda tx: load(tx, conversation, budget, leaf=old.last_message_id)
            ).result()
            written = self._scribe.rewrite(old, composition)
            new = self._db.write(lambda tx: replace(tx, conversation, old, written)).result()
            return new
        finally:
            self._finished(conversation, new, began)


def replace(tx: Tx, conversation: ConversationId, old: Segment, new: Segment) -> Segment:
    """`new` stands in the place of `old`, which must stand itself where it is shown."""
    leaf = messages.active_leaf(tx, conversation)
    standing = segments.on_branch(tx, conversation, leaf) if leaf else []
    if old.id not in [segment.id for segment in standing]:
        raise InvalidRequest(CHANGED)
    return segments.add(
        tx,
        conversation,
        new.first_message_id,
        new.last_message_id,
        new.text,
        origin=new.origin,
        tokens=new.tokens,
        ledger=new.ledger,
        supersedes=[old.id],
    )


def _store(tx: Tx, plan: _Plan, standing: Sequence[Segment]) -> Segment:
    """All of one wind in one transaction; a merged segment supersedes what it took in."""
    before = plan.weighed.composition.segments
    last = plan.narrated[-1]
    if tuple(segments.on_branch(tx, last.conversation_id, last.id)) != before:
        raise InvalidRequest(CHANGED)  # by people, while this wind was at work
    taken_in = [old.id for old in before if old not in standing]
    stored: Segment | None = None
    for new in standing:
        if new.id == UNSTORED:
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
