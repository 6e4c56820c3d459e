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
from app.storage.connection import Tx

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
    return _change(tx, conversation_id, "title = ?", clean_text(title))


def _change(tx: Tx, conversation_id: ConversationId, assignment: str, value: Any) -> Conversation:
    tx.run(f"UPDATE conversation SET {assignment} WHERE id = ?", (value, conversation_id))
    return get(tx, conversation_id)


def _encoded(sampling: Sampling | None) -> str | None:
    return None if sampling is None else msgspec.json.encode(sampling).decode()


def _conversation(row: tuple[Any, ...]) -> Conversation:
    fields = dict(zip(Conversation.__struct_fields__, row, strict=True))
    fields["pinned"] = bool(fields["pinned"])
    fields["archived"] = bool(fields["archived"])
    if fields["sampling"] is not None:
        fields["sampling"] = _sampling.decode(fields["sampling"])
    return Conversation(**fields)
