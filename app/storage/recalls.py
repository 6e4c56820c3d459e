"""Evicted turns quoted back with one user message. Verbs on a transaction.

Quotes belong to the wind they were found under: they stay in their turn, and with it in the
model's cache, until a newer segment stands.
"""

from collections.abc import Sequence

import msgspec

from app.core.ids import MessageId
from app.storage.connection import Tx
from app.storage.json_text import json_text
from app.storage.segments import SegmentId


class Quote(msgspec.Struct, frozen=True):
    """An evicted message, or a part of it, brought back for one turn."""

    message_id: MessageId
    role: str
    text: str


_quotes = msgspec.json.Decoder(tuple[Quote, ...])


def put(tx: Tx, message_id: MessageId, segment_id: SegmentId, quotes: Sequence[Quote]) -> None:
    tx.run(
        "INSERT OR REPLACE INTO recall VALUES (?, ?, ?)",
        (message_id, segment_id, json_text(quotes)),
    )


def under(tx: Tx, segment_id: SegmentId) -> dict[MessageId, tuple[Quote, ...]]:
    """What was recalled while this segment was the newest."""
    rows = tx.rows("SELECT message_id, quotes FROM recall WHERE segment_id = ?", (segment_id,))
    return {message_id: _quotes.decode(quotes) for message_id, quotes in rows}
