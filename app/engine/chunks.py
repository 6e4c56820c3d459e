"""One stretch of computed context as bytes: its identity, and the file that keeps it.

Pure but for `write` and `read`. A chunk's key hashes everything before it and its own tokens,
starting from the model and its settings, so an equal key means an equal state. A file is
written whole or not at all, and one that does not match its checksum does not exist.
"""

import hashlib
import os
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from app.core.ids import SessionId

CHUNK_TOKENS = 256
SUFFIX = ".kv"
UNFINISHED = ".part"

_MAGIC = b"LCKV\x01"
_DIGEST_BYTES = 16
_LENGTH_BYTES = 4
_SAMPLES, _SAMPLE_BYTES = 16, 4096


class Head(msgspec.Struct, frozen=True):
    key: bytes
    parent: bytes
    tokens: tuple[int, ...]
    session: SessionId
    size: int  # of the state, in bytes


class Chunk(msgspec.Struct, frozen=True):
    head: Head
    data: bytes
    private: bool = False  # may not reach the disk


def hashed(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def child_key(parent: bytes, tokens: Sequence[int]) -> bytes:
    return hashed(parent, array("i", tokens).tobytes())


def file_identity(path: Path) -> bytes:
    """Tells one model file from another without reading gigabytes."""
    status = path.stat()
    parts = [str((status.st_size, status.st_mtime_ns)).encode()]
    with path.open("rb") as file:
        for index in range(_SAMPLES):
            file.seek(status.st_size * index // _SAMPLES)
            parts.append(file.read(_SAMPLE_BYTES))
    return hashed(*parts)


def write(path: Path, chunk: Chunk) -> int:
    head = msgspec.msgpack.encode(chunk.head)
    part = path.with_suffix(f".{os.getpid()}{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(_MAGIC + len(head).to_bytes(_LENGTH_BYTES, "little") + head)
            file.write(hashed(head, chunk.data))
            file.write(chunk.data)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return path.stat().st_size


def read_head(path: Path) -> Head | None:
    try:
        with path.open("rb") as file:
            head, _ = _split_head(file.read(_LENGTH_BYTES + len(_MAGIC)), file.read)
    except (OSError, ValueError):
        return None
    return head


def read(path: Path) -> Chunk | None:
    """None for a file that is missing, cut short or damaged."""
    try:
        with path.open("rb") as file:
            head, raw = _split_head(file.read(_LENGTH_BYTES + len(_MAGIC)), file.read)
            digest = file.read(_DIGEST_BYTES)
            data = file.read()
    except (OSError, ValueError):
        return None
    return Chunk(head, data) if hashed(raw, data) == digest else None


def _split_head(start: bytes, read_more: Callable[[int], bytes]) -> tuple[Head, bytes]:
    if start[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a snapshot")
    raw = read_more(int.from_bytes(start[len(_MAGIC) :], "little"))
    return msgspec.msgpack.decode(raw, type=Head), raw
