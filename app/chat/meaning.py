"""Meaning: every message gets vectors in idle time, so that it is found by what it says.

Runs on one thread of its own, at background priority, and only while there is an embedder: the
newest messages first, a fraction of a second at a time, and not while somebody waits for the
engines. Whatever ends the app, the next start goes on with what has none. Vectors of another
embedder go once the present one has read everything.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate, islice

import numpy as np

from app.chat.ask import embed
from app.chat.sense import Sense, Senses
from app.core.errors import AppError, ContextLimitExceeded, KnownError
from app.core.generator import Generator
from app.core.ids import MessageId
from app.storage import embeddings
from app.storage.connection import Tx
from app.storage.database import Database
from app.storage.embeddings import Missing, Standing, Unembedded
from app.storage.passages import split

_FOUND_AT_ONCE = 64  # messages
_MOST_PARTS = 32  # of one message
_LONGEST = _MOST_PARTS * 800
_PATIENCE_S = 0.5
_REQUEST_S = 120
_STEP_S = 0.2  # so long a step should take: who comes meanwhile waits for no more
_MOST_AT_ONCE = 64  # passages
_LOOK_AGAIN_S = 0.5
_WHOLE_EVERY_S = 600  # an old chat may have come back from the trash, an old reply have gone on
_log = logging.getLogger(__name__)


class Meaning:
    def __init__(
        self,
        db: Database,
        generator: Generator,
        embedder: Callable[[], str] = lambda: "",
        is_quiet: Callable[[float], bool] = lambda _wait_s: True,
    ) -> None:
        """`embedder` names the model, which is also whose vectors they are; empty: none."""
        self.senses = Senses(generator, embedder)
        self._db = db
        self._generator = generator
        self._embedder = embedder
        self._is_quiet = is_quiet
        self._thread = ThreadPoolExecutor(1, "meaning")
        self._due = False
        self._closing = threading.Event()
        self._read_by = ""  # the model that has read everything,
        self._read_at = 0.0  # and when it had
        self._at_once = 4  # passages of one request; as many as a step has time for

    def catch_up(self, after_s: float = 0.0) -> None:
        """There may be messages without vectors: they get them when the engine has time."""
        if not self._due and not self._closing.is_set():
            self._due = True
            self._thread.submit(self._run, after_s)

    def of(self, text: str) -> Sense | None:
        """None without an embedder, or when it does not answer at once."""
        try:
            return self.senses.of(text).result(_PATIENCE_S)
        except (AppError, TimeoutError):
            return None

    def standing(self) -> "Future[Standing] | None":
        """How far it has come; None without an embedder."""
        model = self._embedder()
        return self._db.read(lambda tx: embeddings.standing(tx, model)) if model else None

    def close(self) -> None:
        self._closing.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ on its thread

    def _run(self, after_s: float) -> None:
        self._closing.wait(after_s)
        self._due = False
        model = self._embedder()
        try:
            if model and self._read(model):
                self._drop_others(model)
        except (AppError, TimeoutError):
            _log.info("messages could not be embedded", exc_info=True)

    def _read(self, model: str) -> bool:
        """Whether all that there is has been read; for some time only what is new is looked for."""
        before: MessageId | None = None
        lately = self._read_by == model and time.monotonic() - self._read_at < _WHOLE_EVERY_S
        while self._may_go_on(model):
            found = self._missing(model, before)
            waiting = [(item, _parts(item.text)) for item in found.items]
            while waiting:
                few = self._fitting([len(parts) for _, parts in waiting])
                if not self._store(model, waiting[:few]):
                    return False
                del waiting[:few]
            if found.next is None:
                self._read_by, self._read_at = model, time.monotonic()
                return True
            if lately and not found.items:
                return True
            before = found.next
        return False

    def _fitting(self, sizes: Sequence[int]) -> int:
        """How many of these messages one request takes; a long one alone takes several."""
        taken = list(accumulate(sizes))
        return max(1, sum(size <= self._at_once for size in taken))

    def _may_go_on(self, model: str) -> bool:
        """Waits while somebody else needs the engines."""
        while not self._closing.is_set() and self._embedder() == model:
            if self._is_quiet(_LOOK_AGAIN_S):
                return True
        return False

    def _missing(self, model: str, before: MessageId | None) -> Missing:
        def read(tx: Tx) -> Missing:
            return embeddings.missing(tx, model, _FOUND_AT_ONCE, before)

        return self._db.read(read).result()

    def _store(self, model: str, messages: Sequence[tuple[Unembedded, Sequence[str]]]) -> bool:
        """False when it was not to go on: then nothing of these is stored."""
        texts = [part for _, parts in messages for part in parts]
        made: list[bytes] = []
        while len(made) < len(texts):
            if not self._may_go_on(model):
                return False
            made += self._vectors(texts[len(made) : len(made) + self._at_once])
        if self._embedder() != model:
            return False  # another one may have answered
        vectors = iter(made)

        def write(tx: Tx) -> None:
            for item, parts in messages:
                embeddings.store(tx, model, item, list(islice(vectors, len(parts))))

        self._db.write(write).result()
        return True

    def _vectors(self, texts: Sequence[str]) -> Sequence[bytes]:
        began = time.monotonic()
        try:
            made = self._ask(texts)
        except KnownError:
            self._ask(["Hello."])  # fails too when it is not these texts that are at fault
            return [self._vector(text) for text in texts]
        fitting = len(texts) * _STEP_S / max(time.monotonic() - began, 0.001)
        self._at_once = max(1, min(_MOST_AT_ONCE, int(fitting)))
        return made

    def _vector(self, text: str) -> bytes:
        """Of a passage too long for the model: what its halves say; none of what it cannot read."""
        try:
            return self._ask([text])[0]
        except ContextLimitExceeded:
            middle = len(text) // 2
            halves = (text[:middle], text[middle:]) if middle else ()
        except KnownError:
            halves = ()
        known = [np.frombuffer(vector, "<f4") for half in halves if (vector := self._vector(half))]
        both = np.sum(known, axis=0)
        return (both / (np.linalg.norm(both) or 1.0)).astype("<f4").tobytes() if known else b""

    def _ask(self, texts: Sequence[str]) -> Sequence[bytes]:
        return embed(self._generator, tuple(texts), priority="background").result(_REQUEST_S)

    def _drop_others(self, model: str) -> None:
        while not self._closing.is_set():
            old = self._db.read(lambda tx: embeddings.of_others(tx, model)).result()
            if not old:
                return
            self._db.write(lambda tx, old=tuple(old): embeddings.drop(tx, old)).result()


def _parts(text: str) -> Sequence[str]:
    return split(text[:_LONGEST])[:_MOST_PARTS]
