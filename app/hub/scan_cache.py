"""What the last scan read of each file, kept between runs: large vocabularies take a while.

On whichever thread scans. Always true: an entry counts only while its file has the same size,
time and identity; a cache that is lost, damaged or of another version is an empty one.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from app import __version__
from app.hub.library import Library, scan
from app.hub.models import ScannedFile
from app.hub.places import Place

_FORMAT = f"{__version__}/1"  # the second number changes with what is derived from a header


class _Kept(msgspec.Struct):
    format: str
    files: list[ScannedFile]


def scan_again(places: Iterable[Place], cache: Path) -> Library:
    """A scan that reads only what the last one has not."""
    before = Library(files={file.path: file for file in _load(cache)})
    library = scan(places, before)
    if library.files != before.files:
        _save(cache, list(library.files.values()))
    return library


def _load(cache: Path) -> list[ScannedFile]:
    with contextlib.suppress(OSError, msgspec.DecodeError):
        kept = msgspec.msgpack.decode(cache.read_bytes(), type=_Kept, dec_hook=_decode)
        if kept.format == _FORMAT:
            return kept.files
    return []


def _save(cache: Path, files: list[ScannedFile]) -> None:
    part = cache.with_name(f".{cache.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # the next scan reads the headers again, that is all
        cache.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.msgpack.encode(_Kept(_FORMAT, files), enc_hook=str))
        part.replace(cache)


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise NotImplementedError
