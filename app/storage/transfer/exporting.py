"""Exports to files, one conversation at a time, so that all of them need no more memory.

Runs on the caller's thread; reads through the read lane. A file under its final name is whole.
"""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import msgspec

from app.core.errors import StorageError
from app.core.ids import ConversationId
from app.storage import conversations, documents, messages
from app.storage.connection import Tx
from app.storage.files import replace_with, sync
from app.storage.transfer import archive, markdown

Format = Literal["markdown", "html", "json"]

T = TypeVar("T")

_SUFFIXES = {"markdown": ".md", "html": ".html", "json": ".json"}
_UNSAFE = re.compile(r"[^\w .()-]+")
_NAME_CHARS = 80


class ReadLane(Protocol):
    def read(self, job: Callable[[Tx], T]) -> Future[T]: ...


def all_ids(tx: Tx) -> list[ConversationId]:
    """What is not in the trash, oldest first."""
    rows = tx.rows("SELECT id FROM conversation WHERE place <> 'trash' ORDER BY id")
    return [row[0] for row in rows]


def export(db: ReadLane, ids: Sequence[ConversationId], format: Format, target: Path) -> list[Path]:
    """JSON is one file; a page for people is one file, or one each in a folder."""
    try:
        if format == "json":
            _write_archive(db, ids, target)
            return [target]
        if len(ids) == 1 and not target.is_dir():
            replace_with(target, db.read(lambda tx: page(tx, ids[0], format)).result()[1])
            return [target]
        target.mkdir(parents=True, exist_ok=True)
        return [_write_into(db, each, format, target) for each in ids]
    except OSError as error:
        raise StorageError(f"The export could not be written ({error.strerror}).") from error


def page(tx: Tx, conversation_id: ConversationId, format: Format) -> tuple[str, bytes]:
    """A file's name and content for one conversation."""
    chat = conversations.get(tx, conversation_id)
    name = _UNSAFE.sub(" ", chat.title).strip(" .")[:_NAME_CHARS].strip() or "chat"
    name = f"{name} {chat.id}{_SUFFIXES[format]}"
    if format == "json":
        return name, _document([msgspec.json.encode(archive.take(tx, conversation_id))])
    branch = messages.path(tx, conversation_id)
    attached = documents.on(tx, [each.id for each in branch])
    if format == "markdown":
        return name, markdown.page(chat, branch, attached).encode()
    from app.storage.transfer import html  # its renderers take as long to load as all else here

    return name, html.page(chat, branch, attached).encode()


def _write_into(db: ReadLane, each: ConversationId, format: Format, folder: Path) -> Path:
    name, content = db.read(lambda tx: page(tx, each, format)).result()
    replace_with(folder / name, content)
    return folder / name


def _write_archive(db: ReadLane, ids: Sequence[ConversationId], target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.unfinished")
    head, tail = _document([]).split(b"]", 1)
    try:
        with unfinished.open("wb") as file:
            file.write(head)
            for number, each in enumerate(ids):
                taken = db.read(lambda tx, each=each: archive.take(tx, each)).result()
                file.write((b",\n" if number else b"\n") + msgspec.json.encode(taken))
            file.write(b"]" + tail)
        sync(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _document(encoded: Sequence[bytes]) -> bytes:
    raw = [msgspec.Raw(each) for each in encoded]
    whole = {"format": archive.FORMAT, "version": archive.VERSION, "conversations": raw}
    return msgspec.json.encode(whole)
