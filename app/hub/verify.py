"""The hash of a file that is still arriving: it follows the bytes that are there without a gap.

On the thread that transfers. Always true: each block's end has the hash of everything before it,
kept in the journal, so damage on this disk is found in the block where it is and only that block
comes again; the file counts as right by its whole hash alone.
"""

import hashlib
from io import FileIO
from pathlib import Path
from typing import Protocol, Self

from app.core.downloads import RemoteFile
from app.hub.part import Part

_BLOCKS, _LEAST_BLOCK = 64, 1 << 18
_STEP_BYTES = 1 << 20


class Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> Self: ...


def new_hash(file: RemoteFile) -> Hash:
    if file.sha256:
        return hashlib.sha256()
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(f"blob {file.size}\0".encode())
    return digest


def block_size(size: int) -> int:
    return max(_LEAST_BLOCK, -(-size // _BLOCKS))


class Follower:
    def __init__(self, part: Part, file: RemoteFile) -> None:
        self._part, self._file = part, file
        self._block = block_size(file.size)
        self._buffer = memoryview(bytearray(_STEP_BYTES))
        self._opened: FileIO | None = None
        self._hash = new_hash(file)
        self._at = 0
        self._marks = {0: self._hash.copy()}
        self._came_again: set[int] = set()  # ends of blocks
        self._doubted = 0  # the end of the block that is fetched to be compared

    @property
    def at(self) -> int:
        return self._at

    @property
    def right(self) -> bool:
        return self._at == self._file.size and self._hash.hexdigest() == self._file.digest

    def step(self) -> bool:
        """Hashes a little of what is there; False when there is nothing to do."""
        end = min(self._at - self._at % self._block + self._block, self._file.size)
        count = min(_STEP_BYTES, end - self._at, self._part.frontier - self._at)
        if count <= 0:
            return False
        self._opened = self._opened or self._part.path.open("rb", buffering=0)
        self._opened.seek(self._at)
        view = self._buffer[:count]
        read = self._opened.readinto(view)
        if not read:
            self._part.lost(self._at, self._file.size)  # someone cut the file
            return True
        self._hash.update(view[:read])
        self._at += read
        if self._at == end:
            self._end_block(end)
        return True

    def doubt(self, start: int) -> None:
        """Has a block fetched again, to see whether it was the one that is wrong."""
        self._doubted = min(start + self._block, self._file.size)
        self._lose_block(self._doubted)

    def restart(self) -> None:
        self._rewind(0)
        self._came_again.clear()
        self._doubted = 0

    def close(self) -> None:
        if self._opened:
            self._opened.close()
            self._opened = None

    def blocks(self) -> range:
        """Their starts."""
        return range(0, self._file.size, self._block)

    def _end_block(self, end: int) -> None:
        digest, known = self._hash.hexdigest(), self._part.sum_at(end)
        if self._doubted == end:
            self._doubted = 0
            if digest == known:  # as before: it was not this block
                self._rewind(self._file.size)
                return
            self._part.forget_sums(end)
        elif known and digest != known and end not in self._came_again:
            self._came_again.add(end)
            self._lose_block(end)
            return
        if digest != known:
            self._part.set_sum(end, digest)
        self._marks[end] = self._hash.copy()

    def _lose_block(self, end: int) -> None:
        start = (end - 1) // self._block * self._block
        self._part.lost(start, end)
        self._rewind(start)

    def _rewind(self, offset: int) -> None:
        self._at, self._hash = offset, self._marks[offset].copy()


def is_right(path: Path, file: RemoteFile, check: "Check") -> bool:
    """Whether a file is there already, by its hash."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    digest = new_hash(file)
    with path.open("rb") as opened:
        while data := opened.read(_STEP_BYTES):
            check()
            digest.update(data)
    return digest.hexdigest() == file.digest


class Check(Protocol):
    def __call__(self) -> None:
        """Raises when nobody wants the answer any more."""
