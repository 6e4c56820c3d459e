"""What storage costs on a large generated database; `llama-chat bench storage` prints it.

Runs on the caller's thread against a database of its own, never the user's. Absolute times
stand beside the bare SQLite statement that does the same, as a ratio: that part does not
depend on the machine.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.core.ids import ConversationId
from app.core.messages import Message
from app.storage import conversations, messages, search
from app.storage.database import Database, Tx

LONG_CHAT = 10_000
_PER_TRANSACTION = 20_000
_VOCABULARY = 60_000
_EPOCH_MS = 1_700_000_000_000


class Sample(NamedTuple):
    wall_ms: float
    cpu_ms: float


class Figure(msgspec.Struct, frozen=True):
    name: str
    median_ms: float
    p95_ms: float
    limit_ms: float
    cpu_ms: float  # median of processor time: what a busy machine does not distort
    bare_cpu_ms: float | None = None  # of the bare statement doing the same

    @property
    def ratio(self) -> float | None:
        return self.cpu_ms / self.bare_cpu_ms if self.bare_cpu_ms else None

    def line(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:6.1f} × bare"
        kept = "" if self.p95_ms <= self.limit_ms else "  OVER"
        return (
            f"{self.name:36} {self.median_ms:8.2f} ms, p95 {self.p95_ms:8.2f} "
            f"of {self.limit_ms:.0f}, processor {self.cpu_ms:7.2f} ms{ratio}{kept}"
        )

    def facts(self) -> dict[str, float | str | None]:
        return {**msgspec.structs.asdict(self), "ratio": self.ratio}


def measure_sizes(folder: Path, most: int) -> dict[int, list[Figure]]:
    """The same figures at each size; databases are generated once and kept in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    measured: dict[int, list[Figure]] = {}
    for total in sorted({10_000, 100_000, most}):
        if total > most:
            continue
        path = folder / f"{total}.sqlite3"
        if not path.exists():
            generate(path, chats=total // 100, total=total)
        measured[total] = measure(path)
    return measured


def growth(sizes: dict[int, list[Figure]]) -> dict[str, float]:
    """How many times dearer each figure is at the largest size than at the smallest.

    By processor time: a hundred times the messages should cost about as much.
    """
    smallest, largest = sizes[min(sizes)], sizes[max(sizes)]
    return {
        little.name: much.cpu_ms / max(little.cpu_ms, 0.01)
        for little, much in zip(smallest, largest, strict=True)
    }


def measure(path: Path) -> list[Figure]:
    """The figures of one generated database; leaves it as it was."""
    figures = [figure("open and first page of the sidebar", 100, timed(lambda: _open(path), 9))]
    db = Database(path)
    try:
        figures.append(_last_page(db))
        known = vocabulary()
        rng = random.Random(7)
        common = [rng.choice(known[:100]) for _ in range(40)]
        rare = [rng.choice(known[20_000:]) for _ in range(40)]
        several = [f"{a} {b}" for a, b in zip(common, rare, strict=True)]
        begun = [rng.choice(known[:2_000])[:3] for _ in range(40)]
        for name, typed in (
            ("search, common word", [f"{word} " for word in common]),
            ("search, rare word", [f"{word} " for word in rare]),
            ("search, a common and a rare word", [f"{pair} " for pair in several]),
            ("search, word still being typed", begun),
        ):
            figures.append(_search(db, name, typed))
        figures.append(_recall(db, common, rare))
        figures.append(_append(db))
    finally:
        db.close()
    return figures


def _open(path: Path) -> None:
    db = Database(path)
    try:
        assert db.read(conversations.page).result().items
    finally:
        db.close()


def _last_page(db: Database) -> Figure:
    chat = ConversationId(1)

    def bare(tx: Tx) -> None:
        tx.rows("SELECT * FROM message WHERE conversation_id = 1 ORDER BY id DESC LIMIT 50")

    ours = timed(lambda: db.read(lambda tx: messages.path_page(tx, chat, limit=50)).result(), 41)
    plain = timed(lambda: db.read(bare).result(), 41)
    return figure("last page of the longest chat", 20, ours, plain)


def _search(db: Database, name: str, typed: Sequence[str]) -> Figure:
    """The first search of each is left in: people do not search twice to warm up."""

    def bare(tx: Tx, text: str) -> None:
        tx.rows(
            """SELECT rowid FROM message_fts WHERE message_fts MATCH ?
                ORDER BY rowid DESC LIMIT 1000""",
            (text if text.endswith(" ") else f"{text}*",),
        )

    ours = [
        _sample(lambda text=text: db.read(lambda tx: search.search(tx, text)).result())
        for text in typed
    ]
    plain = [
        _sample(lambda text=text: db.read(lambda tx: bare(tx, text)).result()) for text in typed
    ]
    return figure(name, 50, ours, plain)


def _recall(db: Database, common: Sequence[str], rare: Sequence[str]) -> Figure:
    """A question of ten words, asked of the longest chat."""
    chat = ConversationId(1)
    questions = [
        " ".join([*common[at : at + 7], *rare[at : at + 3]]) for at in range(0, len(common) - 7, 3)
    ]
    taken = [
        _sample(lambda asked=asked: db.read(lambda tx: search.recall(tx, chat, asked)).result())
        for asked in questions
    ]
    return figure("recall in the longest chat", 50, taken)


def _append(db: Database) -> Figure:
    chat = db.write(conversations.create).result().id
    said = Message(role="user", content=" ".join(vocabulary()[:60]))

    def ours(tx: Tx) -> None:
        messages.add(tx, chat, messages.active_leaf(tx, chat), said)

    def bare(tx: Tx) -> None:
        tx.run("INSERT OR REPLACE INTO meta VALUES ('bench', ?)", (said.text,))

    taken = timed(lambda: db.write(ours).result(), 200)
    plain = timed(lambda: db.write(bare).result(), 200)
    db.write(lambda tx: conversations.purge(tx, chat)).result()
    db.write(lambda tx: tx.run("DELETE FROM meta WHERE key = 'bench'")).result()
    return figure("append one message, on disk", 5, taken, plain)


def timed(job: Callable[[], object], count: int) -> list[Sample]:
    return [_sample(job) for _ in range(count)]


def _sample(job: Callable[[], object]) -> Sample:
    started, used = time.perf_counter(), time.process_time()
    job()
    return Sample((time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000)


def figure(
    name: str, limit_ms: float, taken: Sequence[Sample], bare: Sequence[Sample] = ()
) -> Figure:
    wall = sorted(sample.wall_ms for sample in taken)
    return Figure(
        name,
        statistics.median(wall),
        wall[min(len(wall) - 1, int(len(wall) * 0.95))],
        limit_ms,
        statistics.median(sample.cpu_ms for sample in taken),
        statistics.median(sample.cpu_ms for sample in bare) if bare else None,
    )


def generate(path: Path, chats: int, total: int, seed: int = 1) -> None:
    """`total` messages over `chats` conversations; the first one holds up to LONG_CHAT."""
    unfinished = path.with_suffix(".unfinished")
    for stale in path.parent.glob(f"{unfinished.name}*"):
        stale.unlink()
    db = Database(unfinished)
    words = _Words(random.Random(seed))
    long_chat = min(LONG_CHAT, total // 2)
    each = (total - long_chat) / (chats - 1)
    done = 0.0
    batch: list[tuple[int, int]] = []
    for chat in range(chats):
        before, done = done, done + (long_chat if chat == 0 else each)
        batch.append((chat + 1, round(done) - round(before)))
        if sum(size for _, size in batch) >= _PER_TRANSACTION or chat == chats - 1:
            db.write(lambda tx, batch=tuple(batch): _fill(tx, batch, words)).result()
            batch.clear()
    db.close()
    unfinished.rename(path)


def _fill(tx: Tx, batch: tuple[tuple[int, int], ...], words: "_Words") -> None:
    for number, size in batch:
        when = _EPOCH_MS + number * 3_600_000
        chat = conversations.create(tx, words.text(4), "model", created_ms=when).id
        parent: int | None = None
        for index in range(size):
            role, length = ("user", 15) if index % 2 == 0 else ("assistant", 60)
            parent = tx.insert(
                """INSERT INTO message
                    (conversation_id, parent_id, role, status, created_ms, text)
                    VALUES (?, ?, ?, 'complete', ?, ?)""",
                (chat, parent, role, when + index, words.text(length)),
            )
        tx.run("UPDATE conversation SET active_leaf = ? WHERE id = ?", (parent, chat))


class _Words:
    """Words drawn as in natural text: a few everywhere, most hardly ever."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        self.known = [
            "".join(rng.choice(letters) for _ in range(rng.randint(2, 10)))
            for _ in range(_VOCABULARY)
        ]
        total = 0.0
        self._cumulative: list[float] = []
        for rank in range(_VOCABULARY):
            total += 1 / (rank + 2.7)
            self._cumulative.append(total)

    def text(self, length: int) -> str:
        count = max(1, int(self._rng.expovariate(1 / length)))
        return " ".join(self._rng.choices(self.known, cum_weights=self._cumulative, k=count))


@cache
def vocabulary(seed: int = 1) -> list[str]:
    """The words of a generated database, the commonest first."""
    return _Words(random.Random(seed)).known
