"""Where downloads keep their state: on disk when the call returns, back after a restart."""

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.core.downloads import Download, DownloadId, DownloadStore, RemoteFile
from app.storage.database import Database
from app.storage.downloads import StoredDownloads

FILE = RemoteFile("https://hub.example/a/b.gguf", 5_000_000_000, sha256="ab" * 32)
FIRST = Download(DownloadId("one"), "a/b", "B 天气", (("b.gguf", FILE),), order=2)
SECOND = Download(DownloadId("two"), "a/c", "C", (("c.gguf", FILE), ("d/mm.gguf", FILE)), order=1)


def ids(store: DownloadStore) -> list[str]:
    return [download.id for download in store.load()]


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    db = Database(tmp_path / "chats.sqlite3")
    store: DownloadStore = StoredDownloads(db)
    store.save(FIRST)
    store.save(SECOND)
    failed = msgspec.structs.replace(FIRST, state="failed", error="no\0 net\ud800work")
    store.save(failed)
    db.close()
    db = Database(tmp_path / "chats.sqlite3")
    try:
        kept = StoredDownloads(db).load()
        assert kept == [msgspec.structs.replace(failed, error="no net\ufffdwork"), SECOND]
        assert kept[1].size == 10_000_000_000
    finally:
        db.close()


def test_a_removed_one_is_gone_and_removing_twice_is_removing_once(db: Database) -> None:
    store = StoredDownloads(db)
    store.save(FIRST)
    store.save(SECOND)
    store.remove(FIRST.id)
    store.remove(FIRST.id)
    assert ids(store) == ["two"]


def test_saves_from_many_threads_all_arrive(db: Database) -> None:
    store = StoredDownloads(db)

    def save(number: int) -> None:
        store.save(msgspec.structs.replace(FIRST, id=DownloadId(str(number))))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids(store), key=int) == [str(number) for number in range(20)]


def test_one_that_cannot_be_read_does_not_hide_the_others(
    db: Database, expect_log: Callable[[str], None]
) -> None:
    expect_log("download bad cannot be read")
    db.write(
        lambda tx: tx.run("""INSERT INTO download (uid, value) VALUES ('bad', '{"id": 1}')""")
    ).result()
    store = StoredDownloads(db)
    store.save(FIRST)
    assert ids(store) == ["one"]
