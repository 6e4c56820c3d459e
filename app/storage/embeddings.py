"""Vectors of messages, by the model that made them: what has none yet, and what is nearest.

Verbs on a transaction. A vector is little-endian float32 of length one; a message has several
when its text was embedded in parts. They go with the message and when its text changes. Reading
is bounded: so many messages looked at in one call, so many vectors in memory at a time.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.ids import ConversationId, MessageId
from app.storage.connection import Tx

_LOOKED_AT = 5_000
_BLOCK = 4_096
_AT_ONCE = 64

Vectors = NDArray[np.float32]


class Unembedded(msgspec.Struct, frozen=True):
    id: MessageId
    text: str


class Missing(msgspec.Struct, frozen=True):
    """Some messages without vectors. `next` is where to look on; None: that was the last."""

    items: tuple[Unembedded, ...]
    next: MessageId | None


class Near(msgspec.Struct, frozen=True):
    id: MessageId
    conversation_id: ConversationId
    score: float  # cosine: 1.0 is the same direction


def missing(tx: Tx, model: str, limit: int, before: MessageId | None = None) -> Missing:
    """What this model has not read yet, newest first; finding nothing need not be the end."""
    start = 2**62 if before is None else before
    rows = tx.rows(
        f"""SELECT id, text FROM
            (SELECT id, status, deleted_ms, text FROM message WHERE id < ?
                ORDER BY id DESC LIMIT {_LOOKED_AT}) m
        WHERE status <> 'streaming' AND deleted_ms IS NULL
            AND trim(text, char(9, 10, 13, 32)) <> ''
            AND NOT EXISTS (SELECT 1 FROM embedding WHERE message_id = m.id AND model = ?)
        ORDER BY id DESC LIMIT ?""",
        (start, model, limit),
    )
    items = tuple(Unembedded(id_, text) for id_, text in rows)
    if len(items) == limit:
        return Missing(items, items[-1].id)
    lowest = tx.value(
        "SELECT id FROM message WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?",
        (start, _LOOKED_AT - 1),
    )
    return Missing(items, lowest)


def store(tx: Tx, model: str, message: Unembedded, vectors: Sequence[bytes]) -> bool:
    """Replaces what there was; without vectors it is not asked for again.

    False when the message is gone or says something else by now: then nothing is stored.
    """
    if tx.value("SELECT text FROM message WHERE id = ?", (message.id,)) != message.text:
        return False
    tx.run("DELETE FROM embedding WHERE message_id = ? AND model = ?", (message.id, model))
    for part, vector in enumerate(vectors or (b"",)):
        tx.run(
            "INSERT INTO embedding (message_id, model, part, vector) VALUES (?, ?, ?, ?)",
            (message.id, model, part, vector),
        )
    return True


def copy(tx: Tx, source: MessageId, target: MessageId) -> None:
    """The same text has the same vectors."""
    tx.run(
        """INSERT INTO embedding (message_id, model, part, vector)
        SELECT ?, model, part, vector FROM embedding WHERE message_id = ?""",
        (target, source),
    )


def nearest(
    tx: Tx,
    model: str,
    vector: bytes,
    limit: int,
    conversation: ConversationId | None = None,
) -> list[Near]:
    """The messages closest in meaning, best first; neither deleted nor in the trash."""
    wanted = np.frombuffer(vector, "<f4")
    best: list[Near] = []
    for ids, vectors in _blocks(tx, model, len(vector), conversation):
        scores = vectors @ wanted
        order = np.argsort(-scores)
        for start in range(0, len(order), _AT_ONCE):
            few = order[start : start + _AT_ONCE]
            if len(best) == limit and scores[few[0]] <= best[-1].score:
                break
            # Of a message's parts the nearest one counts, so it is put in last.
            near = _shown(tx, {ids[index]: float(scores[index]) for index in reversed(few)})
            best = _best_of(best + near, limit)
    return best


def _best_of(found: Sequence[Near], limit: int) -> list[Near]:
    by_message: dict[MessageId, Near] = {}
    for near in sorted(found, key=lambda near: near.score):
        by_message[near.id] = near
    return sorted(by_message.values(), key=lambda near: -near.score)[:limit]


def _blocks(
    tx: Tx, model: str, size: int, conversation: ConversationId | None
) -> Iterator[tuple[list[MessageId], Vectors]]:
    """Every vector of the model that has this size, so many at a time."""
    of_one = "AND message_id IN (SELECT id FROM message WHERE conversation_id = ?)"
    last = 0
    while True:
        rows = tx.rows(
            f"""SELECT id, message_id, vector FROM embedding
            WHERE id > ? AND model = ? AND length(vector) = ?
            {of_one if conversation is not None else ""} ORDER BY id LIMIT {_BLOCK}""",
            (last, model, size, *([] if conversation is None else [conversation])),
        )
        if not rows:
            return
        last = rows[-1][0]
        packed = np.frombuffer(b"".join(row[2] for row in rows), "<f4")
        yield [row[1] for row in rows], packed.reshape(len(rows), -1)


def _shown(tx: Tx, scores: dict[MessageId, float]) -> list[Near]:
    rows = tx.rows(
        """SELECT m.id, m.conversation_id FROM json_each(?) j JOIN message m ON m.id = j.value
        JOIN conversation c ON c.id = m.conversation_id
        WHERE m.deleted_ms IS NULL AND c.trashed_ms IS NULL""",
        (msgspec.json.encode(list(scores)).decode(),),
    )
    return [Near(id_, conversation_id, scores[id_]) for id_, conversation_id in rows]
