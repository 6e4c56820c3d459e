"""What a search by meaning costs on a read thread; `llama-chat bench meaning` prints it.

Against a database of its own with random vectors: how long a scan takes does not depend on what
they say. The engine, which turns the question into a vector, has no part in it.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from app.cli.bench_storage import Figure, Sample, figure, timed
from app.core.messages import Message
from app.storage import conversations, messages, vectors
from app.storage.database import Database, Tx
from app.storage.vectors import Vectors

_MODEL = "random"
_PARTS = 10  # passages of one message
_NEAR = 200
_LIMIT_MS = 50
_FIRST_LIMIT_MS = 2_000  # with reading them all: words have answered long before


def measure(passages: int, size: int) -> tuple[list[Figure], float]:
    """And the memory that is held afterwards, in MiB, SQLite's own among it."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(Path(folder) / "meaning.sqlite3")
        try:
            dice = np.random.default_rng(1)
            db.write(lambda tx: _fill(tx, passages, size, dice)).result()
            return _measured(db, size, dice)
        finally:
            db.close()


def _measured(db: Database, size: int, dice: np.random.Generator) -> tuple[list[Figure], float]:
    known = Vectors()
    before = psutil.Process().memory_info().rss

    def ask() -> None:
        wanted = _unit(dice, 1, size).tobytes()
        found = db.read(lambda tx: known.nearest(tx, _MODEL, wanted, _NEAR)).result()
        assert found

    first = figure("first question, everything is read", _FIRST_LIMIT_MS, timed(ask, 1))
    held = (psutil.Process().memory_info().rss - before) / 2**20
    after_news = [sample for _ in range(41) for sample in _after_news(db, size, dice, ask)]
    figures = [
        first,
        figure("next question", _LIMIT_MS, timed(ask, 41)),
        figure("question after a new message", _LIMIT_MS, after_news),
    ]
    return figures, held


def _after_news(
    db: Database, size: int, dice: np.random.Generator, ask: Callable[[], None]
) -> list[Sample]:
    db.write(lambda tx: _fill(tx, _PARTS, size, dice)).result()
    return timed(ask, 1)


def _fill(tx: Tx, passages: int, size: int, dice: np.random.Generator) -> None:
    chat = conversations.create(tx, "random").id
    made = 0
    while made < passages:
        leaf = messages.active_leaf(tx, chat)
        id_ = messages.add(tx, chat, leaf, Message(role="user", content="said")).id
        for part, vector in enumerate(_unit(dice, _PARTS, size)):
            tx.run(
                "INSERT INTO embedding (message_id, model, part, vector) VALUES (?, ?, ?, ?)",
                (id_, _MODEL, part, vectors.pack(vector.tobytes())),
            )
        made += _PARTS


def _unit(dice: np.random.Generator, count: int, size: int) -> NDArray[np.float32]:
    made = dice.standard_normal((count, size), dtype=np.float32)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
