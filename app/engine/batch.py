"""One step's decision as a value: which tokens of which sequences are decoded, and what for."""

from typing import NamedTuple

from app.core.ids import RequestId


class Slice(NamedTuple):
    """Consecutive tokens of one request; `wants_logits` asks for the last one's."""

    request_id: RequestId
    sequence: int
    start: int
    tokens: tuple[int, ...]
    wants_logits: bool


class Batch(NamedTuple):
    slices: tuple[Slice, ...] = ()
    adapters: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        return sum(len(part.tokens) for part in self.slices)

    def outputs(self) -> list[tuple[RequestId, int]]:
        """Each request that gets logits, with the place of its logits in the batch."""
        found: list[tuple[RequestId, int]] = []
        end = 0
        for part in self.slices:
            end += len(part.tokens)
            if part.wants_logits:
                found.append((part.request_id, end - 1))
        return found
