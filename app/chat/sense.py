"""What a text means to the embedding model, and from where on two texts have to do with each other.

Any thread; nothing here waits. Models differ in what they give two texts that have nothing in
common (some 0.1, some 0.7), so each is asked once about a few that have not.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import combinations

import msgspec
import numpy as np

from app.chat.ask import embed
from app.core.generator import Generator
from app.core.ids import RequestId, new_request_id

_SHARE = 0.22  # of the way from what is unrelated to what is the same
_MOST_UNRELATED = 0.9
_UNRELATED = (
    "The express train to the coast leaves at nine.",
    "Stir the flour into the melted butter.",
    "def area(radius): return 3.14159 * radius ** 2",
    "The court adjourned the hearing until Thursday.",
    "Her knee still hurts when she climbs stairs.",
    "Jupiter has more moons than we thought.",
)


class Sense(msgspec.Struct, frozen=True):
    """`floor`: the cosine below which this model says that a text is about something else."""

    model: str
    vector: bytes
    floor: float = -1.0


class Senses:
    def __init__(self, generator: Generator, embedder: Callable[[], str]) -> None:
        """`embedder` names the model, which is also whose vectors they are; empty: none."""
        self._generator = generator
        self._embedder = embedder
        self._floors: dict[str, float] = {}
        self._newest: RequestId | None = None

    def of(self, text: str) -> "Future[Sense | None]":
        """None: without an embedder, of an empty text, or when the embedder has just changed."""
        return self._ask(text, new_request_id())

    def of_newest(self, text: str) -> "Future[Sense | None]":
        """The same for someone who is still typing: what was asked so before is given up."""
        if self._newest is not None:
            self._generator.cancel(self._newest)
        self._newest = new_request_id()
        return self._ask(text, self._newest)

    def _ask(self, text: str, request_id: RequestId) -> "Future[Sense | None]":
        sensed: Future[Sense | None] = Future()
        model = self._embedder()
        if not model or not text.strip():
            sensed.set_result(None)
            return sensed
        probes = () if model in self._floors else _UNRELATED

        def come(asked: "Future[tuple[bytes, ...]]") -> None:
            if (error := asked.exception()) is not None:
                sensed.set_exception(error)
            elif self._embedder() != model:
                sensed.set_result(None)
            else:
                vector, *others = asked.result()
                if others:
                    self._floors[model] = floor(others)
                sensed.set_result(Sense(model, vector, self._floors[model]))

        asked = embed(self._generator, (text, *probes), request_id=request_id)
        asked.add_done_callback(come)
        return sensed


def floor(unrelated: Sequence[bytes]) -> float:
    """From the vectors of texts that have nothing in common."""
    vectors = [np.frombuffer(each, "<f4") for each in unrelated]
    usual = float(np.mean([a @ b for a, b in combinations(vectors, 2)]))
    usual = min(max(usual, 0.0), _MOST_UNRELATED)
    return usual + (1 - usual) * _SHARE
