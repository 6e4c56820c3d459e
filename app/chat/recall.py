"""Evicted turns that the new question is about, quoted back beside it.

Pure of threads: a read of one transaction. What is quoted stays in its turn until the next
wind, so that the cached prefix before it survives.
"""

import re
from collections.abc import Mapping, Sequence

from app.chat.budget import Budget
from app.chat.documents import own_words
from app.chat.prompt import Composition
from app.chat.sense import Sense
from app.core.ids import MessageId
from app.storage import passages, search, vectors
from app.storage.connection import Tx
from app.storage.fusion import fused
from app.storage.messages import StoredMessage
from app.storage.recalls import Quote

_CANDIDATES = 24
_QUOTES = 4
_LONGEST_QUOTE = 400
_NEAR = 0.4  # cosine: below this a passage says something else, whatever the model's own floor
_CHARACTERS_PER_TOKEN = 3
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def quotes_for(
    tx: Tx, composition: Composition, budget: Budget, sense: Sense | None = None
) -> tuple[Quote, ...]:
    """For the question that ends the branch; nothing when all of it is still in sight.

    `sense`: what the question means, so that what shares no word with it is found too.
    """
    evicted = {stored.id: stored for stored in composition.branch[: composition.first_verbatim]}
    question = composition.branch[-1]
    if not evicted:
        return ()
    asked = own_words(question.message.text)
    ranked = search.recall(tx, question.conversation_id, asked, limit=_CANDIDATES)
    worded = [id_ for id_, _ in ranked if id_ in evicted]
    meant = {} if sense is None else _near(tx, composition, sense)
    found = fused(worded, (id_ for id_ in meant if id_ in evicted))
    said = [
        (evicted[id_], evicted[id_].message.text if id_ in worded else _part(evicted[id_], meant))
        for id_ in found[:_QUOTES]
    ]
    return _within(said, asked, budget.recall_tokens * _CHARACTERS_PER_TOKEN)


def _near(tx: Tx, composition: Composition, sense: Sense) -> dict[MessageId, int]:
    """Best first, each with the passage that is near."""
    conversation = composition.branch[-1].conversation_id
    limit = _CANDIDATES + len(composition.verbatim)  # those are near too, and in sight
    near = vectors.nearest(tx, sense.model, sense.vector, limit, conversation)
    floor = max(_NEAR, sense.floor)
    return {each.id: each.part for each in near if each.score >= floor}


def _part(stored: StoredMessage, meant: Mapping[MessageId, int]) -> str:
    """No word of the question is in it, so that only its place says which part is meant."""
    text, part = stored.message.text, meant[stored.id]
    return "".join(passages.split(text)[part : part + 1]) or text


def _within(
    said: Sequence[tuple[StoredMessage, str]], question: str, characters: int
) -> tuple[Quote, ...]:
    quotes: list[Quote] = []
    for stored, whole in said:
        text = _relevant(whole, question)
        if len(text) <= characters:
            characters -= len(text)
            quotes.append(Quote(MessageId(stored.id), stored.message.role, text))
    return tuple(quotes)


def _relevant(text: str, question: str) -> str:
    """The whole message when it is short, else its sentences that share most words."""
    flat = " ".join(text.split())
    if len(flat) <= _LONGEST_QUOTE:
        return flat
    asked = _words(question)
    sentences = [piece.strip() for piece in _SENTENCE_END.split(text) if piece.strip()]
    ranked = sorted(range(len(sentences)), key=lambda i: (-len(asked & _words(sentences[i])), i))
    room = _LONGEST_QUOTE
    chosen: list[int] = []
    for index in ranked:
        if len(sentences[index]) <= room:
            room -= len(sentences[index])
            chosen.append(index)
    return " … ".join(sentences[index] for index in sorted(chosen)) or flat[:_LONGEST_QUOTE]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{3,}", text.lower()))
