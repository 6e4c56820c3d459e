"""The tree of messages: reading branches, adding siblings, keeping a reply while it streams.

Verbs on a transaction. Nothing said is ever overwritten: an edit or a regeneration is a new
sibling and the conversation's active leaf moves to it. A streaming reply's text lives in
`partial`, outside the search index, until `finish_reply` moves it into the message.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from app.core.errors import ErrorInfo, StorageError
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message, Part, TextPart, ToolCall, clean_text
from app.core.protocol import Stats
from app.storage.connection import Tx
from app.storage.conversations import now_ms
from app.storage.json_text import json_text

Status = Literal["complete", "streaming", "stopped", "length", "interrupted", "failed"]


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    id: MessageId
    conversation_id: ConversationId
    parent_id: MessageId | None
    message: Message
    status: Status = "complete"
    model: str = ""
    stats: Stats | None = None
    error: ErrorInfo | None = None
    created_ms: int = 0
    sibling_index: int = 0
    sibling_count: int = 1


# A streaming row shows what was saved of it so far.
_SELECT = """SELECT m.id, m.conversation_id, m.parent_id, m.status, m.model, m.created_ms, m.role,
    ifnull(p.text, m.text), ifnull(p.reasoning, m.reasoning), m.tool_call_id, m.tool_calls,
    m.stats, m.error, m.parts, {siblings}
    FROM {source} LEFT JOIN partial p ON p.message_id = m.id"""
# Siblings share a parent; first messages share the lack of one. Two indexes, hence two counts.
_SIBLINGS = """CASE WHEN m.parent_id IS NULL
    THEN (SELECT count(*) FROM message s INDEXED BY message_root
          WHERE s.conversation_id = m.conversation_id AND s.parent_id IS NULL
          AND s.deleted_ms IS NULL {roots})
    ELSE (SELECT count(*) FROM message s INDEXED BY message_by_parent
          WHERE s.parent_id = m.parent_id AND s.deleted_ms IS NULL {children}) END"""
_PLACE = (
    _SIBLINGS.format(roots="AND s.id < m.id", children="AND s.id < m.id")
    + ", "
    + _SIBLINGS.format(roots="", children="")
)
_BRANCH = """WITH RECURSIVE branch(id, depth) AS (
    SELECT :leaf, 0
    UNION ALL
    SELECT message.parent_id, depth + 1 FROM branch JOIN message ON message.id = branch.id
    WHERE message.parent_id IS NOT NULL AND depth + 1 < :limit) """
_BELOW = """below(id) AS (
    SELECT ? UNION ALL SELECT m.id FROM below JOIN message m ON m.parent_id = below.id)"""

_tool_calls = msgspec.json.Decoder(tuple[ToolCall, ...])
_stats = msgspec.json.Decoder(Stats)
_error = msgspec.json.Decoder(ErrorInfo)
_parts = msgspec.msgpack.Decoder(tuple[Part, ...])


def add(
    tx: Tx,
    conversation_id: ConversationId,
    parent_id: MessageId | None,
    message: Message,
    *,
    model: str = "",
    created_ms: int | None = None,
) -> StoredMessage:
    """A new child of `parent_id` (None: a first message); it becomes the active leaf."""
    return put(
        tx,
        conversation_id,
        parent_id,
        message,
        model=model,
        created_ms=now_ms() if created_ms is None else created_ms,
    )


def put(
    tx: Tx,
    conversation_id: ConversationId,
    parent_id: MessageId | None,
    message: Message,
    *,
    created_ms: int,
    status: Status = "complete",
    model: str = "",
    stats: Stats | None = None,
    error: ErrorInfo | None = None,
) -> StoredMessage:
    """A new message with all that may be known of it; it becomes the active leaf."""
    if parent_id is not None and get(tx, parent_id).conversation_id != conversation_id:
        raise StorageError("A message cannot answer one of another conversation.")
    content = message.content
    parts = None if isinstance(content, str) else msgspec.msgpack.encode(_clean_parts(content))
    new = tx.insert(
        """INSERT INTO message (conversation_id, parent_id, role, status, model, created_ms, text,
            reasoning, tool_call_id, tool_calls, stats, error, parts)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            conversation_id,
            parent_id,
            message.role,
            status,
            clean_text(model),
            created_ms,
            clean_text(message.text),
            clean_text(message.reasoning),
            clean_text(message.tool_call_id),
            _json(message.tool_calls or None),
            _json(stats),
            _json(error),
            parts,
        ),
    )
    tx.run(
        "UPDATE conversation SET active_leaf = ?, updated_ms = max(updated_ms, ?) WHERE id = ?",
        (new, created_ms, conversation_id),
    )
    return get(tx, MessageId(new))


def start_reply(
    tx: Tx, conversation_id: ConversationId, parent_id: MessageId | None, model: str = ""
) -> StoredMessage:
    return put(
        tx,
        conversation_id,
        parent_id,
        Message(role="assistant"),
        status="streaming",
        model=model,
        created_ms=now_ms(),
    )


