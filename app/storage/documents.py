"""Attached documents, the messages that carry them, and what of them was quoted. Verbs on a
transaction.

A document is stored once and shared by every message that carries it (an edit, a copy); with
its last message it goes. What was quoted for a question stays as it was quoted.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, NewType

import msgspec

from app.core.ids import MessageId
from app.core.messages import ImagePart, clean_text
from app.storage.connection import Tx
from app.storage.json_text import json_text
from app.storage.queued import QueuedId

DocumentId = NewType("DocumentId", int)
Kind = Literal["text", "image"]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What was attached: the text of a file, or an image."""

    name: str
    kind: Kind = "text"
    mime: str = "text/plain"
    text: str = ""
    data: bytes = b""
    tokens: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    note: str = ""  # what of it the model will not see, as a sentence


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A document on a message, without what is in it."""

    id: DocumentId
    message_id: MessageId
    name: str
    kind: Kind
    tokens: int
    note: str


class Excerpt(msgspec.Struct, frozen=True):
    """Passages of one document, quoted with one question."""

    name: str
    extent: str  # how much of it that is, in words
    text: str


_excerpts = msgspec.json.Decoder(tuple[Excerpt, ...])


def add(tx: Tx, document: Document) -> DocumentId:
    new = tx.insert(
        """INSERT INTO document (name, kind, mime, text, data, tokens, note)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            clean_text(document.name),
            document.kind,
            document.mime,
            clean_text(document.text),
            document.data,
            document.tokens,
            document.note,
        ),
    )
    return DocumentId(new)


def attach(tx: Tx, message_id: MessageId, documents: Sequence[Document]) -> None:
    for document in documents:
        carry(tx, message_id, add(tx, document))


def carry(tx: Tx, message_id: MessageId, document_id: DocumentId) -> None:
    tx.run(
        "INSERT INTO attachment (document_id, message_id) VALUES (?, ?)", (document_id, message_id)
    )


def attach_queued(tx: Tx, queued_id: QueuedId, documents: Sequence[Document]) -> None:
    for document in documents:
        tx.run(
            "INSERT INTO attachment (document_id, queued_id) VALUES (?, ?)",
            (add(tx, document), queued_id),
        )


def pass_on(tx: Tx, queued_id: QueuedId, message_id: MessageId) -> None:
    """What waited with a queued message goes with it."""
    tx.run(
        "UPDATE attachment SET message_id = ?, queued_id = NULL WHERE queued_id = ?",
        (message_id, queued_id),
    )


def share(tx: Tx, source: MessageId, target: MessageId) -> None:
    """Another message carries the same documents."""
    tx.run(
        """INSERT INTO attachment (document_id, message_id)
        SELECT document_id, ? FROM attachment WHERE message_id = ? ORDER BY id""",
        (target, source),
    )


def on(tx: Tx, messages: Sequence[MessageId]) -> list[Attached]:
    """What these messages carry, in their order."""
    rows = tx.rows(
        """SELECT d.id, a.message_id, d.name, d.kind, d.tokens, d.note
        FROM json_each(?) j JOIN attachment a ON a.message_id = j.value
        JOIN document d ON d.id = a.document_id ORDER BY j.key, a.id""",
        (msgspec.json.encode(messages).decode(),),
    )
    names = Attached.__struct_fields__
    return [Attached(**dict(zip(names, row, strict=True))) for row in rows]


def whole(tx: Tx, document_id: DocumentId) -> Document:
    names = Document.__struct_fields__
    row = tx.row(f"SELECT {', '.join(names)} FROM document WHERE id = ?", (document_id,))
    return Document(name="") if row is None else Document(**dict(zip(names, row, strict=True)))


def text(tx: Tx, document_id: DocumentId) -> str:
    return tx.value("SELECT text FROM document WHERE id = ?", (document_id,)) or ""


def image(tx: Tx, document_id: DocumentId) -> ImagePart:
    row = tx.row("SELECT mime, data FROM document WHERE id = ?", (document_id,))
    return ImagePart("", b"") if row is None else ImagePart(*row)


def put_excerpts(tx: Tx, message_id: MessageId, excerpts: Sequence[Excerpt]) -> None:
    """Once per message: what was quoted stays."""
    tx.run(
        "INSERT OR IGNORE INTO excerpt VALUES (?, ?)",
        (message_id, json_text(excerpts)),
    )


def excerpts(tx: Tx, messages: Sequence[MessageId]) -> dict[MessageId, tuple[Excerpt, ...]]:
    rows = tx.rows(
        """SELECT message_id, quotes FROM excerpt
        WHERE message_id IN (SELECT value FROM json_each(?))""",
        (msgspec.json.encode(messages).decode(),),
    )
    return {message_id: _excerpts.decode(quotes) for message_id, quotes in rows}
