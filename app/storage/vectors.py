"""What is nearest in meaning: vectors as they are kept, and how they are compared.

A vector is of length one and kept in one byte a value behind its scale, which costs a cosine less
than a thousandth. Every vector is compared, a block at a time, so what is found is exact and a
search needs one block of floats beside what is kept. `Vectors` may be asked on any reading
thread; it holds the vectors of one model in memory and only reads what has come since.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.ids import ConversationId, MessageId
from app.core.messages import Role
from app.storage import folders
from app.storage.connection import Tx
from app.storage.query import Query

_BLOCK = 4_096
_MOST = 5_000  # candidates that are put in order
_AT_ONCE = 64
_SCALE = np.dtype("<f4")
_ROLES: tuple[str, ...] = get_args(Role)
# What the filters of a search ask, beside each vector: so that they cost no reading.
_FACTS = np.dtype(
    [("id", "i8"), ("message", "i8"), ("chat", "i8"), ("said_ms", "i8"), ("part", "i4"),
     ("role", "u1"), ("model", "u4")]
)  # fmt: skip
_COLUMNS = """e.id, m.id, m.conversation_id, m.created_ms, e.part, m.role, m.model, e.vector"""

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Near(msgspec.Struct, frozen=True):
    """A message, and which of its passages it is that is near."""

    id: MessageId
    conversation_id: ConversationId
    part: int
    score: float  # cosine: 1.0 is the same direction


class _Block(NamedTuple):
    facts: NDArray[Any]
    scales: Floats
    values: NDArray[np.int8]


def pack(vector: bytes) -> bytes:
    """Little-endian float32 of length one, as it is kept; of nothing, nothing."""
    if not vector:
        return b""
    values = np.frombuffer(vector, "<f4")
    scale = np.float32(max(float(np.abs(values).max()), 1e-9) / 127)
    return scale.astype(_SCALE).tobytes() + np.rint(values / scale).astype(np.int8).tobytes()


def nearest(
    tx: Tx, model: str, vector: bytes, limit: int, conversation: ConversationId
) -> list[Near]:
    """The messages of one chat that are closest in meaning, best first."""
    wanted = np.frombuffer(vector, "<f4")
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM message m CROSS JOIN embedding e
        ON e.message_id = m.id AND e.model = ?
        WHERE m.conversation_id = ? AND length(e.vector) = ?""",
        (model, conversation, _kept_size(wanted)),
    )
    blocks = [_block(rows[at : at + _BLOCK], {}) for at in range(0, len(rows), _BLOCK)]
    scores = _scores(blocks, wanted)
    return _best(tx, blocks, scores, np.arange(len(scores)), limit)


class Vectors:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._whose: tuple[str, int] = ("", 0)  # the model, and the size of what it makes
        self._blocks: list[_Block] = []
        self._models: dict[str, int] = {}  # those that wrote the messages

    def nearest(
        self,
        tx: Tx,
        model: str,
        vector: bytes,
        limit: int,
        *,
        floor: float = -1.0,
        asked: Query | None = None,
    ) -> list[Near]:
        """Of all chats outside the trash; what `asked` lets pass and `floor` does not rule out."""
        wanted = np.frombuffer(vector, "<f4")
        with self._lock:
            self._refresh(tx, model, wanted)
            blocks, models = [*self._blocks], dict(self._models)
        scores = _scores(blocks, wanted)
        near = scores >= floor
        for passes in _filters(tx, blocks, asked or Query(), models):
            near &= passes
        return _best(tx, blocks, scores, np.flatnonzero(near), limit)

    def _refresh(self, tx: Tx, model: str, wanted: Floats) -> None:
        """What has come since. What went is left out as it is found, and gone with the app."""
        size = _kept_size(wanted)
        if (model, size) != self._whose:
            self._whose, self._blocks = (model, size), []
        while True:
            last = int(self._blocks[-1].facts["id"][-1]) if self._blocks else 0
            rows = tx.rows(
                f"""SELECT {_COLUMNS} FROM embedding e CROSS JOIN message m ON m.id = e.message_id
                WHERE e.id > ? AND e.model = ? AND length(e.vector) = ?
                ORDER BY e.id LIMIT {_BLOCK}""",
                (last, model, size),
            )
            if not rows:
                return
            new = _block(rows, self._models)
            if self._blocks and len(self._blocks[-1].facts) + len(rows) <= _BLOCK:
                new = _joined(self._blocks.pop(), new)
            self._blocks.append(new)


