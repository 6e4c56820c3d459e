"""Writes the segments of a narrative: from live originals, from stored ones, from two older ones.

On the wind's thread. A segment is written once from its own turns and never from a summary
alone: a merge has the exact facts beside it. Whatever a model fails at has a mechanical form,
except a re-run, which leaves what stands.
"""

import logging
from collections.abc import Callable, Sequence

import msgspec

from app.chat import ledger, narrative
from app.chat.aside import Aside
from app.chat.budget import Budget, group_turns
from app.chat.documents import own_words
from app.chat.prompt import Composition, ledger_of, was_said
from app.chat.rough import BYTES_PER_TOKEN
from app.chat.scale import Scale, Weighed
from app.core.errors import AppError, KnownError, Stopped
from app.core.ids import ConversationId, SessionId, session_of
from app.core.messages import Message, Tool
from app.storage.messages import StoredMessage
from app.storage.segments import LedgerEntry, Origin, Segment, SegmentId

UNSTORED = SegmentId(0)
_LEAST = 16  # characters; less than this says nothing
_CHARACTERS_PER_TOKEN = 3
_MOST_LEDGER_BYTES = 64_000  # of one segment: years of facts, of which a window shows the newest
_MERGED_AT_ONCE = 6  # summaries; with the facts beside them less than half of a window
_ROOM_TO_THINK = 4  # times the tokens, when the first try was spent on reasoning
_EXACT = frozenset(("url", "path", "date", "number", "code", "quote"))
_log = logging.getLogger(__name__)


class _Try(msgspec.Struct, frozen=True):
    """One way to ask for a summary."""

    said: tuple[Message, ...]
    model: str
    session: SessionId = SessionId("")
    tools: tuple[Tool, ...] = ()


