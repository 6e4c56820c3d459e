"""Downloads as values, and where they keep their state across restarts (storage implements it)."""

from typing import Literal, NewType, Protocol

import msgspec

DownloadId = NewType("DownloadId", str)
State = Literal["queued", "running", "paused", "failed", "done"]


class RemoteFile(msgspec.Struct, frozen=True):
    """A file of the hub with the hash that proves it."""

    url: str
    size: int
    sha256: str = ""  # of LFS files; the others have the hash git gives them
    git_sha1: str = ""

    @property
    def digest(self) -> str:
        return self.sha256 or self.git_sha1


class Download(msgspec.Struct, frozen=True):
    """One model on its way here: all parts, and its projector."""

    id: DownloadId
    repository: str
    title: str
    files: tuple[tuple[str, RemoteFile], ...]  # with the path inside the repository
    state: State = "queued"
    order: int = 0
    error: str = ""

    @property
    def size(self) -> int:
        return sum(file.size for _, file in self.files)


class DownloadStore(Protocol):
    """Called from any thread; each call is on disk when it returns."""

    def load(self) -> list[Download]: ...

    def save(self, download: Download) -> None: ...

    def remove(self, download_id: DownloadId) -> None: ...


class DownloadChanged(msgspec.Struct, frozen=True, tag=True):
    download: Download
    received: int = 0
    bytes_per_s: float = 0.0
    note: str = ""  # why it waits, when it does


class DownloadRemoved(msgspec.Struct, frozen=True, tag=True):
    download_id: DownloadId


DownloadEvent = DownloadChanged | DownloadRemoved
