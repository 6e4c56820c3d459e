"""A chat that is emptied out of the trash leaves nothing in the engines' cache either."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap.rooms import forget_gone_chats
from app.core.ids import session_of
from app.core.paths import find_folders
from app.engine.chunks import SUFFIX, Chunk, Head, write
from app.storage import conversations
from app.storage.database import Database
from app.ui.settings.stores import Stores


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "chats.sqlite3")
    yield database
    database.close()


def test_emptying_the_trash_empties_the_cache(db: Database) -> None:
    folders = find_folders()
    kept, gone = (db.write(conversations.create).result().id for _ in range(2))
    files: dict[int, Path] = {}
    for number, chat in enumerate((kept, gone)):
        files[chat] = folders.snapshots / "model" / f"{number:02}{SUFFIX}"
        write(files[chat], Chunk(Head(b"k", b"p", (1,), session_of(chat), 4), b"data"))
    db.write(lambda tx: conversations.trash(tx, gone)).result()
    forget_gone_chats(db, folders)
    assert files[gone].exists(), "what is in the trash can come back"
    stores = Stores(db, folders, lambda: forget_gone_chats(db, folders))
    try:
        assert stores.empty_trash().result(10) == 1
        assert files[kept].exists()
        assert not files[gone].exists()
    finally:
        stores.close()
