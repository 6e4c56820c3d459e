"""The sequences of the context and an exact mirror of the cells they occupy.

Owned by the decode thread. The library cannot say how many cells are used, so each sequence
keeps the ids of its (mirrored) cells and every cell a count of the sequences that share it.
A sequence belongs to at most one running request; `owner` is that request.
"""

from array import array
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.core.ids import RequestId, SessionId


class SequenceMemory(Protocol):
    """What a llama context can do with its sequences; a dictionary fakes it in tests."""

    def copy(self, source: int, target: int, start: int = -1, end: int = -1) -> None: ...
    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool: ...
    def first_position(self, sequence: int) -> int: ...


_NOBODY = SessionId("")


@dataclass(slots=True, eq=False)
class Sequence:
    """`tokens` are exactly what the context holds under this id, from position 0."""

    id: int
    tokens: list[int] = field(default_factory=list[int])
    cells: "array[int]" = field(default_factory=lambda: array("i"))
    owner: RequestId | None = None
    session: SessionId = _NOBODY
    adapters: tuple[float, ...] = ()
    used_at: int = 0
    saved: bool = False
    private_from: int | None = None  # tokens from here on may not reach the disk


class Sequences:
    def __init__(self, memory: SequenceMemory, cells: int, count: int) -> None:
        self._memory = memory
        self._references = np.zeros(cells, np.int32)
        self._free_cells = array("i", range(cells))
        self._free_ids = list(range(count))
        self._clock = 0
        self.cells = cells
        self.live: dict[int, Sequence] = {}

    @property
    def free_cells(self) -> int:
        return len(self._free_cells)

    @property
    def used_cells(self) -> int:
        return self.cells - len(self._free_cells)

    @property
    def free_ids(self) -> int:
        return len(self._free_ids)

    def idle(self) -> list[Sequence]:
        """The sequences nobody runs on, the longest unused first."""
        found = [sequence for sequence in self.live.values() if sequence.owner is None]
        return sorted(found, key=lambda sequence: sequence.used_at)

    def unshared(self, sequence: Sequence) -> int:
        """How many cells dropping this sequence would free."""
        return int(np.count_nonzero(self._references[_indices(sequence.cells)] == 1))

    def free_without(self, sequences: list[Sequence]) -> int:
        """How many cells would be free if all these were dropped."""
        left = self._references.copy()
        for sequence in sequences:
            left[_indices(sequence.cells)] -= 1
        return int(np.count_nonzero(left == 0))

    def touch(self, sequence: Sequence) -> None:
        self._clock += 1
        sequence.used_at = self._clock

    def take(self) -> Sequence:
        sequence = Sequence(self._free_ids.pop(0))
        self.live[sequence.id] = sequence
        self.touch(sequence)
        return sequence

    def fork(self, source: Sequence, length: int) -> Sequence:
        target = self.take()
        self._memory.copy(source.id, target.id, 0, length)
        target.tokens = source.tokens[:length]
        target.cells = source.cells[:length]
        self._references[_indices(target.cells)] += 1
        target.adapters = source.adapters
        if source.private_from is not None and source.private_from < length:
            target.private_from = source.private_from
        return target

    def extend(self, sequence: Sequence, tokens: tuple[int, ...]) -> None:
        """After the context accepted these tokens: occupy a cell for each."""
        if len(tokens) == 1:  # the step of a running reply: no arrays for one number
            cell = self._free_cells.pop()
            self._references[cell] = 1
            sequence.cells.append(cell)
            sequence.tokens.append(tokens[0])
            sequence.saved = False
            return
        fresh = self._free_cells[-len(tokens) :]
        del self._free_cells[-len(tokens) :]
        self._references[_indices(fresh)] = 1
        sequence.cells.extend(fresh)
        sequence.tokens.extend(tokens)
        sequence.saved = False

    def cut(self, sequence: Sequence, length: int) -> None:
        if length >= len(sequence.tokens):
            return
        self._memory.remove(sequence.id, length, -1)
        self._release(sequence.cells[length:])
        del sequence.cells[length:]
        del sequence.tokens[length:]
        sequence.saved = False
        if sequence.private_from is not None and sequence.private_from >= length:
            sequence.private_from = None

    def drop(self, sequence: Sequence) -> None:
        self._memory.remove(sequence.id, -1, -1)
        self._release(sequence.cells)
        del self.live[sequence.id]
        self._free_ids.append(sequence.id)

    def _release(self, cells: "array[int]") -> None:
        indices = _indices(cells)
        self._references[indices] -= 1
        self._free_cells.extend(indices[self._references[indices] == 0].tolist())


def _indices(cells: "array[int]") -> NDArray[np.int32]:
    return np.array(cells, dtype=np.int32)


def common_prefix(left: list[int], right: list[int]) -> int:
    """How many tokens two lists share at their start; slices compare at C speed."""
    size = min(len(left), len(right))
    if left[:size] == right[:size]:
        return size
    low, high = 0, size  # left[:low] is equal, left[:high] is not
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low