class Scribe:
    def __init__(
        self,
        aside: Aside,
        scale: Scale,
        budget: Callable[[], Budget],
        summarizer: Callable[[], str] = lambda: "",
    ) -> None:
        self._aside = aside
        self._scale = scale
        self._budget = budget
        self._summarizer = summarizer  # empty: the chat's own model writes them

    def narrate(
        self, weighed: Weighed, narrated: Sequence[StoredMessage], after: StoredMessage
    ) -> Segment:
        """The oldest turns, up to the user message `after`."""
        composition = weighed.composition
        wish = narrative.summary_request(
            narrated[0].message, after.message, self._budget().wind.instructions
        )
        spoken = tuple(_aloud(stored) for stored in narrated)
        conversation = narrated[0].conversation_id
        ways = [_live(weighed, conversation), _Try(spoken, composition.model)]
        if own := self._summarizer():  # it has nothing of the conversation in its cache
            ways.insert(0, _Try(spoken, own))
        text = self._first_useful(ways, wish)
        origin: Origin = "model" if text else "mechanical"
        if not text:
            room = self._budget().summary_tokens * _CHARACTERS_PER_TOKEN
            text = narrative.mechanical(spoken, room)
        return self._segment(conversation, narrated, text, origin, composition.model)

    def rewrite(self, old: Segment, composition: Composition) -> Segment:
        """The same turns once more, from what was said; raises when no model can."""
        order = [stored.id for stored in composition.branch]
        span = slice(order.index(old.first_message_id), order.index(old.last_message_id) + 1)
        narrated = [stored for stored in composition.branch[span] if was_said(stored)]
        model = self._summarizer() or composition.model
        texts: list[str] = []
        for part in self._parts(narrated, composition.model):
            wish = narrative.summary_request(part[0], None, self._budget().wind.instructions)
            texts.append(self._written(_Try(part, model), wish))
        facts = ledger.fit(_facts(narrated), int(self._budget().summary_tokens * BYTES_PER_TOKEN))
        while len(texts) > 1:  # they may be more than fit into the window at once
            some, texts = texts[:_MERGED_AT_ONCE], texts[_MERGED_AT_ONCE:]
            wish = narrative.merge_request(some, facts)
            texts.insert(0, self._written(_Try((), model), wish))
        new = self._segment(old.conversation_id, narrated, texts[0], "model", composition.model)
        return msgspec.structs.replace(
            new, first_message_id=old.first_message_id, last_message_id=old.last_message_id
        )

    def merge(self, weighed: Weighed) -> Segment:
        """All that stand become one: over the live conversation, whose prompt has them; else
        from their texts and facts."""
        standing = weighed.composition.segments
        texts = [segment.text for segment in standing]
        facts = ledger.fit(ledger_of(standing), _MOST_LEDGER_BYTES)
        model = weighed.composition.model
        text = ""
        if not self._summarizer():
            live = _live(weighed, standing[0].conversation_id)
            text = self._first_useful([live], narrative.live_merge_request())
        if not text:
            beside = ledger.fit(facts, int(self._budget().summary_tokens * BYTES_PER_TOKEN))
            wish = narrative.merge_request(texts, beside)
            ways = [_Try((), by) for by in dict.fromkeys((self._summarizer() or model, model))]
            text = self._first_useful(ways, wish)
        origin: Origin = "model" if text else "mechanical"
        if not text:
            room = self._budget().summary_tokens * _CHARACTERS_PER_TOKEN
            text = narrative.shortened(texts, room)
        return msgspec.structs.replace(
            standing[-1],
            id=UNSTORED,
            first_message_id=standing[0].first_message_id,
            text=text,
            origin=origin,
            tokens=self._scale.tokens(text, model),
            ledger=facts,
        )

    def _segment(
        self,
        conversation: ConversationId,
        narrated: Sequence[StoredMessage],
        text: str,
        origin: Origin,
        model: str,
    ) -> Segment:
        return Segment(
            id=UNSTORED,
            conversation_id=conversation,
            first_message_id=narrated[0].id,
            last_message_id=narrated[-1].id,
            text=text,
            origin=origin,
            tokens=self._scale.tokens(text, model),
            ledger=_facts(narrated, text if origin == "model" else ""),
            superseded_by=None,
            created_ms=0,
        )

    def _first_useful(self, tries: Sequence[_Try], wish: str) -> str:
        """Empty when none of them is."""
        for way in tries:
            try:
                return self._written(way, wish)
            except Stopped:
                raise  # and no other model is asked instead
            except AppError:
                _log.info("a summary failed", exc_info=True)
        return ""

    def _written(self, way: _Try, wish: str) -> str:
        request = (*way.said, Message(role="user", content=wish))
        most = self._budget().summary_tokens
        for allowed in (most, most * _ROOM_TO_THINK):
            answer = self._aside.ask(
                request, allowed, model=way.model, session=way.session, tools=way.tools
            )
            text = answer.text.strip()
            if answer.reason == "length":
                text = narrative.whole(text)
            if len(text) >= _LEAST:
                return text
            if answer.reason != "length":
                break
        raise KnownError("The model's summary says nothing.")

    def _parts(self, narrated: Sequence[StoredMessage], model: str) -> list[tuple[Message, ...]]:
        """Turns that fit into the window together; a giant message is excerpted."""
        budget = self._budget()
        room = (budget.limit - budget.summary_tokens) * 3 // 4
        spoken = [_aloud(stored) for stored in narrated]
        prices = self._scale.count(spoken, model).each
        for index, price in enumerate(prices):
            if price > room:
                text = narrative.excerpt(
                    spoken[index].text, len(spoken[index].text) * room // price
                )
                spoken[index] = msgspec.structs.replace(spoken[index], content=text)
        parts: list[tuple[Message, ...]] = []
        used = room
        for index, turn in enumerate(turns := group_turns([m.role for m in spoken], prices)):
            end = turns[index + 1].first if index + 1 < len(turns) else len(spoken)
            if used + turn.tokens > room:
                parts.append(())
                used = 0
            parts[-1] += tuple(spoken[turn.first : end])
            used += turn.tokens
        return parts


def _aloud(stored: StoredMessage) -> Message:
    """What was thought before it was said is not to be told."""
    return msgspec.structs.replace(stored.message, reasoning="")


def _live(weighed: Weighed, conversation: ConversationId) -> _Try:
    """Over what is in the model's cache: without a question that still waits."""
    said = weighed.composition.messages
    said = said[:-1] if said[-1].role == "user" else said
    return _Try(said, weighed.composition.model, session_of(conversation), weighed.tools)


def _facts(narrated: Sequence[StoredMessage], summary: str = "") -> tuple[LedgerEntry, ...]:
    """What people and tools said counts whole; of the model's own words only the exact kinds.

    What its summary adds comes first, as the oldest: when space is short it goes first.
    Documents stay searchable as they are: their facts would push out those of the talk.
    """
    facts: tuple[LedgerEntry, ...] = ()
    said = [(stored.id, own_words(stored.message.text)) for stored in narrated]
    for stored, (_, text) in zip(narrated, said, strict=True):
        found = ledger.extract(text, stored.id)
        if stored.message.role == "assistant":
            found = [entry for entry in found if entry.kind in _EXACT]
        facts = ledger.merge(facts, found)
    return ledger.merge(ledger.confirmed(summary, said, facts), facts)