def _kept_size(wanted: Floats) -> int:
    return _SCALE.itemsize + len(wanted)


def _block(rows: Sequence[tuple[Any, ...]], models: dict[str, int]) -> _Block:
    facts = np.array(
        [(*row[:5], _ROLES.index(row[5]), models.setdefault(row[6], len(models))) for row in rows],
        _FACTS,
    )
    kept = np.frombuffer(b"".join(row[7] for row in rows), np.uint8).reshape(len(rows), -1)
    scales = kept[:, : _SCALE.itemsize].copy().view(_SCALE).ravel()
    return _Block(facts, scales, kept[:, _SCALE.itemsize :].view(np.int8))


def _joined(a: _Block, b: _Block) -> _Block:
    return _Block(
        np.concatenate((a.facts, b.facts)),
        np.concatenate((a.scales, b.scales)),
        np.concatenate((a.values, b.values)),
    )


def _scores(blocks: Sequence[_Block], wanted: Floats) -> Floats:
    scores = np.empty(sum(len(block.scales) for block in blocks), np.float32)
    floats = np.empty((_BLOCK, len(wanted)), np.float32)
    at = 0
    for block in blocks:
        size = len(block.scales)
        np.copyto(floats[:size], block.values)
        # Not `dot`: its threads would spin on the cores that an engine computes on.
        np.einsum("ij,j->i", floats[:size], wanted, out=scores[at : at + size])
        scores[at : at + size] *= block.scales
        at += size
    return scores


def _filters(
    tx: Tx, blocks: Sequence[_Block], asked: Query, models: Mapping[str, int]
) -> Iterator[Mask]:
    def column(name: str) -> NDArray[Any]:
        return np.concatenate([block.facts[name] for block in blocks] or [np.empty(0, "i8")])

    if asked.role is not None:
        yield column("role") == _ROLES.index(asked.role)
    if asked.before_ms is not None:
        yield column("said_ms") < asked.before_ms
    if asked.after_ms is not None:
        yield column("said_ms") >= asked.after_ms
    if asked.model:
        wanted = [at for name, at in models.items() if asked.model.lower() in name.lower()]
        yield np.isin(column("model"), wanted)
    if asked.folder:
        inside = msgspec.json.encode(folders.within(tx, asked.folder)).decode()
        chats = tx.rows(
            """SELECT id FROM conversation
            WHERE folder_id IN (SELECT value FROM json_each(?))""",
            (inside,),
        )
        yield np.isin(column("chat"), [row[0] for row in chats])


def _best(
    tx: Tx, blocks: Sequence[_Block], scores: Floats, among: Numbers, limit: int
) -> list[Near]:
    """The best messages; a message's nearest passage counts. Looks up only what can be one."""
    if len(among) > _MOST:
        among = among[np.argpartition(-scores[among], _MOST)[:_MOST]]
    order = among[np.argsort(-scores[among], kind="stable")]
    starts = list(accumulate((len(block.facts) for block in blocks), initial=0))
    best: dict[MessageId, Near] = {}
    for at in range(0, len(order), _AT_ONCE):
        found: dict[int, Near] = {}
        for place in order[at : at + _AT_ONCE].tolist():
            block = bisect_right(starts, place) - 1
            fact = blocks[block].facts[place - starts[block]]
            near = Near(
                MessageId(int(fact["message"])),
                ConversationId(int(fact["chat"])),
                int(fact["part"]),
                float(scores[place]),
            )
            if near.id not in best:
                found[int(fact["id"])] = near
        for number in _shown(tx, found):
            best.setdefault(found[number].id, found[number])
        if len(best) >= limit:
            break
    return list(best.values())[:limit]


def _shown(tx: Tx, numbers: Iterable[int]) -> list[int]:
    """Of these vectors those that are still there and may be seen, in the same order."""
    rows = tx.rows(
        """SELECT e.id FROM json_each(?) j JOIN embedding e ON e.id = j.value
        JOIN message m ON m.id = e.message_id JOIN conversation c ON c.id = m.conversation_id
        WHERE m.deleted_ms IS NULL AND c.trashed_ms IS NULL ORDER BY j.key""",
        (msgspec.json.encode(list(numbers)).decode(),),
    )
    return [row[0] for row in rows]
