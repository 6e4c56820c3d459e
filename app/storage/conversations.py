"""Conversations: their titles, places, folders and settings. Verbs on a transaction.

A conversation is in one place: chats, archive or trash. Lists are ordered pinned first, then
newest first, and paged by the last row shown, so a page costs the same anywhere.
"""

import secrets
import time
from typing import Any, Literal

import msgspec

from app.core.errors import StorageError
from app.core.ids import ConversationId, FolderId, MessageId
from app.core.messages import clean_text
from app.core.sampling import Sampling
from app.storage.connection import Tx, Value
from app.storage.json_text import json_text

Place = Literal["chats", "archive", "trash"]


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    id: ConversationId
    uid: str
    title: str
    folder_id: FolderId | None
    pinned: bool
    archived: bool
    trashed_ms: int | None
    model: str
    system_prompt: str
    sampling: Sampling | None
    draft: str
    active_leaf: MessageId | None
    messages: int
    created_ms: int
    updated_ms: int
    place: Place


class Cursor(msgspec.Struct, frozen=True):
    """The last row of a page; the next page starts after it."""

    pinned: bool
    updated_ms: int
    id: ConversationId


class Page(msgspec.Struct, frozen=True):
    items: tuple[Conversation, ...]
    next: Cursor | None


_COLUMNS = ", ".join(Conversation.__struct_fields__)
_FIRST = Cursor(True, 2**62, ConversationId(2**62))
_sampling = msgspec.json.Decoder(Sampling)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def create(
    tx: Tx,
    title: str = "",
    model: str = "",
    *,
    system_prompt: str = "",
    sampling: Sampling | None = None,
    folder_id: FolderId | None = None,
    uid: str = "",
    created_ms: int | None = None,
) -> Conversation:
    now = now_ms() if created_ms is None else created_ms
    new = tx.insert(
        """INSERT INTO conversation
            (uid, title, model, system_prompt, sampling, folder_id, created_ms, updated_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            uid or secrets.token_hex(16),
            clean_text(title),
            model,
            clean_text(system_prompt),
            _encoded(sampling),
            folder_id,
            now,
            now,
        ),
    )
    return get(tx, ConversationId(new))


def get(tx: Tx, conversation_id: ConversationId) -> Conversation:
    row = tx.row(f"SELECT {_COLUMNS} FROM conversation WHERE id = ?", (conversation_id,))
    if row is None:
        raise StorageError("That conversation no longer exists.")
    return _conversation(row)


def page(
    tx: Tx,
    place: Place = "chats",
    *,
    folder_id: FolderId | None = None,
    after: Cursor | None = None,
    limit: int = 100,
) -> Page:
    """One page of a place, or of one folder in it."""
    within = "place = ?" if folder_id is None else "place = ? AND folder_id = ?"
    scope = (place,) if folder_id is None else (place, folder_id)
    start = after or _FIRST
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM conversation
            WHERE {within} AND (pinned, updated_ms, id) < (?, ?, ?)
            ORDER BY pinned DESC, updated_ms DESC, id DESC LIMIT ?""",
        (*scope, start.pinned, start.updated_ms, start.id, limit + 1),
    )
    items = tuple(_conversation(row) for row in rows[:limit])
    last = items[-1] if len(rows) > limit else None
    return Page(items, last and Cursor(last.pinned, last.updated_ms, last.id))


def rename(tx: Tx, conversation_id: ConversationId, title: str) -> Conversation:
    return _change(tx, conversation_id, "title", clean_text(title))


def pin(tx: Tx, conversation_id: ConversationId, pinned: bool = True) -> Conversation:
    return _change(tx, conversation_id, "pinned", pinned)


def archive(tx: Tx, conversation_id: ConversationId, archived: bool = True) -> Conversation:
    return _change(tx, conversation_id, "archived", archived)


def trash(tx: Tx, conversation_id: ConversationId) -> Conversation:
    return _change(tx, conversation_id, "trashed_ms", now_ms())


def restore(tx: Tx, conversation_id: ConversationId) -> Conversation:
    """Undo of `trash`: back to where it was, folder and pin included."""
    return _change(tx, conversation_id, "trashed_ms", None)


def move(tx: Tx, conversation_id: ConversationId, folder_id: FolderId | None) -> Conversation:
    return _change(tx, conversation_id, "folder_id", folder_id)


def set_model(tx: Tx, conversation_id: ConversationId, model: str) -> Conversation:
    return _change(tx, conversation_id, "model", model)


def set_system_prompt(tx: Tx, conversation_id: ConversationId, prompt: str) -> Conversation:
    return _change(tx, conversation_id, "system_prompt", clean_text(prompt))


def set_sampling(
    tx: Tx, conversation_id: ConversationId, sampling: Sampling | None
) -> Conversation:
    return _change(tx, conversation_id, "sampling", _encoded(sampling))


def set_draft(tx: Tx, conversation_id: ConversationId, draft: str) -> None:
    tx.run("UPDATE conversation SET draft = ? WHERE id = ?", (clean_text(draft), conversation_id))


def all_ids(tx: Tx) -> list[ConversationId]:
    """The trash included."""
    return [ConversationId(row[0]) for row in tx.rows("SELECT id FROM conversation")]


def purge(tx: Tx, conversation_id: ConversationId) -> None:
    """Delete for good; there is no undo."""
    tx.run("DELETE FROM conversation WHERE id = ?", (conversation_id,))


def purge_trashed(tx: Tx, trashed_before_ms: int, limit: int = 500) -> bool:
    """Delete at most `limit` messages of old trash; True while some is left.

    In small transactions, because a long chat takes seconds to leave the search index and a
    streaming reply must not wait that long to be saved.
    """
    conversation_id = tx.value(
        "SELECT id FROM conversation WHERE place = 'trash' AND trashed_ms < ? LIMIT 1",
        (trashed_before_ms,),
    )
    if conversation_id is None:
        return False
    # Newest first: a child always has a larger id than its parent.
    deleted = tx.run(
        """DELETE FROM message WHERE id IN (
            SELECT id FROM message WHERE conversation_id = ? ORDER BY id DESC LIMIT ?)""",
        (conversation_id, limit),
    )
    if deleted < limit:
        purge(tx, conversation_id)
    return True


def count(tx: Tx, place: Place = "chats", folder_id: FolderId | None = None) -> int:
    """How many conversations a place, or one folder in it, holds."""
    if folder_id is None:
        query, scope = "SELECT sum(conversations) FROM tally WHERE place = ?", (place,)
    else:
        query = "SELECT conversations FROM tally WHERE place = ? AND folder_id = ?"
        scope = (place, folder_id)
    return tx.value(query, scope) or 0


def find(tx: Tx, uid: str) -> Conversation | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM conversation WHERE uid = ?", (uid,))
    return None if row is None else _conversation(row)


def _change(tx: Tx, conversation_id: ConversationId, column: str, value: Value) -> Conversation:
    tx.run(f"UPDATE conversation SET {column} = ? WHERE id = ?", (value, conversation_id))
    return get(tx, conversation_id)


def _encoded(sampling: Sampling | None) -> str | None:
    return None if sampling is None else json_text(sampling)


def _conversation(row: tuple[Any, ...]) -> Conversation:
    fields = dict(zip(Conversation.__struct_fields__, row, strict=True))
    fields["pinned"] = bool(fields["pinned"])
    fields["archived"] = bool(fields["archived"])
    if fields["sampling"] is not None:
        fields["sampling"] = _sampling.decode(fields["sampling"])
    return Conversation(**fields)
