"""The rows of the list as values, and how they follow from what is known. Pure.

`Shelf` holds what was read so far, in order; `rows_of` derives the rows; `edits` says how one list
of rows becomes another, so that a view keeps its place. Rows are derived anew on every change:
10,000 of them take a few milliseconds, because the row of a chat that did not change stays.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import compress, count
from operator import ne
from typing import Literal

import msgspec

from app.core.ids import ConversationId, FolderId, MessageId
from app.storage.conversations import Conversation
from app.storage.database import is_temporary
from app.storage.folders import Folder
from app.storage.search import Results
from app.storage.snippets import Mark


class Heading(msgspec.Struct, frozen=True):
    label: str


class FolderRow(msgspec.Struct, frozen=True):
    folder: Folder
    depth: int
    open: bool


class ChatRow(msgspec.Struct, frozen=True, gc=False):
    chat: Conversation
    depth: int = 0


class HitRow(msgspec.Struct, frozen=True):
    """A search hit: without a message it is the conversation itself."""

    conversation: ConversationId
    message: MessageId | None
    text: str
    marks: tuple[Mark, ...]
    detail: str = ""
    meant: bool = False  # it shares no word with what was searched


class Remark(msgspec.Struct, frozen=True):
    """A quiet sentence where there is nothing to list."""

    text: str
    depth: int = 0


_GROUPS = ((0, "Today"), (1, "Yesterday"), (7, "Previous 7 days"))  # from so many days ago

Row = Heading | FolderRow | ChatRow | HitRow | Remark
Key = tuple[str, object]


class Shelf:
    """Everything the list knows now: the rows of the chats, newest first within their group."""

    def __init__(self, folders: tuple[Folder, ...] = (), opened: set[FolderId] | None = None):
        self.folders = folders
        self.opened: set[FolderId] = set() if opened is None else opened
        self._groups: dict[Group, list[ChatRow]] = {}
        self._rows: dict[ConversationId, ChatRow] = {}
        self._deeper: dict[ConversationId, ChatRow] = {}

    def put(self, chat: Conversation) -> None:
        known = self._rows.get(chat.id)
        if known is not None and known.chat == chat:
            return
        self.remove(chat.id)
        row = self._rows[chat.id] = ChatRow(chat)
        group = self._groups.setdefault(_group(chat), [])
        group.insert(bisect_left(group, _age(row), key=_age), row)

    def remove(self, conversation: ConversationId) -> None:
        row = self._rows.pop(conversation, None)
        if row is not None:
            group = self._groups[_group(row.chat)]
            del group[bisect_left(group, _age(row), key=_age)]

    def group(self, name: "Group") -> Sequence[ChatRow]:
        return self._groups.get(name, ())

    def loose(self) -> Sequence[ChatRow]:
        """What is in no folder, or in one that is not known yet."""
        known = {folder.id for folder in self.folders}
        lost = [rows for name, rows in self._groups.items() if _is_lost(name, known) and rows]
        return list(merge(self.group("loose"), *lost, key=_age)) if lost else self.group("loose")

    def deeper(self, row: ChatRow, depth: int) -> ChatRow:
        """The row inside a folder; the same object as long as it says the same."""
        known = self._deeper.get(row.chat.id)
        if known is None or known.chat is not row.chat or known.depth != depth:
            known = self._deeper[row.chat.id] = ChatRow(row.chat, depth)
        return known

    def newest(self) -> Sequence[ChatRow]:
        return list(merge(*self._groups.values(), key=_age))


Group = Literal["temporary", "pinned", "loose"] | FolderId


_FIRST: tuple[tuple[Group, str], ...] = (("temporary", "Temporary"), ("pinned", "Pinned"))


def _group(chat: Conversation) -> Group:
    if chat.pinned:
        return "pinned"
    if is_temporary(chat.id):
        return "temporary"
    return "loose" if chat.folder_id is None else chat.folder_id


def _is_lost(name: Group, known: set[FolderId]) -> bool:
    return not isinstance(name, str) and name not in known


def _age(row: ChatRow) -> tuple[int, int]:
    return -row.chat.updated_ms, -row.chat.id


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
    """Temporary chats, pinned ones, folders, the rest by date; each newest first."""
    rows: list[Row] = []
    for name, label in _FIRST:
        if found := shelf.group(name):
            rows += (Heading(label), *found)
    if shelf.folders:
        rows.append(Heading("Folders"))
        rows.extend(_folder_rows(shelf, None, 0))
    rows.extend(_dated(shelf.loose(), today))
    return rows


def _folder_rows(shelf: Shelf, parent: FolderId | None, depth: int) -> Iterator[Row]:
    for folder in shelf.folders:
        if folder.parent_id != parent:
            continue
        opened = folder.id in shelf.opened
        yield FolderRow(folder, depth, opened)
        if opened:
            inside = list(_folder_rows(shelf, folder.id, depth + 1))
            chats = [shelf.deeper(row, depth + 1) for row in shelf.group(folder.id)]
            yield from inside
            yield from chats
            if not inside and not chats:
                yield Remark("Empty: drag chats here", depth + 1)


def _dated(loose: Sequence[ChatRow], today: date) -> Iterator[Row]:
    """A heading where the group changes."""
    start = 0
    bounds = [(_start_ms(today - timedelta(days=days)), label) for days, label in _GROUPS]
    for oldest_ms, label in (*bounds, (-(2**62), "Older")):
        end = bisect_left(loose, -oldest_ms + 1, start, key=lambda row: -row.chat.updated_ms)
        if end > start:
            yield Heading(label)
            yield from loose[start:end]
        start = end


def _start_ms(day: date) -> int:
    return round(datetime.combine(day, time()).astimezone().timestamp() * 1000)


def place_rows(shelf: Shelf, place: Literal["archive", "trash"]) -> list[Row]:
    """The archive or the trash, flat."""
    heading = Heading("Archive" if place == "archive" else "Trash")
    return [heading, *(shelf.newest() or [Remark("Nothing here")])]


def hit_rows(results: Results) -> list[Row]:
    rows: list[Row] = []
    for found in results.groups:
        more = found.total - len(found.hits)
        detail = f"{found.total:,} places" if more > 0 else ""
        title = found.title or "New chat"
        marks = found.title_marks if found.title else ()
        rows.append(HitRow(found.conversation_id, None, title, marks, detail))
        rows.extend(
            HitRow(
                found.conversation_id,
                hit.message_id,
                hit.snippet.text,
                hit.snippet.marks,
                meant=hit.meant,
            )
            for hit in found.hits
        )
    return rows or [Remark("No chat says that. Try fewer words.")]


def below(shown: Results, found: Results) -> Results:
    """What is new goes under what is shown, so that nothing moves under a reader's hand."""
    known = {group.conversation_id for group in shown.groups}
    new = tuple(group for group in found.groups if group.conversation_id not in known)
    return Results((*shown.groups, *new), found.capped)


