"""The rows of the list as values, and how they follow from what is known. Pure.

`Shelf` holds what was read so far; `rows_of` derives the rows; `changes` says how one list of
rows becomes another, so that a view keeps its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import Literal

import msgspec

from app.core.ids import ConversationId, FolderId, MessageId
from app.storage.conversations import Conversation
from app.storage.folders import Folder
from app.storage.search import Results
from app.storage.snippets import Mark


class Heading(msgspec.Struct, frozen=True):
    label: str


class FolderRow(msgspec.Struct, frozen=True):
    folder: Folder
    depth: int
    open: bool


class ChatRow(msgspec.Struct, frozen=True):
    chat: Conversation
    depth: int = 0


class HitRow(msgspec.Struct, frozen=True):
    """A search hit: without a message it is the conversation itself."""

    conversation: ConversationId
    message: MessageId | None
    text: str
    marks: tuple[Mark, ...]
    detail: str = ""


class Remark(msgspec.Struct, frozen=True):
    """A quiet sentence where there is nothing to list."""

    text: str
    depth: int = 0


_GROUPS = ((0, "Today"), (1, "Yesterday"), (7, "Previous 7 days"))  # from so many days ago

Row = Heading | FolderRow | ChatRow | HitRow | Remark
Key = tuple[str, object]


class Shelf(msgspec.Struct):
    """Everything the list knows now."""

    chats: dict[ConversationId, Conversation] = {}
    folders: tuple[Folder, ...] = ()
    opened: set[FolderId] = set()


def key_of(row: Row) -> Key:
    match row:
        case Heading(label=label):
            return ("heading", label)
        case FolderRow(folder=folder):
            return ("folder", folder.id)
        case ChatRow(chat=chat):
            return ("chat", chat.id)
        case HitRow(conversation=conversation, message=message):
            return ("hit", (conversation, message))
        case Remark(text=text):
            return ("remark", text)


def rows_of(shelf: Shelf, today: date) -> list[Row]:
    """Pinned, then folders, then the rest by date; each newest first."""
    newest = _newest_first(shelf.chats.values())
    pinned = [ChatRow(chat) for chat in newest if chat.pinned]
    known = {folder.id for folder in shelf.folders}
    shelved: dict[FolderId, list[Conversation]] = {}
    loose: list[Conversation] = []
    for chat in newest:
        if chat.folder_id in known and chat.folder_id is not None:
            if not chat.pinned:
                shelved.setdefault(chat.folder_id, []).append(chat)
        elif not chat.pinned:
            loose.append(chat)
    rows: list[Row] = [Heading("Pinned"), *pinned] if pinned else []
    if shelf.folders:
        rows.append(Heading("Folders"))
        rows.extend(_folder_rows(shelf, shelved, None, 0))
    rows.extend(_dated(loose, today))
    return rows


def _folder_rows(
    shelf: Shelf,
    shelved: dict[FolderId, list[Conversation]],
    parent: FolderId | None,
    depth: int,
) -> Iterator[Row]:
    for folder in shelf.folders:
        if folder.parent_id != parent:
            continue
        opened = folder.id in shelf.opened
        yield FolderRow(folder, depth, opened)
        if opened:
            inside = list(_folder_rows(shelf, shelved, folder.id, depth + 1))
            chats = [ChatRow(chat, depth + 1) for chat in shelved.get(folder.id, ())]
            yield from inside
            yield from chats
            if not inside and not chats:
                yield Remark("Empty: drag chats here", depth + 1)


def _dated(chats: Sequence[Conversation], today: date) -> Iterator[Row]:
    """A heading where the group changes; the groups' bounds are reckoned once, not per chat."""
    bounds = [(_start_ms(today - timedelta(days=days)), label) for days, label in _GROUPS]
    bounds.append((-(2**63), "Older"))
    at, shown = 0, ""
    for chat in chats:
        while chat.updated_ms < bounds[at][0]:
            at += 1
        if bounds[at][1] != shown:
            shown = bounds[at][1]
            yield Heading(shown)
        yield ChatRow(chat)


def _start_ms(day: date) -> int:
    return round(datetime.combine(day, time()).astimezone().timestamp() * 1000)


def _newest_first(chats: Iterable[Conversation]) -> list[Conversation]:
    return sorted(chats, key=attrgetter("updated_ms", "id"), reverse=True)


def place_rows(chats: Sequence[Conversation], place: Literal["archive", "trash"]) -> list[Row]:
    """The archive or the trash, flat."""
    label = "Archive" if place == "archive" else "Trash"
    newest = _newest_first(chats)
    rows: list[Row] = [Heading(label), *(ChatRow(chat) for chat in newest)]
    return rows if newest else [Heading(label), Remark("Nothing here")]


def hit_rows(results: Results) -> list[Row]:
    rows: list[Row] = []
    for found in results.groups:
        more = found.total - len(found.hits)
        detail = f"{found.total:,} places" if more > 0 else ""
        title = found.title or "New chat"
        marks = found.title_marks if found.title else ()
        rows.append(HitRow(found.conversation_id, None, title, marks, detail))
        rows.extend(
            HitRow(found.conversation_id, hit.message_id, hit.snippet.text, hit.snippet.marks)
            for hit in found.hits
        )
    return rows or [Remark("No chat says that. Try fewer words.")]


class Changes(msgspec.Struct, frozen=True):
    """Replace rows [start, old_end) by rows [start, new_end)."""

    start: int
    old_end: int
    new_end: int


def changes(old: Sequence[Row], new: Sequence[Row]) -> Changes:
    """The one stretch that differs: what is before and after it stays where it is."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = 0
    while tail < shorter - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Changes(start, len(old) - tail, len(new) - tail)
