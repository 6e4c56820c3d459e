"""Vectors of messages, by the model that made them: what has none yet, and what is kept.

Verbs on a transaction. A message has one vector for each of its passages (see `passages`); they
go with the message and when its text changes. Nothing of a chat in the trash is asked for.
Looking for what is missing is bounded: so many messages in one call.
"""

from collections.abc import Sequence

import msgspec

from app.core.ids import MessageId
from app.storage import vectors
from app.storage.connection import Tx

_LOOKED_AT = 5_000
_DROPPED_AT_ONCE = 2_000


class Unembedded(msgspec.Struct, frozen=True):
    id: MessageId
    text: str


class Missing(msgspec.Struct, frozen=True):
    """Some messages without vectors. `next` is where to look on; None: that was the last."""

    items: tuple[Unembedded, ...]
    next: MessageId | None


class Standing(msgspec.Struct, frozen=True):
    """How many messages can be found by meaning, of how many."""

    done: int
    total: int


def missing(tx: Tx, model: str, limit: int, before: MessageId | None = None) -> Missing:
    """What this model has not read yet, newest first; finding nothing need not be the end."""
    start = 2**62 if before is None else before
    rows = tx.rows(
        f"""SELECT id, text FROM
            (SELECT id, conversation_id, status, deleted_ms, text FROM message WHERE id < ?
                ORDER BY id DESC LIMIT {_LOOKED_AT}) m
        WHERE status <> 'streaming' AND deleted_ms IS NULL AND octet_length(text) > 0
            AND NOT EXISTS (SELECT 1 FROM embedding WHERE message_id = m.id AND model = ?)
            AND (SELECT trashed_ms FROM conversation WHERE id = m.conversation_id) IS NULL
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


def store(tx: Tx, model: str, message: Unembedded, made: Sequence[bytes]) -> bool:
    """Replaces what there was; without vectors it is not asked for again.

    False when the message is gone or says something else by now: then nothing is stored.
    """
    if tx.value("SELECT text FROM message WHERE id = ?", (message.id,)) != message.text:
        return False
    tx.run("DELETE FROM embedding WHERE message_id = ? AND model = ?", (message.id, model))
    for part, vector in enumerate(map(vectors.pack, made) if made else (b"",)):
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


def standing(tx: Tx, model: str) -> Standing:
    done, total = tx.rows(
        """SELECT
            total(EXISTS (SELECT 1 FROM embedding WHERE message_id = m.id AND model = ?)),
            count(*)
        FROM message m JOIN conversation c ON c.id = m.conversation_id
        WHERE c.trashed_ms IS NULL AND m.status <> 'streaming' AND m.deleted_ms IS NULL
            AND octet_length(m.text) > 0""",
        (model,),
    )[0]
    return Standing(int(done), total)


def models(tx: Tx) -> list[str]:
    """Those that have made vectors."""
    return [row[0] for row in tx.rows("SELECT DISTINCT model FROM embedding")]


def of_others(tx: Tx, model: str) -> list[int]:
    """Some vectors of other models than this one."""
    rows = tx.rows("SELECT id FROM embedding WHERE model <> ? LIMIT ?", (model, _DROPPED_AT_ONCE))
    return [row[0] for row in rows]


def drop(tx: Tx, ids: Sequence[int]) -> None:
    """Vectors by their own numbers."""
    tx.run(
        "DELETE FROM embedding WHERE id IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(ids).decode(),),
    )
