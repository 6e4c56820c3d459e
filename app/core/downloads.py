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
    folder: str = ""  # where it was begun; empty: not yet

    @property
    def size(self) -> int:
        return sum(file.size for _, file in self.files)


class DownloadStore(Protocol):
    """Called from any thread; each call is on disk when it returns."""

    def load(self) -> list[Download]: ...

    def save(self, download: Download) -> None: ...

    def remove(self, download_id: DownloadId) -> None: ...


class DownloadState(msgspec.Struct, frozen=True, tag=True):
    """A download as it can be shown: what it is, how far it is, and why it does not go on."""

    download: Download
    received: int = 0
    bytes_per_s: float = 0.0  # over the last seconds; 0: not known
    note: str = ""  # why it waits right now, when it does

    @property
    def id(self) -> DownloadId:
        return self.download.id

    @property
    def seconds_left(self) -> float | None:
        """None while nobody can know."""
        if self.download.state != "running" or self.bytes_per_s < 1:
            return None
        return (self.download.size - self.received) / self.bytes_per_s

    @property
    def reason(self) -> str:
        """One sentence when it failed, a few words when it waits."""
        return self.download.error or self.note


class DownloadRemoved(msgspec.Struct, frozen=True, tag=True):
    download_id: DownloadId


DownloadEvent = DownloadState | DownloadRemoved
