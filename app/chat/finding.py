"""Search over all chats: by words at once, and by meaning as soon as the question has a vector.

Verbs may be called on the main thread and return at once; what is found is read elsewhere.
"""

from concurrent.futures import Future

from app.chat.sense import Sense, Senses
from app.storage import query, search
from app.storage.connection import Tx
from app.storage.database import Database, Reader
from app.storage.search import Results
from app.storage.vectors import Vectors

_NEAR = 200  # messages that are near enough to be ranked
_LIMIT = 20


class Finding:
    def __init__(self, db: Database | Reader, senses: Senses | None) -> None:
        self._db = db
        self._senses = senses
        self._vectors = Vectors()
        self._newest = 0

    def by_words(self, text: str, limit: int = _LIMIT) -> "Future[Results]":
        return self._db.read(lambda tx: search.search(tx, text, limit))

    def by_meaning(self, text: str, limit: int = _LIMIT) -> "Future[Results | None]":
        """What words and meaning find together; None when meaning has nothing to say.

        Asked again meanwhile, it is cancelled: who types on wants the newer answer.
        """
        self._newest += 1
        mine = self._newest
        found: Future[Results | None] = Future()
        if self._senses is None:
            found.set_result(None)
            return found
        asked = query.parse(text)

        def read(tx: Tx, sense: Sense) -> Results | None:
            near = self._vectors.nearest(
                tx, sense.model, sense.vector, _NEAR, floor=sense.floor, asked=asked
            )
            return search.search(tx, text, limit, near) if near else None

        def sensed(come: "Future[Sense | None]") -> None:
            if mine != self._newest:
                found.cancel()
            elif (error := come.exception()) is not None:
                found.set_exception(error)
            elif (sense := come.result()) is None:
                found.set_result(None)
            else:
                self._db.read(lambda tx: read(tx, sense)).add_done_callback(pass_on)

        def pass_on(come: "Future[Results | None]") -> None:
            if come.cancelled():
                found.cancel()
            elif (error := come.exception()) is not None:
                found.set_exception(error)
            else:
                found.set_result(come.result())

        words = " ".join(piece.text for piece in asked.pieces)
        self._senses.of_newest(words).add_done_callback(sensed)
        return found
