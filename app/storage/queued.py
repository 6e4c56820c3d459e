"""Messages written while a reply was still streaming, in the order they will be sent.

Verbs on a transaction. A row leaves here in the same transaction that makes it a message, so
nothing typed is lost or sent twice.
"""

from typing import NewType

import msgspec

from app.core.ids import ConversationId
from app.core.messages import clean_text
from app.storage.connection import Tx

QueuedId = NewType("QueuedId", int)


class Queued(msgspec.Struct, frozen=True):
    id: QueuedId
    text: str
    documents: tuple[str, ...] = ()  # the names of what it carries


def add(tx: Tx, conversation_id: ConversationId, text: str) -> QueuedId:
    new = tx.insert(
        "INSERT INTO queued (conversation_id, text) VALUES (?, ?)",
        (conversation_id, clean_text(text)),
    )
    return QueuedId(new)


def waiting(tx: Tx, conversation_id: ConversationId) -> tuple[Queued, ...]:
    """Oldest first."""
    rows = tx.rows(
        "SELECT id, text FROM queued WHERE conversation_id = ? ORDER BY id", (conversation_id,)
    )
    return tuple(Queued(id_, text, _carried(tx, id_)) for id_, text in rows)


def _carried(tx: Tx, queued_id: QueuedId) -> tuple[str, ...]:
    rows = tx.rows(
        """SELECT d.name FROM attachment a JOIN document d ON d.id = a.document_id
        WHERE a.queued_id = ? ORDER BY a.id""",
        (queued_id,),
    )
    return tuple(row[0] for row in rows)


def edit(tx: Tx, queued_id: QueuedId, text: str) -> None:
    """One that was sent meanwhile is left alone."""
    tx.run("UPDATE queued SET text = ? WHERE id = ?", (clean_text(text), queued_id))


def remove(tx: Tx, queued_id: QueuedId) -> None:
    tx.run("DELETE FROM queued WHERE id = ?", (queued_id,))
