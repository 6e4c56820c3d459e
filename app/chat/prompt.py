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
from app.chat.rough import BYTES_PER_TOKEN
from app.core.ids import MessageId
from app.core.messages import ImagePart, Message, TextPart
from app.storage.messages import StoredMessage
from app.storage.recalls import Quote
from app.storage.segments import LedgerEntry, Segment

# Evicted: neither it, nor a part of it, nor a word about it is in the prompt.
Seen = Literal["verbatim", "excerpted", "narrated", "recalled", "evicted"]


class Composition(msgspec.Struct, frozen=True):
    """What goes to the model, and from what it was made."""

    messages: tuple[Message, ...]
    system_prompt: str
    branch: tuple[StoredMessage, ...]
    segments: tuple[Segment, ...]
    facts: tuple[LedgerEntry, ...]
    first_verbatim: int  # index into branch
    quotes: Mapping[MessageId, tuple[Quote, ...]]
    excerpted: frozenset[MessageId]
    model: str = ""  # the chat's own; empty: whichever is loaded

    @property
    def head(self) -> tuple[Message, ...]:
        """What stands before the conversation."""
        return self.messages[: len(self.messages) - len(self.said)]

    @property
    def said(self) -> tuple[StoredMessage, ...]:
        """Of the branch, what the messages after the head are made from, one for one."""
        return tuple(stored for stored in self.verbatim if was_said(stored))

    @property
    def verbatim(self) -> tuple[StoredMessage, ...]:
        return self.branch[self.first_verbatim :]

    def seen(self) -> dict[MessageId, Seen]:
        """For the whole branch, in its order."""
        quoted = {quote.message_id for found in self.quotes.values() for quote in found}
        told = {fact.message_id for fact in self.facts}
        found: dict[MessageId, Seen] = {}
        for place, stored in enumerate(self.branch):
            if not was_said(stored):
                found[stored.id] = "evicted"
            elif place >= self.first_verbatim:
                found[stored.id] = "excerpted" if stored.id in self.excerpted else "verbatim"
            elif stored.id in quoted:
                found[stored.id] = "recalled"
            else:
                told_of = stored.id in told or self._narrates(place)
                found[stored.id] = "narrated" if told_of else "evicted"
        return found

    def _narrates(self, place: int) -> bool:
        """A model's summary speaks for all it is made from; a mechanical one for its lines."""
        order = {stored.id: index for index, stored in enumerate(self.branch)}
        segment = next(s for s in self.segments if order[s.last_message_id] >= place)
        message = self.branch[place].message
        return segment.origin != "mechanical" or narrative.mentions(segment.text, message)


def compose(
    system_prompt: str,
    branch: Sequence[StoredMessage],
    segments: Sequence[Segment],
    budget: Budget,
    *,
    quotes: Mapping[MessageId, tuple[Quote, ...]] | None = None,
    excerpts: Mapping[MessageId, int] | None = None,
    model: str = "",
) -> Composition:
    """`segments` are those that count on `branch`, oldest first like the branch itself.

    `excerpts` names messages to cut to so many characters.
    """
    # The exact count decides before anything is sent.
    facts = ledger.fit(ledger_of(segments), int(budget.ledger_tokens * BYTES_PER_TOKEN))
    first = _covered(segments, branch)
    recent = branch[first:]
    recalled = {stored.id: (quotes or {}).get(stored.id, ()) for stored in recent}
    cuts = excerpts or {}
    text = narrative.system_text(system_prompt, [segment.text for segment in segments], facts)
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
        segments=tuple(segments),
        facts=facts,
        first_verbatim=first,
        quotes={key: found for key, found in recalled.items() if found},
        excerpted=frozenset(stored.id for stored in recent if stored.id in cuts),
        model=model,
    )


def ledger_of(segments: Sequence[Segment]) -> tuple[LedgerEntry, ...]:
    facts: tuple[LedgerEntry, ...] = ()
    for segment in segments:
        facts = ledger.merge(facts, segment.ledger)
    return facts


def _covered(segments: Sequence[Segment], branch: Sequence[StoredMessage]) -> int:
    if not segments:
        return 0
    last = segments[-1].last_message_id
    return next(i for i, stored in enumerate(branch) if stored.id == last) + 1


def _as_sent(stored: StoredMessage, quotes: Sequence[Quote], cut: int | None) -> Message:
    text = stored.message.text
    if cut is not None:
        text = narrative.excerpt(text, cut)
    if quotes:
        text = narrative.with_quotes(text, [(q.role, q.text) for q in quotes])
    return _saying(stored.message, text)


def _saying(message: Message, text: str) -> Message:
    """With another text beside the same images."""
    if isinstance(message.content, str):
        return msgspec.structs.replace(message, content=text)
    images = tuple(part for part in message.content if isinstance(part, ImagePart))
    return msgspec.structs.replace(message, content=(*images, TextPart(text)))


def was_said(stored: StoredMessage) -> bool:
    # A reply that failed before its first word would teach the model to say nothing.
    message = stored.message
    return bool(message.content or message.tool_calls)
