"""Folders of conversations, nested. Verbs on a transaction.

Deleting a folder deletes the folders inside it and never a conversation: those lose only
their folder.
"""

import msgspec

from app.core.errors import InvalidRequest, StorageError
from app.core.ids import FolderId
from app.core.messages import clean_text
from app.storage.connection import Tx
from app.storage.conversations import now_ms


class Folder(msgspec.Struct, frozen=True):
    id: FolderId
    parent_id: FolderId | None
    name: str


def create(tx: Tx, name: str, parent_id: FolderId | None = None) -> Folder:
    if parent_id is not None:
        get(tx, parent_id)
    new = tx.insert(
        "INSERT INTO folder (parent_id, name, created_ms) VALUES (?, ?, ?)",
        (parent_id, _name(name), now_ms()),
    )
    return get(tx, FolderId(new))


def find_or_create(tx: Tx, name: str, parent_id: FolderId | None) -> Folder:
    found = tx.value(
        "SELECT id FROM folder WHERE parent_id IS ? AND name = ?", (parent_id, _name(name))
    )
    return create(tx, name, parent_id) if found is None else get(tx, found)


def get(tx: Tx, folder_id: FolderId) -> Folder:
    row = tx.row("SELECT id, parent_id, name FROM folder WHERE id = ?", (folder_id,))
    if row is None:
        raise StorageError("That folder no longer exists.")
    return Folder(*row)


def all_folders(tx: Tx) -> list[Folder]:
    rows = tx.rows("SELECT id, parent_id, name FROM folder ORDER BY name COLLATE NOCASE, id")
    return [Folder(*row) for row in rows]


def rename(tx: Tx, folder_id: FolderId, name: str) -> Folder:
    tx.run("UPDATE folder SET name = ? WHERE id = ?", (_name(name), folder_id))
    return get(tx, folder_id)


def move(tx: Tx, folder_id: FolderId, parent_id: FolderId | None) -> Folder:
    if parent_id is not None and folder_id in _ancestors(tx, parent_id):
        raise InvalidRequest("A folder cannot be moved into itself.")
    tx.run("UPDATE folder SET parent_id = ? WHERE id = ?", (parent_id, folder_id))
    return get(tx, folder_id)


def delete(tx: Tx, folder_id: FolderId) -> None:
    tx.run("DELETE FROM folder WHERE id = ?", (folder_id,))


def within(tx: Tx, name: str) -> list[FolderId]:
    """Folders of this name, in any case, and all folders inside them."""
    rows = tx.rows(
        """WITH RECURSIVE inside(id) AS (
            SELECT id FROM folder WHERE name = ? COLLATE NOCASE
            UNION SELECT f.id FROM inside JOIN folder f ON f.parent_id = inside.id)
        SELECT id FROM inside""",
        (name,),
    )
    return [row[0] for row in rows]


def _ancestors(tx: Tx, folder_id: FolderId) -> list[FolderId]:
    """The folder itself first, then outward."""
    rows = tx.rows(
        """WITH RECURSIVE outward(id) AS (
            SELECT ? UNION SELECT f.parent_id FROM outward JOIN folder f ON f.id = outward.id)
        SELECT id FROM outward WHERE id IS NOT NULL""",
        (folder_id,),
    )
    return [row[0] for row in rows]


def _name(name: str) -> str:
    cleaned = clean_text(name).strip()
    if not cleaned:
        raise InvalidRequest("A folder needs a name.")
    return cleaned