_FEW = 3


class Edits(msgspec.Struct, frozen=True):
    """How a list becomes another: take rows out, put rows in, show others anew."""

    out: tuple[range, ...]  # of the old list, last first
    put: tuple[range, ...]  # of the new list, first first
    anew: range  # of the new list: where rows are that were there but say something else


def edits(old: Sequence[Row], new: Sequence[Row]) -> Edits:
    """What stays in its order stays; only when the order itself changed is a stretch replaced."""
    start = _same(old, new)
    tail = _same(old[:start:-1], new[:start:-1])
    gone, come = range(start, len(old) - tail), range(start, len(new) - tail)
    if not gone or not come:
        return Edits(tuple(filter(None, (gone,))), tuple(filter(None, (come,))), range(0))
    if moved := _moved(old[gone.start : gone.stop], new[come.start : come.stop], start):
        return moved
    before, after = _tokens(old[gone.start : gone.stop], new[come.start : come.stop])
    kept = _kept(before, after)
    return Edits(
        tuple(reversed(_runs(before, kept, start))),
        tuple(_runs(after, kept, start)),
        come if kept else range(0),
    )


def _same(old: Sequence[Row], new: Sequence[Row]) -> int:
    """How many rows both begin with."""
    return next(compress(count(), map(ne, old, new)), min(len(old), len(new)))


def _moved(old: Sequence[Row], new: Sequence[Row], start: int) -> Edits | None:
    """A row went from one end of a stretch to the other, perhaps with a heading; nothing else.

    Pinning one of 10,000 chats is this: it must not cost a look at each.
    """
    for out in range(_FEW + 1):
        put = out + len(new) - len(old)
        kept = len(old) - out
        if put < 0 or kept <= _FEW:
            continue
        if _same(old[out:], new[:kept]) == kept:
            runs = range(out), range(kept, len(new))
        elif _same(old[:kept], new[put:]) == kept:
            runs = range(kept, len(old)), range(put)
        else:
            continue
        gone, come = (range(start + run.start, start + run.stop) for run in runs)
        return Edits(tuple(filter(None, (gone,))), tuple(filter(None, (come,))), range(0))
    return None


_Token = int | Key


def _tokens(gone: Sequence[Row], come: Sequence[Row]) -> tuple[list[_Token], list[_Token]]:
    """What tells rows apart: the object where it is the same one, which is quick, else the key."""
    same = set(map(id, gone)) & set(map(id, come))
    left, right = (
        [id(row) if id(row) in same else key_of(row) for row in rows] for rows in (gone, come)
    )
    return left, right


def _kept(before: list[_Token], after: list[_Token]) -> set[_Token]:
    """The rows that can stay where they are: all but one that moved."""
    common = set(before) & set(after)
    left, right = ([token for token in tokens if token in common] for tokens in (before, after))
    if left == right:
        return common
    for moved in (left[0], right[0], left[-1], right[-1]):
        rest, others = ([token for token in tokens if token != moved] for tokens in (left, right))
        if rest == others:
            return common - {moved}
    return set()


def _runs(keys: list[_Token], kept: set[_Token], start: int) -> list[range]:
    """The stretches without a kept row."""
    runs: list[range] = []
    for at, key in enumerate(keys, start):
        if key in kept:
            continue
        if runs and runs[-1].stop == at:
            runs[-1] = range(runs[-1].start, at + 1)
        else:
            runs.append(range(at, at + 1))
    return runs
