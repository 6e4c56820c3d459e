"""How attached documents reach the model: whole where they fit, else quoted by relevance.

A branch is *woven* when its messages say what the model reads: each document stands before the
question it came with. What was quoted is stored, so a woven branch never changes by itself.
"""

import re
from collections.abc import Sequence

import msgspec

from app.chat.budget import Budget
from app.chat.passages import excerpt
from app.core.ids import MessageId
from app.core.messages import Message, TextPart
from app.storage import documents
from app.storage.connection import Tx
from app.storage.documents import Attached, DocumentId, Excerpt
from app.storage.messages import StoredMessage

WHOLE_SHARE = 0.40  # of the window, for all documents of one message
QUOTED_SHARE = 0.20
_CHARACTERS_PER_TOKEN = 3
_ANY_BLOCKS = re.compile(r"(?s).*\n\[End of [^\]\n]*\]\n\n")


class Sources(msgspec.Struct, frozen=True):
    """A question, and the documents that are not in the window as they are."""

    question: StoredMessage
    texts: tuple[tuple[Attached, str], ...]


def whole(attached: Sequence[Attached], budget: Budget) -> frozenset[DocumentId]:
    """Those of one message that are shown in full: in their order, while they fit."""
    room = int(budget.chat_ctx * WHOLE_SHARE)
    chosen: set[DocumentId] = set()
    for document in attached:
        if document.kind == "text" and document.tokens <= room:
            room -= document.tokens
            chosen.add(document.id)
    return frozenset(chosen)


def woven(
    tx: Tx, branch: Sequence[StoredMessage], budget: Budget, *, images: bool = False
) -> list[StoredMessage]:
    """`images`: the model sees them; else it is told that they are not shown."""
    ids = [stored.id for stored in branch]
    carried = _by_message(documents.on(tx, ids))
    quoted = documents.excerpts(tx, ids) if carried else {}
    return [
        _woven(tx, stored, carried.get(stored.id, ()), quoted.get(stored.id, ()), budget, images)
        for stored in branch
    ]


def sources(
    tx: Tx, branch: Sequence[StoredMessage], first_verbatim: int, budget: Budget
) -> Sources | None:
    """What to search for the question that ends the branch; None: nothing, or done before."""
    ids = [stored.id for stored in branch]
    attached = [document for document in documents.on(tx, ids) if document.kind == "text"]
    if not attached or documents.excerpts(tx, ids[-1:]):
        return None
    shown: set[DocumentId] = set()
    carried = _by_message(attached)
    for id_ in ids[first_verbatim:]:
        shown |= whole(carried.get(id_, ()), budget)
    hidden = {document.id: document for document in attached if document.id not in shown}
    texts = tuple((document, documents.text(tx, id_)) for id_, document in hidden.items())
    return Sources(branch[-1], texts) if texts else None


def search(found: Sources, question: str, budget: Budget) -> tuple[Excerpt, ...]:
    """A document that comes with the question also shows how it begins."""
    quoted: list[Excerpt | None] = []
    for document, text in found.texts:
        own = document.message_id == found.question.id
        tokens = budget.chat_ctx * QUOTED_SHARE if own else budget.recall_tokens
        room = int(tokens * _CHARACTERS_PER_TOKEN) // len(found.texts)
        quoted.append(excerpt(document.name, text, question, room, opening=own))
    return tuple(part for part in quoted if part is not None)


def own_words(text: str) -> str:
    """A woven message without the documents before it."""
    return _ANY_BLOCKS.sub("", text, count=1)


def _by_message(attached: Sequence[Attached]) -> dict[MessageId, tuple[Attached, ...]]:
    found: dict[MessageId, tuple[Attached, ...]] = {}
    for document in attached:
        found[document.message_id] = (*found.get(document.message_id, ()), document)
    return found


def _woven(
    tx: Tx,
    stored: StoredMessage,
    carried: Sequence[Attached],
    quoted: Sequence[Excerpt],
    budget: Budget,
    images: bool,
) -> StoredMessage:
    if not carried and not quoted:
        return stored
    full = whole(carried, budget)
    blocks = [
        _block("Document", document.name, documents.text(tx, document.id))
        for document in carried
        if document.id in full
    ]
    blocks += [_block("From the document", q.name, q.text, f" ({q.extent})") for q in quoted]
    told = {part.name for part in quoted}
    blocks += [
        _block("Image" if d.kind == "image" else "Document", d.name, "(not shown)")
        for d in carried
        if d.id not in full and d.name not in told and not (images and d.kind == "image")
    ]
    text = "\n\n".join([*blocks, stored.message.text])
    seen = [documents.image(tx, d.id) for d in carried if images and d.kind == "image"]
    content = (*seen, TextPart(text)) if seen else text
    message: Message = msgspec.structs.replace(stored.message, content=content)
    return msgspec.structs.replace(stored, message=message)


def _block(kind: str, name: str, text: str, extent: str = "") -> str:
    plain = re.sub(r"[\[\]\s]+", " ", name)
    return f"[{kind}: {plain}{extent}]\n{text}\n[End of {plain}]"
