"""Where downloads keep their state across restarts: the store of `core.downloads`, in the database.

Any thread but the database's own; each call returns when it is on disk. What cannot be read of a
mended database is left out: its files are still there, and the download can be asked for again.
"""

import logging

import msgspec

from app.core.downloads import Download, DownloadId
from app.storage.connection import Tx
from app.storage.database import Database
from app.storage.json_text import json_text

_log = logging.getLogger(__name__)
_download = msgspec.json.Decoder(Download)


class StoredDownloads:
    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> list[Download]:
        return self._db.read(_load).result()

    def save(self, download: Download) -> None:
        self._db.write(lambda tx: _save(tx, download)).result()

    def remove(self, download_id: DownloadId) -> None:
        """One that is not there is none."""
        self._db.write(
            lambda tx: tx.run("DELETE FROM download WHERE uid = ?", (download_id,))
        ).result()


def _load(tx: Tx) -> list[Download]:
    loaded: list[Download] = []
    for uid, value in tx.rows("SELECT uid, value FROM download ORDER BY id"):
        try:
            loaded.append(_download.decode(value))
        except msgspec.ValidationError as error:
            _log.warning("download %s cannot be read: %s", uid, error)
    return loaded


def _save(tx: Tx, download: Download) -> None:
    tx.run(
        """INSERT INTO download (uid, value) VALUES (?, ?)
        ON CONFLICT (uid) DO UPDATE SET value = excluded.value""",
        (download.id, json_text(download)),
    )
