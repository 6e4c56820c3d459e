"""Meaning: messages get vectors in idle time, so that a question finds what it shares no word with.

Runs on one thread of its own, at background priority, and only while the settings name an
embedder. Nobody waits for it: a question whose vector does not come at once goes without.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from app.chat.ask import embed
from app.chat.passages import split
from app.core.errors import AppError
from app.core.generator import Generator
from app.core.ids import MessageId
from app.storage import embeddings
from app.storage.connection import Tx
from app.storage.database import Database
from app.storage.embeddings import Missing, Unembedded

_AT_ONCE = 16  # messages of one round
_MOST_PARTS = 8  # of one message
_PATIENCE_S = 0.5
_BATCH_S = 120
_log = logging.getLogger(__name__)


class Sense(msgspec.Struct, frozen=True):
    """What a text means to one model."""

    model: str
    vector: bytes


class Meaning:
    def __init__(
        self, db: Database, generator: Generator, embedder: Callable[[], str] = lambda: ""
    ) -> None:
        """`embedder` names the model, which is also whose vectors they are; empty: none."""
        self._db = db
        self._generator = generator
        self._embedder = embedder
        self._thread = ThreadPoolExecutor(1, "meaning")
        self._due = False
        self._closed = False

    def catch_up(self) -> None:
        """There may be messages without vectors: they get them when the engine has time."""
        if self._embedder() and not self._due and not self._closed:
            self._due = True
            self._thread.submit(self._run)

    def of(self, text: str) -> Sense | None:
        """None without an embedder, or when it does not answer at once."""
        model = self._embedder()
        if not model or not text.strip():
            return None
        try:
            vectors = embed(self._generator, (text,)).result(_PATIENCE_S)
        except (AppError, TimeoutError):
            return None
        return Sense(model, vectors[0]) if vectors else None

    def close(self) -> None:
        self._closed = True
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ on its thread

    def _run(self) -> None:
        self._due = False
        model = self._embedder()
        before: MessageId | None = None
        try:
            while model and not self._closed:
                found = self._missing(model, before)
                if found.items:
                    self._store(model, found.items)
                if found.next is None:
                    return
                before = found.next
        except (AppError, TimeoutError):
            _log.info("messages could not be embedded", exc_info=True)

    def _missing(self, model: str, before: MessageId | None) -> Missing:
        def read(tx: Tx) -> Missing:
            return embeddings.missing(tx, model, _AT_ONCE, before)

        return self._db.read(read).result()

    def _store(self, model: str, items: tuple[Unembedded, ...]) -> None:
        parts = [split(item.text)[:_MOST_PARTS] for item in items]
        texts = tuple(part for of_one in parts for part in of_one)
        asked: Future[tuple[bytes, ...]] = embed(self._generator, texts, priority="background")
        vectors = iter(asked.result(_BATCH_S))

        def write(tx: Tx) -> None:
            for item, of_one in zip(items, parts, strict=True):
                embeddings.store(tx, model, item, [next(vectors) for _ in of_one])

        self._db.write(write).result()
