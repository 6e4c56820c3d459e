"""Search over all chats: what matches, ranked, grouped by conversation, with snippets.

Verbs on a transaction, meant for the read lane. Only the newest candidates are ranked, so a
common word costs as much as a rare one; trashed chats are not found. What is near in meaning is
ranked by its place there: the scores of words and of vectors cannot be compared.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from app.core.ids import ConversationId, MessageId
from app.core.messages import Role
from app.storage import folders, passages, query, snippets
from app.storage.connection import Tx, Value
from app.storage.conversations import now_ms
from app.storage.fusion import fused
from app.storage.query import Query
from app.storage.snippets import Mark, Snippet
from app.storage.vectors import Near

_CANDIDATES = 1_000
_TITLES = 200
_GROUPS = 20
_HITS_PER_GROUP = 3
_TITLE_BONUS = 1.5
# Up to doubled by being recent; half of that is gone after thirty days.
_RECENT = "(1 + 1.0 / (1 + max(0, ? - {when}) / (30 * 86400000.0)))"
_DENSITY_SAMPLE = 500
_LARGE = 10_000
_TELLING = math.log(1 + 20)  # worth of a word in every twentieth message
_FALLBACK_WORDS = 3


class Hit(msgspec.Struct, frozen=True):
    message_id: MessageId
    role: Role
    created_ms: int
    snippet: Snippet
    meant: bool = False  # found by its meaning alone: then the snippet is the passage that is near


class Group(msgspec.Struct, frozen=True):
    """One conversation that matched, best hits first; `total` counts those not shown too."""

    conversation_id: ConversationId
    title: str
    title_marks: tuple[Mark, ...]
    updated_ms: int
    hits: tuple[Hit, ...]
    total: int


class Results(msgspec.Struct, frozen=True):
    groups: tuple[Group, ...]
    capped: bool  # older messages match too; more words narrow the search


class _Candidate(NamedTuple):
    message_id: MessageId
    conversation_id: ConversationId
    score: float


def search(tx: Tx, text: str, limit: int = _GROUPS, near: Sequence[Near] = ()) -> Results:
    """`near`: what is close in meaning, best first, already within the filters."""
    asked = query.parse(text)
    if not asked.pieces:
        return Results(_filtered_only(tx, asked, limit) if asked != Query() else (), False)
    worths = _worths(tx, asked)
    candidates = _candidates(tx, asked, worths)
    titled = _titled(tx, asked, worths)
    by_chat: dict[ConversationId, list[_Candidate]] = {chat: [] for chat in titled}
    for candidate in candidates:
        by_chat.setdefault(candidate.conversation_id, []).append(candidate)
    ranked = sorted(by_chat, key=lambda chat: -_group_score(by_chat[chat], titled.get(chat, 0.0)))
    meant: dict[ConversationId, dict[MessageId, Near]] = {}
    for each in near:
        meant.setdefault(each.conversation_id, {})[each.id] = each
    groups = tuple(
        _group(tx, chat, by_chat.get(chat, []), meant.get(chat, {}), asked)
        for chat in fused(ranked, meant)[:limit]
    )
    return Results(groups, len(candidates) == _CANDIDATES)


def find_in(tx: Tx, conversation_id: ConversationId, text: str) -> list[MessageId]:
    """Every message of one conversation that matches, oldest first, on all branches."""
    asked = query.parse(text)
    if not asked.pieces:
        return []
    return sorted(id_ for id_, _ in _found_in(tx, conversation_id, asked.match(), []))


def recall(
    tx: Tx, conversation_id: ConversationId, text: str, limit: int = 20
) -> list[tuple[MessageId, float]]:
    """Messages of this conversation that share words with a text, best first."""
    asked, worths = _telling(tx, query.words(text))
    if not asked.pieces:
        return []
    stems = Query(tuple(query.stem(piece) for piece in asked.pieces))
    found = _found_in(tx, conversation_id, stems.match_any(), worths)
    return sorted(found, key=lambda hit: (-hit[1], -hit[0]))[:limit]


def _candidates(tx: Tx, asked: Query, worths: list[float]) -> list[_Candidate]:
    """The newest that match, the best of them first."""
    conditions, values = _conditions(tx, asked)
    rows = tx.rows(
        f"""SELECT id, chat, relevance * {_RECENT.format(when="said")} AS score FROM (
            SELECT m.id AS id, m.conversation_id AS chat, m.created_ms AS said,
                relevance(message_fts{", ?" * len(worths)}) AS relevance
            FROM message_fts
            CROSS JOIN message m ON m.id = message_fts.rowid
            CROSS JOIN conversation c ON c.id = m.conversation_id
            WHERE message_fts MATCH ? AND c.trashed_ms IS NULL AND m.deleted_ms IS NULL
                {conditions}
            ORDER BY message_fts.rowid DESC LIMIT ?)
            ORDER BY score DESC, id DESC""",
        (now_ms(), *worths, asked.match(), *values, _CANDIDATES),
    )
    return [_Candidate(*row) for row in rows]


def _worths(tx: Tx, asked: Query) -> list[float]:
    """What each piece is worth: the more the rarer, judged by how dense it is lately."""
    if len(asked.pieces) == 1:
        return [_TELLING]
    total = _newest_id(tx)
    return [math.log(1 + total / _frequency(tx, phrase, total)) for phrase in asked.phrases()]


def _newest_id(tx: Tx) -> int:
    return tx.value("SELECT max(id) FROM message") or 1


def _telling(tx: Tx, asked: Query) -> tuple[Query, list[float]]:
    """The words that tell passages apart: in a large database, not the commonest ones."""
    worths = _worths(tx, asked)
    if _newest_id(tx) < _LARGE:
        return asked, worths
    ranked = sorted(zip(worths, asked.pieces, strict=True), key=lambda each: -each[0])
    telling = [each for each in ranked if each[0] >= _TELLING] or ranked[:_FALLBACK_WORDS]
    return Query(tuple(piece for _, piece in telling)), [worth for worth, _ in telling]


def _frequency(tx: Tx, phrase: str, total: int) -> float:
    rows = tx.rows(
        """SELECT rowid FROM message_fts WHERE message_fts MATCH ?
            ORDER BY rowid DESC LIMIT ?""",
        (phrase, _DENSITY_SAMPLE),
    )
    if len(rows) < _DENSITY_SAMPLE:
        return len(rows) + 0.5
    return _DENSITY_SAMPLE * total / (total - rows[-1][0] + 1)


def _conditions(tx: Tx, asked: Query) -> tuple[str, list[Value]]:
    clauses: list[str] = []
    values: list[Value] = []
    if asked.role is not None:
        clauses.append("m.role = ?")
        values.append(asked.role)
    if asked.model:
        clauses.append("instr(lower(m.model), lower(?)) > 0")
        values.append(asked.model)
    if asked.before_ms is not None:
        clauses.append("m.created_ms < ?")
        values.append(asked.before_ms)
    if asked.after_ms is not None:
        clauses.append("m.created_ms >= ?")
        values.append(asked.after_ms)
    if asked.folder:
        clauses.append("c.folder_id IN (SELECT value FROM json_each(?))")
        values.append(_folder_ids(tx, asked.folder))
    return "".join(f" AND {clause}" for clause in clauses), values


def _folder_ids(tx: Tx, name: str) -> str:
    return msgspec.json.encode(folders.within(tx, name)).decode()


def _titled(tx: Tx, asked: Query, worths: list[float]) -> dict[ConversationId, float]:
    """Conversations whose title matches; none when the question is about single messages."""
    if asked.role is not None or asked.model:
        return {}
    rows = tx.rows(
        f"""SELECT c.id, c.folder_id, {_RECENT.format(when="c.updated_ms")}
                * relevance(conversation_fts{", ?" * len(worths)})
            FROM conversation_fts CROSS JOIN conversation c ON c.id = conversation_fts.rowid
            WHERE conversation_fts MATCH ? AND c.trashed_ms IS NULL
                AND c.updated_ms >= ? AND c.created_ms < ?
            ORDER BY conversation_fts.rowid DESC LIMIT ?""",
        (
            now_ms(),
            *worths,
            asked.match(),
            asked.after_ms or 0,
            asked.before_ms or 2**62,
            _TITLES,
        ),
    )
    inside = set(folders.within(tx, asked.folder)) if asked.folder else None
    return {
        chat: _TITLE_BONUS * score
        for chat, folder, score in rows
        if inside is None or folder in inside
    }


def _group_score(hits: list[_Candidate], title_score: float) -> float:
    if not hits:
        return title_score
    return title_score + hits[0].score * (1 + math.log10(len(hits)) / 4)


def _group(
    tx: Tx,
    chat: ConversationId,
    hits: Sequence[_Candidate],
    meant: Mapping[MessageId, Near],
    asked: Query,
) -> Group:
    title, updated_ms = _required(
        tx.row("SELECT title, updated_ms FROM conversation WHERE id = ?", (chat,))
    )
    said = [hit.message_id for hit in hits]
    found = fused(said, meant)
    shown = tuple(
        _hit(tx, id_, asked, None if id_ in said else meant[id_]) for id_ in found[:_HITS_PER_GROUP]
    )
    marks = snippets.mark_all(title, asked.pieces)
    return Group(chat, title, marks, updated_ms, shown, len(found))


def _hit(tx: Tx, message_id: MessageId, asked: Query, meant: Near | None) -> Hit:
    role, created_ms, text = _required(
        tx.row("SELECT role, created_ms, text FROM message WHERE id = ?", (message_id,))
    )
    if meant is not None:
        text = "".join(passages.split(text)[meant.part : meant.part + 1]) or text
    snippet = snippets.cut(text, asked.pieces)
    return Hit(message_id, role, created_ms, snippet, meant is not None)


def _required(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    assert row is not None  # found in this very transaction
    return row


def _filtered_only(tx: Tx, asked: Query, limit: int) -> tuple[Group, ...]:
    """Filters without words list the conversations they leave, newest first."""
    rows = tx.rows(
        """SELECT id, title, updated_ms FROM conversation
            WHERE trashed_ms IS NULL AND updated_ms >= ? AND created_ms < ?
                AND (? = '' OR folder_id IN (SELECT value FROM json_each(?)))
                AND instr(lower(model), lower(?)) > 0
            ORDER BY updated_ms DESC, id DESC LIMIT ?""",
        (
            asked.after_ms or 0,
            asked.before_ms or 2**62,
            asked.folder,
            _folder_ids(tx, asked.folder),
            asked.model,
            limit,
        ),
    )
    return tuple(Group(row[0], row[1], (), row[2], (), 0) for row in rows)


def _found_in(
    tx: Tx, conversation_id: ConversationId, match: str, worths: list[float]
) -> list[tuple[MessageId, float]]:
    """Within the chat's own range of ids, so that other chats cost little."""
    rows = tx.rows(
        f"""SELECT message_fts.rowid, relevance(message_fts{", ?" * len(worths)})
            FROM message_fts CROSS JOIN message m ON m.id = message_fts.rowid
            WHERE message_fts MATCH ? AND m.conversation_id = ? AND m.deleted_ms IS NULL
                AND message_fts.rowid BETWEEN
                    (SELECT min(id) FROM message WHERE conversation_id = ?)
                    AND (SELECT max(id) FROM message WHERE conversation_id = ?)""",
        (*worths, match, conversation_id, conversation_id, conversation_id),
    )
    return [(row[0], row[1]) for row in rows]
