"""Segments of a conversation's narrative and their ledgers. Verbs on a transaction.

A segment is written once and never changed: an edit, a re-run or a merge is a new segment
that supersedes the old ones, and deleting it brings them back. A segment counts on every
branch that contains its last message.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NewType

import msgspec

from app.core.errors import StorageError
from app.core.ids import ConversationId, MessageId
from app.core.messages import clean_text
from app.storage import messages
from app.storage.connection import Tx
from app.storage.conversations import now_ms
from app.storage.json_text import json_text

SegmentId = NewType("SegmentId", int)
Origin = Literal["model", "edited", "mechanical"]


class LedgerEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One exact fact: a name, a number, a date, a path, a signature, a wish of the user."""

    kind: str
    text: str
    message_id: MessageId | None = None
    key: str = ""  # what the fact is about: a newer entry of the same key replaces it
    history: tuple[str, ...] = ()  # what it said before


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    id: SegmentId
    conversation_id: ConversationId
    first_message_id: MessageId
    last_message_id: MessageId
    text: str
    origin: Origin
    tokens: int
    ledger: tuple[LedgerEntry, ...]
    superseded_by: SegmentId | None
    created_ms: int


_COLUMNS = ", ".join(Segment.__struct_fields__)
_ledger = msgspec.json.Decoder(tuple[LedgerEntry, ...])


def add(
    tx: Tx,
    conversation_id: ConversationId,
    first: MessageId,
    last: MessageId,
    text: str,
    *,
    origin: Origin = "model",
    tokens: int = 0,
    ledger: Sequence[LedgerEntry] = (),
    supersedes: Sequence[SegmentId] = (),
) -> Segment:
    new = SegmentId(
        tx.insert(
            """INSERT INTO segment (conversation_id, first_message_id, last_message_id, text,
                origin, tokens, ledger, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                conversation_id,
                first,
                last,
                clean_text(text),
                origin,
                tokens,
                json_text(ledger),
                now_ms(),
            ),
        )
    )
    for old in supersedes:
        supersede(tx, old, new)
    return get(tx, new)


def supersede(tx: Tx, old: SegmentId, new: SegmentId) -> None:
    tx.run("UPDATE segment SET superseded_by = ? WHERE id = ?", (new, old))


def get(tx: Tx, segment_id: SegmentId) -> Segment:
    row = tx.row(f"SELECT {_COLUMNS} FROM segment WHERE id = ?", (segment_id,))
    if row is None:
        raise StorageError("That part of the narrative no longer exists.")
    return _segment(row)


def history(tx: Tx, conversation_id: ConversationId) -> list[Segment]:
    """Every segment ever written here, superseded ones too, oldest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM segment WHERE conversation_id = ? ORDER BY id",
        (conversation_id,),
    )
    return [_segment(row) for row in rows]


def on_branch(tx: Tx, conversation_id: ConversationId, leaf: MessageId) -> list[Segment]:
    """The segments that stand for this branch's older turns, in the order of the turns.

    Of those that speak of the same turns it is the widest, then the newest: an edit or a merge
    made on another branch changes nothing here.
    """
    written = history(tx, conversation_id)
    if not written:
        return []
    order = {id_: position for position, id_ in enumerate(messages.branch_ids(tx, leaf))}

    def place(segment: Segment) -> tuple[int, int, int]:
        first, last = order.get(segment.first_message_id, 0), order[segment.last_message_id]
        return first, -last, -segment.id

    standing: list[Segment] = []
    told = -1
    for segment in sorted((s for s in written if s.last_message_id in order), key=place):
        if order[segment.last_message_id] > told:
            standing.append(segment)
            told = order[segment.last_message_id]
    return standing


def undo(tx: Tx, segment_id: SegmentId) -> None:
    """Delete a segment; those it superseded count again."""
    tx.run("DELETE FROM segment WHERE id = ?", (segment_id,))


def copy(
    tx: Tx,
    source: ConversationId,
    target: ConversationId,
    ids: Mapping[MessageId, MessageId],
) -> None:
    """Carry over what stands on copied messages; `ids` maps the old ones to the new."""
    copied: dict[SegmentId, SegmentId] = {}
    written = history(tx, source)
    for segment in written:
        first, last = ids.get(segment.first_message_id), ids.get(segment.last_message_id)
        if first is None or last is None:
            continue
        new = add(
            tx,
            target,
            first,
            last,
            segment.text,
            origin=segment.origin,
            tokens=segment.tokens,
            ledger=[
                msgspec.structs.replace(
                    entry, message_id=entry.message_id and ids.get(entry.message_id)
                )
                for entry in segment.ledger
            ],
        )
        copied[segment.id] = new.id
    for segment in written:
        successor = copied.get(segment.superseded_by or SegmentId(0))
        if segment.id in copied and successor:
            supersede(tx, copied[segment.id], successor)


def _segment(row: tuple[Any, ...]) -> Segment:
    fields = dict(zip(Segment.__struct_fields__, row, strict=True))
    fields["ledger"] = _ledger.decode(fields["ledger"])
    return Segment(**fields)
