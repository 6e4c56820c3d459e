"""Saves sequences of the context as chunks and builds them again from chunks.

Owned by the decode thread. Attention-only models are saved in stretches of 256 tokens through a
scratch sequence, so equal beginnings are kept once and come back shared; models with a sliding
window or a recurrent state only as a whole, good for exactly the tokens they were saved at.
"""

from collections.abc import Iterator
from collections.abc import Sequence as Tokens
from typing import Protocol

import msgspec

from app.core.ids import SessionId
from app.engine.chunks import CHUNK_TOKENS, Chunk, Head, child_key, hashed
from app.engine.sequences import Sequence, SequenceMemory, Sequences
from app.engine.tiers import Link, Tiers

_LEAST_TAIL = 16  # a shorter end is computed again as fast


class StateMemory(SequenceMemory, Protocol):
    def state_of(self, sequence: int) -> bytes: ...
    def restore_state(self, sequence: int, data: bytes) -> bool: ...


class Snapshots:
    def __init__(
        self,
        memory: StateMemory,
        sequences: Sequences,
        tiers: Tiers,
        *,
        identity: bytes,
        whole: bool,
        scratch: int,
    ) -> None:
        self._memory = memory
        self._sequences = sequences
        self.tiers = tiers
        self._identity = identity
        self._whole = whole
        self._scratch = scratch

    # ------------------------------------------------------------ saving

    def save(self, sequence: Sequence, most: int | None = None) -> None:
        """Save what is not saved yet, at most so many stretches of it."""
        if not self.tiers.enabled:
            return
        key, size = self._root(sequence.adapters), len(sequence.tokens)
        step = size if self._whole else CHUNK_TOKENS
        for start in range(0, size, step):
            tokens = tuple(sequence.tokens[start : start + step])
            parent, key = key, child_key(key, tokens)
            if len(tokens) < _LEAST_TAIL or self.tiers.has(key):
                continue
            if most == 0:
                return
            most = None if most is None else most - 1
            self._save_stretch(sequence, Head(key, parent, tokens, sequence.session, 0), start)
        sequence.saved = True

    def _save_stretch(self, sequence: Sequence, head: Head, start: int) -> None:
        end = start + len(head.tokens)
        if self._whole:
            data = self._memory.state_of(sequence.id)
        else:
            self._memory.copy(sequence.id, self._scratch, start, end)
            data = self._memory.state_of(self._scratch)
            self._memory.remove(self._scratch)
        private = sequence.private_from is not None and sequence.private_from < end
        self.tiers.put(Chunk(msgspec.structs.replace(head, size=len(data)), data, private))

    # ------------------------------------------------------------ restoring

    def find(self, tokens: Tokens[int], adapters: tuple[float, ...]) -> list[Link]:
        return self.tiers.chain(self._root(adapters), tokens, whole=self._whole)

    def restore(self, sequence: Sequence, links: Tokens[Link]) -> bool:
        """Append chunks to the sequence; False when nothing of them could be had."""
        start = len(sequence.tokens)
        for link in links:
            chunk = self.tiers.get(link.head.key)
            if chunk is None or not self._append(sequence, chunk, link.tokens):
                break
            if chunk.private and sequence.private_from is None:
                sequence.private_from = len(sequence.tokens) - link.tokens
        return len(sequence.tokens) > start

    def _append(self, sequence: Sequence, chunk: Chunk, count: int) -> bool:
        if self._sequences.free_cells < len(chunk.head.tokens):
            return False
        if self._whole:
            if not self._memory.restore_state(sequence.id, chunk.data):
                self._memory.remove(sequence.id)
                return False
        else:
            restored = self._memory.restore_state(self._scratch, chunk.data)
            end = len(sequence.tokens) + count
            if restored:
                self._memory.copy(self._scratch, sequence.id, len(sequence.tokens), end)
            self._memory.remove(self._scratch)
            if not restored:
                return False
        self._sequences.extend(sequence, chunk.head.tokens[:count])
        return True

    def kept_texts(self, adapters: tuple[float, ...]) -> Iterator[tuple[list[int], SessionId]]:
        """The token lists that earlier runs left on the disk, each to its end."""
        heads = [(head, list[int]()) for head in self.tiers.children(self._root(adapters))]
        while heads:
            head, before = heads.pop()
            tokens = before + list(head.tokens)
            further = self.tiers.children(head.key)
            heads += [(child, tokens) for child in further]
            if not further:
                yield tokens, head.session

    def purge(self, session: SessionId) -> None:
        self.tiers.purge(session)

    def _root(self, adapters: tuple[float, ...]) -> bytes:
        return hashed(self._identity, repr(adapters).encode())