def reopen(tx: Tx, message_id: MessageId, model: str = "") -> StoredMessage:
    """A reply that ended too early streams again; what it said so far stays."""
    tx.run(
        """UPDATE message SET status = 'streaming', model = ?, stats = NULL, error = NULL
        WHERE id = ? AND role = 'assistant' AND status <> 'complete'""",
        (model, message_id),
    )
    return get(tx, message_id)


def save_partial(tx: Tx, message_id: MessageId, text: str, reasoning: str = "") -> None:
    """All that has been said so far; a reply that has ended meanwhile is left alone."""
    tx.run(
        """INSERT INTO partial SELECT id, ?, ? FROM message WHERE id = ? AND status = 'streaming'
            ON CONFLICT DO UPDATE SET text = excluded.text, reasoning = excluded.reasoning""",
        (clean_text(text), clean_text(reasoning), message_id),
    )


def finish_reply(
    tx: Tx,
    message_id: MessageId,
    text: str,
    reasoning: str = "",
    tool_calls: tuple[ToolCall, ...] = (),
    status: Status = "complete",
    stats: Stats | None = None,
    error: ErrorInfo | None = None,
) -> StoredMessage:
    tx.run("DELETE FROM partial WHERE message_id = ?", (message_id,))
    tx.run(
        """UPDATE message SET text = ?, reasoning = ?, tool_calls = ?, status = ?, stats = ?,
            error = ? WHERE id = ?""",
        (
            clean_text(text),
            clean_text(reasoning),
            _json(tool_calls or None),
            status,
            _json(stats),
            _json(error),
            message_id,
        ),
    )
    stored = get(tx, message_id)
    _touch(tx, stored.conversation_id)
    return stored


def get(tx: Tx, message_id: MessageId) -> StoredMessage:
    query = _SELECT.format(siblings=_PLACE, source="message m") + " WHERE m.id = ?"
    row = tx.row(query, (message_id,))
    if row is None:
        raise StorageError("That message no longer exists.")
    return _stored(row)


def path(tx: Tx, conversation_id: ConversationId) -> list[StoredMessage]:
    """The active branch, oldest first."""
    leaf = active_leaf(tx, conversation_id)
    return [] if leaf is None else path_to(tx, leaf)


def path_to(tx: Tx, leaf: MessageId) -> list[StoredMessage]:
    return _branch(tx, leaf, 2**62)[::-1]


def path_page(
    tx: Tx,
    conversation_id: ConversationId,
    before: StoredMessage | None = None,
    limit: int = 50,
) -> list[StoredMessage]:
    """The newest messages of the active branch, or those above one already shown; newest first."""
    start = active_leaf(tx, conversation_id) if before is None else before.parent_id
    return [] if start is None else _branch(tx, start, limit)


def branch_ids(tx: Tx, leaf: MessageId) -> list[MessageId]:
    """The whole branch as ids, oldest first: cheap even for very long chats."""
    rows = tx.rows(
        _BRANCH + "SELECT id FROM branch ORDER BY depth DESC", {"leaf": leaf, "limit": 2**62}
    )
    return [row[0] for row in rows]


def get_many(tx: Tx, ids: Sequence[MessageId]) -> list[StoredMessage]:
    """In the order asked for; ids that no longer exist are left out."""
    query = _SELECT.format(siblings=_PLACE, source="json_each(?) j CROSS JOIN message m")
    rows = tx.rows(query + " WHERE m.id = j.value ORDER BY j.key", (_json(ids),))
    return [_stored(row) for row in rows]


def delete(tx: Tx, message_id: MessageId) -> MessageId | None:
    """Delete a message and all that followed it; returns the new active leaf."""
    message = get(tx, message_id)
    tx.run(
        f"""WITH RECURSIVE {_BELOW} DELETE FROM message WHERE id IN (SELECT id FROM below)""",
        (message_id,),
    )
    leaf = active_leaf(tx, message.conversation_id)
    if leaf is not None:
        return leaf
    return set_active_leaf(tx, message.conversation_id, message.parent_id)


def hide(tx: Tx, message_id: MessageId) -> MessageId:
    """Take a message and all that followed it out of sight, kept until the chat is purged.

    Shows its nearest other version, or else ends with what it answered. Returns the leaf shown
    until now: `unhide` brings back what went with it.
    """
    message = get(tx, message_id)
    leaf = active_leaf(tx, message.conversation_id)
    if leaf is None or message_id not in branch_ids(tx, leaf):
        raise StorageError("That message is not on the branch shown.")
    # One stamp is one deletion, so that undoing it brings back exactly that.
    stamp = tx.value(
        "SELECT max(?, ifnull(max(deleted_ms), 0) + 1) FROM message WHERE conversation_id = ?",
        (now_ms(), message.conversation_id),
    )
    tx.run(
        f"""WITH RECURSIVE {_BELOW} UPDATE message SET deleted_ms = ?
        WHERE deleted_ms IS NULL AND id IN (SELECT id FROM below)""",
        (message_id, stamp),
    )
    others = siblings(tx, message_id)
    beside = min(others, key=lambda other: abs(other.id - message_id)).id if others else None
    set_active_leaf(tx, message.conversation_id, beside or message.parent_id)
    return leaf


