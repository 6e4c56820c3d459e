"""A store of downloads in one JSON file, in place of the database."""

from pathlib import Path

import msgspec

from app.core.downloads import Download, DownloadId


class FileStore:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Download] = {}
        if path.exists():
            self._kept = msgspec.json.decode(path.read_bytes(), type=dict[str, Download])

    def load(self) -> list[Download]:
        return list(self._kept.values())

    def save(self, download: Download) -> None:
        self._kept[download.id] = download
        self._write()

    def remove(self, download_id: DownloadId) -> None:
        del self._kept[download_id]
        self._write()

    def _write(self) -> None:
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(self._kept))
        part.replace(self._path)
