"""Copies of conversations: the whole tree, or one branch up to a message.

Verbs on a transaction. A copy is a conversation of its own: nothing done to it reaches the
original. The narrative's segments come along, so a copy need not be summarised again.
"""

from collections.abc import Iterable

from app.core.ids import ConversationId, MessageId
from app.storage import conversations, documents, embeddings, messages, segments
from app.storage.connection import Tx
from app.storage.conversations import Conversation

_COPIED = """role, status, model, created_ms, text, reasoning, tool_call_id, tool_calls, stats,
    error, parts"""


def duplicate(tx: Tx, conversation_id: ConversationId) -> Conversation:
    """All branches, with the same one shown."""
    ids = tx.rows(
        "SELECT id FROM message WHERE conversation_id = ? AND deleted_ms IS NULL ORDER BY id",
        (conversation_id,),
    )
    leaf = messages.active_leaf(tx, conversation_id)
    return _copy(tx, conversation_id, (row[0] for row in ids), leaf)


def branch_off(tx: Tx, message_id: MessageId) -> Conversation:
    """A new chat that ends with this message."""
    source = messages.get(tx, message_id).conversation_id
    return _copy(tx, source, messages.branch_ids(tx, message_id), message_id)


def _copy(
    tx: Tx, source_id: ConversationId, ids: Iterable[MessageId], leaf: MessageId | None
) -> Conversation:
    source = conversations.get(tx, source_id)
    target = conversations.create(
        tx,
        f"{source.title} (copy)" if source.title else "",
        source.model,
        system_prompt=source.system_prompt,
        sampling=source.sampling,
        folder_id=source.folder_id,
    )
    copied: dict[MessageId, MessageId] = {}
    for id_ in ids:  # parents come before their children
        copied[id_] = _copy_message(tx, id_, target.id, copied)
    segments.copy(tx, source_id, target.id, copied)
    tx.run(
        "UPDATE conversation SET active_leaf = ? WHERE id = ?",
        (copied[leaf] if leaf is not None else None, target.id),
    )
    return conversations.get(tx, target.id)


def _copy_message(
    tx: Tx, id_: MessageId, target: ConversationId, copied: dict[MessageId, MessageId]
) -> MessageId:
    parent = tx.value("SELECT parent_id FROM message WHERE id = ?", (id_,))
    new = MessageId(
        tx.insert(
            f"""INSERT INTO message (conversation_id, parent_id, {_COPIED})
                SELECT ?, ?, {_COPIED} FROM message WHERE id = ?""",
            (target, None if parent is None else copied[parent], id_),
        )
    )
    documents.share(tx, id_, new)
    excerpts = documents.excerpts(tx, [id_])
    if id_ in excerpts:
        documents.put_excerpts(tx, new, excerpts[id_])
    embeddings.copy(tx, id_, new)
    # A reply that is still streaming elsewhere is, here, one that was cut.
    tx.run(
        """UPDATE message SET status = 'interrupted',
            text = ifnull((SELECT text FROM partial WHERE message_id = ?), text),
            reasoning = ifnull((SELECT reasoning FROM partial WHERE message_id = ?), reasoning)
        WHERE id = ? AND status = 'streaming'""",
        (id_, id_, new),
    )
    return new
