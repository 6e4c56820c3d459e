"""Our own format: JSON that holds everything a conversation is, and comes back the same.

Messages are listed parents first and name their parent and their documents by position. Verbs
on a transaction; the values do not know where they are stored.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec

from app.core.errors import ErrorInfo, InvalidRequest
from app.core.ids import ConversationId, FolderId, MessageId
from app.core.messages import Message
from app.core.protocol import Stats
from app.core.sampling import Sampling
from app.storage import conversations, documents, folders, messages, segments
from app.storage.connection import Tx
from app.storage.documents import Document, DocumentId, Excerpt
from app.storage.messages import Status
from app.storage.segments import LedgerEntry, Origin, SegmentId

FORMAT, VERSION = "llama-chat", 1

T = TypeVar("T")

_Index = Annotated[int, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ArchivedMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    message: Message
    parent: _Index | None = None
    created_ms: _Count = 0
    status: Status = "complete"
    model: str = ""
    stats: Stats | None = None
    error: ErrorInfo | None = None
    documents: tuple[_Index, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()


class ArchivedSegment(msgspec.Struct, frozen=True, omit_defaults=True):
    first: _Index
    last: _Index
    text: str
    origin: Origin = "model"
    tokens: _Count = 0
    ledger: tuple[LedgerEntry, ...] = ()  # message ids here are positions
    superseded_by: _Index | None = None  # position among the segments


class ArchivedConversation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    uid: str
    title: str = ""
    folder: tuple[str, ...] = ()  # from the outermost inward
    pinned: bool = False
    archived: bool = False
    model: str = ""
    system_prompt: str = ""
    sampling: Sampling | None = None
    draft: str = ""
    created_ms: _Count = 0
    updated_ms: _Count = 0
    messages: tuple[ArchivedMessage, ...] = ()
    documents: tuple[Document, ...] = ()
    shown: _Index | None = None  # the leaf of the branch that was shown
    segments: tuple[ArchivedSegment, ...] = ()


class Archive(msgspec.Struct, frozen=True):
    format: str
    version: int
    conversations: tuple[ArchivedConversation, ...]


def take(tx: Tx, conversation_id: ConversationId) -> ArchivedConversation:
    chat = conversations.get(tx, conversation_id)
    rows = tx.rows(
        "SELECT id FROM message WHERE conversation_id = ? AND deleted_ms IS NULL ORDER BY id",
        (conversation_id,),
    )
    position = {MessageId(row[0]): index for index, row in enumerate(rows)}
    stored = messages.get_many(tx, list(position))
    attached = documents.on(tx, list(position))
    shelf = {document: index for index, document in enumerate({each.id: None for each in attached})}
    carried: dict[MessageId, list[_Index]] = defaultdict(list)
    for each in attached:
        carried[each.message_id].append(shelf[each.id])
    excerpts = documents.excerpts(tx, list(position))
    return ArchivedConversation(
        uid=chat.uid,
        title=chat.title,
        folder=_folder_path(tx, chat.folder_id),
        pinned=chat.pinned,
        archived=chat.archived,
        model=chat.model,
        system_prompt=chat.system_prompt,
        sampling=chat.sampling,
        draft=chat.draft,
        created_ms=chat.created_ms,
        updated_ms=chat.updated_ms,
        messages=tuple(
            _archived(each, position, carried[each.id], excerpts.get(each.id, ()))
            for each in stored
        ),
        documents=tuple(documents.whole(tx, document) for document in shelf),
        shown=None if chat.active_leaf is None else position[chat.active_leaf],
        segments=_archived_segments(tx, conversation_id, position),
    )


def save(tx: Tx, archived: ArchivedConversation) -> ConversationId | None:
    """Store a conversation, or take it out of the trash; None when it is here already, whole."""
    uid = archived.uid
    known = conversations.find(tx, uid)
    if known is not None:
        if known.messages >= len(archived.messages):
            if known.trashed_ms is None:
                return None
            conversations.restore(tx, known.id)
            return known.id
        # It has grown elsewhere since: kept beside the one we have, which may have grown too.
        uid = f"{uid}+{len(archived.messages)}"
        if conversations.find(tx, uid) is not None:
            return None
    chat = conversations.create(
        tx,
        archived.title,
        archived.model,
        system_prompt=archived.system_prompt,
        sampling=archived.sampling,
        folder_id=_folder(tx, archived.folder),
        uid=uid,
        created_ms=archived.created_ms,
    ).id
    conversations.pin(tx, chat, archived.pinned)
    conversations.archive(tx, chat, archived.archived)
    conversations.set_draft(tx, chat, archived.draft)
    ids = _save_messages(tx, chat, archived)
    _save_segments(tx, chat, archived, ids)
    if ids:
        shown = len(ids) - 1 if archived.shown is None else archived.shown
        messages.set_active_leaf(tx, chat, _at(ids, shown))
    tx.run(
        "UPDATE conversation SET updated_ms = ? WHERE id = ?",
        (max(archived.updated_ms, archived.created_ms), chat),
    )
    return chat


def _save_messages(tx: Tx, chat: ConversationId, archived: ArchivedConversation) -> list[MessageId]:
    ids: list[MessageId] = []
    shelf: dict[int, DocumentId] = {}
    for said in archived.messages:
        stored = messages.put(
            tx,
            chat,
            None if said.parent is None else _at(ids, said.parent),
            said.message,
            created_ms=said.created_ms,
            status="interrupted" if said.status == "streaming" else said.status,
            model=said.model,
            stats=said.stats,
            error=said.error,
        )
        ids.append(stored.id)
        for index in said.documents:
            if index not in shelf:
                shelf[index] = documents.add(tx, _at(archived.documents, index))
            documents.carry(tx, stored.id, shelf[index])
        if said.excerpts:
            documents.put_excerpts(tx, stored.id, said.excerpts)
    return ids


def _save_segments(
    tx: Tx, chat: ConversationId, archived: ArchivedConversation, ids: list[MessageId]
) -> None:
    saved: list[SegmentId] = []
    for segment in archived.segments:
        ledger = tuple(
            msgspec.structs.replace(
                entry,
                message_id=None if entry.message_id is None else _at(ids, entry.message_id),
            )
            for entry in segment.ledger
        )
        new = segments.add(
            tx,
            chat,
            _at(ids, segment.first),
            _at(ids, segment.last),
            segment.text,
            origin=segment.origin,
            tokens=segment.tokens,
            ledger=ledger,
        )
        saved.append(new.id)
    for old, segment in zip(saved, archived.segments, strict=True):
        if segment.superseded_by is not None and 0 <= segment.superseded_by < len(saved):
            segments.supersede(tx, old, saved[segment.superseded_by])


def _at(listed: Sequence[T], position: int) -> T:
    if not 0 <= position < len(listed):
        raise InvalidRequest("The file names a message or document that it does not hold.")
    return listed[position]


def _archived(
    stored: messages.StoredMessage,
    position: dict[MessageId, _Index],
    carried: Sequence[_Index],
    excerpts: tuple[Excerpt, ...],
) -> ArchivedMessage:
    return ArchivedMessage(
        stored.message,
        None if stored.parent_id is None else position[stored.parent_id],
        stored.created_ms,
        stored.status,
        stored.model,
        stored.stats,
        stored.error,
        tuple(carried),
        excerpts,
    )


def _archived_segments(
    tx: Tx, chat: ConversationId, position: dict[MessageId, _Index]
) -> tuple[ArchivedSegment, ...]:
    written = [
        segment
        for segment in segments.history(tx, chat)
        if segment.first_message_id in position and segment.last_message_id in position
    ]
    order = {segment.id: index for index, segment in enumerate(written)}
    return tuple(
        ArchivedSegment(
            position[segment.first_message_id],
            position[segment.last_message_id],
            segment.text,
            segment.origin,
            segment.tokens,
            tuple(_archived_entry(entry, position) for entry in segment.ledger),
            order.get(segment.superseded_by or SegmentId(0)),
        )
        for segment in written
    )


def _archived_entry(entry: LedgerEntry, position: dict[MessageId, _Index]) -> LedgerEntry:
    where = None if entry.message_id is None else position.get(entry.message_id)
    return msgspec.structs.replace(entry, message_id=None if where is None else MessageId(where))


def _folder_path(tx: Tx, folder_id: FolderId | None) -> tuple[str, ...]:
    names: list[str] = []
    while folder_id is not None:
        folder = folders.get(tx, folder_id)
        names.append(folder.name)
        folder_id = folder.parent_id
    return tuple(reversed(names))


def _folder(tx: Tx, path: tuple[str, ...]) -> FolderId | None:
    parent: FolderId | None = None
    for name in path:
        parent = folders.find_or_create(tx, name, parent).id
    return parent