def unhide(tx: Tx, leaf: MessageId) -> None:
    """Undo the deletion that took this leaf away, and show it again."""
    conversation_id = get(tx, leaf).conversation_id
    tx.run(
        """UPDATE message SET deleted_ms = NULL WHERE conversation_id = ? AND deleted_ms =
            (SELECT deleted_ms FROM message WHERE id = ?)""",
        (conversation_id, leaf),
    )
    set_active_leaf(tx, conversation_id, leaf)


def reveal(tx: Tx, message_id: MessageId) -> MessageId:
    """Make sure the active branch contains this message; returns the active leaf."""
    conversation_id = get(tx, message_id).conversation_id
    leaf = active_leaf(tx, conversation_id)
    if leaf is not None and message_id in branch_ids(tx, leaf):
        return leaf
    leaf = set_active_leaf(tx, conversation_id, message_id)
    assert leaf is not None
    return leaf


def siblings(tx: Tx, message_id: MessageId) -> list[StoredMessage]:
    """All versions of this message, itself included, oldest first."""
    message = get(tx, message_id)
    query = _SELECT.format(siblings=_PLACE, source="message m")
    if message.parent_id is None:
        rows = tx.rows(
            query + " WHERE m.conversation_id = ? AND m.parent_id IS NULL"
            " AND m.deleted_ms IS NULL ORDER BY m.id",
            (message.conversation_id,),
        )
    else:
        rows = tx.rows(
            query + " WHERE m.parent_id = ? AND m.deleted_ms IS NULL ORDER BY m.id",
            (message.parent_id,),
        )
    return [_stored(row) for row in rows]


def active_leaf(tx: Tx, conversation_id: ConversationId) -> MessageId | None:
    row = tx.row("SELECT active_leaf FROM conversation WHERE id = ?", (conversation_id,))
    if row is None:
        raise StorageError("That conversation no longer exists.")
    return row[0]


def set_active_leaf(
    tx: Tx, conversation_id: ConversationId, message_id: MessageId | None
) -> MessageId | None:
    """Show the branch through this message; from there down, its newest messages."""
    leaf = None if message_id is None else _newest_leaf(tx, message_id)
    tx.run("UPDATE conversation SET active_leaf = ? WHERE id = ?", (leaf, conversation_id))
    return leaf


def _newest_leaf(tx: Tx, message_id: MessageId) -> MessageId:
    row = tx.row(
        """WITH RECURSIVE down(id, depth) AS (
            SELECT ?, 0
            UNION ALL
            SELECT (SELECT max(id) FROM message
                WHERE parent_id = down.id AND deleted_ms IS NULL), depth + 1
            FROM down WHERE id IS NOT NULL)
        SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1""",
        (message_id,),
    )
    assert row is not None
    return row[0]


def _branch(tx: Tx, leaf: MessageId, limit: int) -> list[StoredMessage]:
    query = _BRANCH + _SELECT.format(
        siblings=_PLACE, source="branch CROSS JOIN message m ON m.id = branch.id"
    )
    rows = tx.rows(query + " ORDER BY branch.depth", {"leaf": leaf, "limit": limit})
    return [_stored(row) for row in rows]


def _touch(tx: Tx, conversation_id: ConversationId) -> None:
    tx.run("UPDATE conversation SET updated_ms = ? WHERE id = ?", (now_ms(), conversation_id))


def _clean_parts(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(
        TextPart(clean_text(part.text)) if isinstance(part, TextPart) else part for part in parts
    )


def _json(value: object) -> str | None:
    return None if value is None else json_text(value)


def _stored(row: tuple[Any, ...]) -> StoredMessage:
    (id_, conversation_id, parent_id, status, model, created_ms, role, text, reasoning) = row[:9]
    (tool_call_id, tool_calls, stats, error, parts, index, count) = row[9:]
    message = Message(
        role=role,
        content=text if parts is None else _parts.decode(parts),
        reasoning=reasoning,
        tool_calls=() if tool_calls is None else _tool_calls.decode(tool_calls),
        tool_call_id=tool_call_id,
    )
    return StoredMessage(
        id=id_,
        conversation_id=conversation_id,
        parent_id=parent_id,
        message=message,
        status=status,
        model=model,
        stats=None if stats is None else _stats.decode(stats),
        error=None if error is None else _error.decode(error),
        created_ms=created_ms,
        sibling_index=index,
        sibling_count=count,
    )
