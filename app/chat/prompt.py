"""From the stored branch to the messages a request carries, and the account of what they hold.

Pure and deterministic: the same branch, segments and quotes always give the same messages,
and a longer branch starts with the shorter one's, so that the engine's cached prefix stays
valid. No dates, no changing text before the conversation.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from app.chat import ledger, narrative
from app.chat.budget import Budget
from app.chat.ledger import Entry
from app.core.ids import MessageId
from app.core.messages import Message
from app.storage.messages import StoredMessage
from app.storage.segments import Segment

Seen = Literal["verbatim", "excerpted", "narrated", "recalled", "evicted"]

_CHARACTERS_PER_TOKEN = 3  # on the safe side; the exact count decides before anything is sent

_entries = msgspec.json.Decoder(tuple[Entry, ...])


class Quote(msgspec.Struct, frozen=True):
    """An evicted message, or a part of it, brought back for one turn."""

    message: MessageId
    role: str
    text: str


class Composition(msgspec.Struct, frozen=True):
    """What goes to the model, and from what it was made."""

    messages: tuple[Message, ...]
    system_prompt: str
    branch: tuple[StoredMessage, ...]
    segments: tuple[Segment, ...]
    facts: tuple[Entry, ...]
    first_verbatim: int  # index into branch
    quotes: Mapping[MessageId, tuple[Quote, ...]]
    excerpted: frozenset[MessageId]

    @property
    def verbatim(self) -> tuple[StoredMessage, ...]:
        return self.branch[self.first_verbatim :]

    def seen(self, stored: StoredMessage) -> Seen:
        if stored.id in self.excerpted:
            return "excerpted"
        if stored in self.verbatim:
            return "verbatim"
        if any(stored.id == quote.message for found in self.quotes.values() for quote in found):
            return "recalled"
        return "narrated" if self.segments else "evicted"


def compose(
    system_prompt: str,
    branch: Sequence[StoredMessage],
    segments: Sequence[Segment],
    budget: Budget,
    *,
    quotes: Mapping[MessageId, tuple[Quote, ...]] | None = None,
    excerpts: Mapping[MessageId, int] | None = None,
) -> Composition:
    """`branch` is oldest first; `excerpts` names messages to cut to so many characters."""
    live = applicable(segments, branch)
    facts = ledger_of(live)
    kept = ledger.fit(facts, budget.ledger_tokens * _CHARACTERS_PER_TOKEN)
    first = _covered(live, branch)
    recent = branch[first:]
    recalled = {stored.id: (quotes or {}).get(stored.id, ()) for stored in recent}
    cuts = excerpts or {}
    text = narrative.system_text(system_prompt, [segment.text for segment in live], kept)
    head = (Message(role="system", content=text),) if text else ()
    said = tuple(
        _as_sent(stored, recalled[stored.id], cuts.get(stored.id))
        for stored in recent
        if was_said(stored)
    )
    return Composition(
        messages=head + said,
        system_prompt=system_prompt,
        branch=tuple(branch),
        segments=tuple(live),
        facts=kept,
        first_verbatim=first,
        quotes={key: found for key, found in recalled.items() if found},
        excerpted=frozenset(stored.id for stored in recent if stored.id in cuts),
    )


def applicable(
    segments: Sequence[Segment], branch: Sequence[StoredMessage]
) -> tuple[Segment, ...]:
    """Segments count on every branch that contains their last message, oldest first.

    A superseded one stands in again where what replaced it does not apply.
    """
    place = {stored.id: index for index, stored in enumerate(branch)}
    here = {segment.id: segment for segment in segments if segment.last_message_id in place}
    live = [segment for segment in here.values() if segment.superseded_by not in here]
    return tuple(sorted(live, key=lambda segment: place[segment.last_message_id]))


def ledger_of(segments: Sequence[Segment]) -> tuple[Entry, ...]:
    facts: tuple[Entry, ...] = ()
    for segment in segments:
        facts = ledger.merge(facts, _entries.decode(segment.ledger))
    return facts


def encode_ledger(entries: Sequence[Entry]) -> str:
    return msgspec.json.encode(entries).decode()


def _covered(segments: Sequence[Segment], branch: Sequence[StoredMessage]) -> int:
    if not segments:
        return 0
    last = segments[-1].last_message_id
    return next(i for i, stored in enumerate(branch) if stored.id == last) + 1


def _as_sent(stored: StoredMessage, quotes: Sequence[Quote], cut: int | None) -> Message:
    message = stored.message
    if cut is not None:
        message = msgspec.structs.replace(message, content=narrative.excerpt(message.text, cut))
    if quotes:
        text = narrative.with_quotes(message.text, [(q.role, q.text) for q in quotes])
        message = msgspec.structs.replace(message, content=text)
    return message


def was_said(stored: StoredMessage) -> bool:
    # A reply that failed before its first word would teach the model to say nothing.
    message = stored.message
    return bool(message.content or message.tool_calls)
