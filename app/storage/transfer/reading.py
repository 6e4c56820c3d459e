"""Files to import: opened within bounds, recognised, and turned into archived conversations.

Runs on the caller's thread and touches no database. Nothing is unpacked to the disk, nothing
larger than the bound is read, and whatever the file does, the answer is conversations or one
sentence.
"""

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import InvalidRequest
from app.storage.transfer import chatgpt, claude, openai
from app.storage.transfer.archive import FORMAT, VERSION, Archive, ArchivedConversation
from app.storage.transfer.loose import Object, items, obj

_MAX_BYTES = 512 * 1024 * 1024
_MAX_RATIO = 200
_RATIO_MATTERS_BYTES = 16 * 1024 * 1024
_INSIDE = "conversations.json"
_MAX_MESSAGES = 1_000_000

_FORMATS: tuple[tuple[Callable[[Any], bool], Callable[[Object], ArchivedConversation]], ...] = (
    (chatgpt.matches, chatgpt.convert),
    (claude.matches, claude.convert),
    (openai.matches, openai.convert),
)


def read(path: Path) -> list[ArchivedConversation]:
    """Every conversation with something in it."""
    try:
        found = list(_recognised(_decoded(_bytes_of(path), path.name), path.name))
    except OSError as error:
        raise InvalidRequest(f"{path.name} cannot be read ({error.strerror}).") from error
    except (RecursionError, MemoryError) as error:
        raise InvalidRequest(f"{path.name} is nested too deeply or too large.") from error
    if sum(len(chat.messages) for chat in found) > _MAX_MESSAGES:
        raise InvalidRequest(f"{path.name} holds more than {_MAX_MESSAGES:,} messages.")
    kept = [chat for chat in found if chat.messages]
    if not kept:
        raise InvalidRequest(f"{path.name} holds no conversation this app understands.")
    return kept


def _bytes_of(path: Path) -> bytes:
    if zipfile.is_zipfile(path):
        return _unzipped(path)
    if path.stat().st_size > _MAX_BYTES:
        raise InvalidRequest(f"{path.name} is larger than {_MAX_BYTES // 2**20} MB.")
    return path.read_bytes()


def _unzipped(path: Path) -> bytes:
    """One member, by its exact name; a size the zip claims is not trusted."""
    try:
        with zipfile.ZipFile(path) as whole:
            info = next((i for i in whole.infolist() if i.filename.endswith(_INSIDE)), None)
            if info is None:
                raise InvalidRequest(f"{path.name} holds no {_INSIDE}.")
            bound = min(_MAX_BYTES, max(_RATIO_MATTERS_BYTES, info.compress_size * _MAX_RATIO))
            with whole.open(info) as member:
                data = member.read(bound + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise InvalidRequest(f"{path.name} cannot be unpacked ({error}).") from error
    if len(data) > bound:
        raise InvalidRequest(f"{path.name} unpacks to far more than it should; it was refused.")
    return data


def _decoded(data: bytes, name: str) -> Any:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        # Slower, but takes half a surrogate pair, which other programs write.
        return json.loads(data)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in data.splitlines() if line.strip()]
    except ValueError as error:
        raise InvalidRequest(f"{name} is not valid JSON.") from error


def _recognised(raw: Any, name: str) -> Iterator[ArchivedConversation]:
    if obj(raw).get("format") == FORMAT:
        yield from _ours(obj(raw), name)
        return
    for each in items(raw) if not openai.matches({"messages": raw}) else [{"messages": raw}]:
        yield from _one(each)
    if isinstance(raw, dict):
        yield from _one(raw)


def _one(raw: Any) -> Iterator[ArchivedConversation]:
    for matches, convert in _FORMATS:
        if matches(raw):
            yield convert(obj(raw))
            return


def _ours(raw: Object, name: str) -> tuple[ArchivedConversation, ...]:
    version = raw.get("version")
    if isinstance(version, int) and version > VERSION:
        raise InvalidRequest(f"{name} was written by a newer version of the app. Update it first.")
    try:
        return msgspec.convert(raw, Archive, str_keys=True).conversations
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{name} is not as it should be: {error}.") from error
