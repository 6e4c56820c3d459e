"""What the hub's stand-in offers: repositories as the API describes them, and their bytes."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any


class Content:
    """Bytes that may be far larger than memory: `size` of them, repeating `block`."""

    def __init__(self, data: bytes, size: int | None = None) -> None:
        self._block = data
        self.size = len(data) if size is None else size

    def read(self, start: int, count: int) -> bytes:
        count = min(count, self.size - start)
        if len(self._block) == self.size:
            return self._block[start : start + count]
        at = start % len(self._block)
        repeats = -(-(at + count) // len(self._block))
        return (self._block * repeats)[at : at + count]

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for start in range(0, self.size, 1 << 22):
            digest.update(self.read(start, 1 << 22))
        return digest.hexdigest()

    @cached_property
    def git_sha1(self) -> str:
        digest = hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)
        for start in range(0, self.size, 1 << 22):
            digest.update(self.read(start, 1 << 22))
        return digest.hexdigest()

    @cached_property
    def pointer_sha1(self) -> str:
        """What git itself keeps of a file in LFS."""
        oid = f"oid sha256:{self.sha256}\nsize {self.size}\n"
        return Content(f"version https://git-lfs.github.com/spec/v1\n{oid}".encode()).git_sha1


@dataclass
class Repository:
    name: str  # owner/name
    files: dict[str, Content]
    gated: bool = False
    private: bool = False
    downloads: int = 0
    likes: int = 0
    licence: str = "mit"
    architecture: str = "llama"
    xet_only: bool = False  # the hub library's own way is the only one
    plain: frozenset[str] = frozenset()  # files kept in git itself, not in LFS
    parameters: int = 0  # 0: as if each byte were one
    context: int = 8192

    @property
    def commit(self) -> str:
        sums = "".join(content.sha256 for content in self.files.values())
        return hashlib.sha1(sums.encode(), usedforsecurity=False).hexdigest()

    def is_lfs(self, path: str) -> bool:
        return path.endswith(".gguf") and path not in self.plain

    def summary(self) -> dict[str, Any]:
        return {
            "_id": self.commit[:24],
            "id": self.name,
            "modelId": self.name,
            "author": self.name.split("/", maxsplit=1)[0],
            "sha": self.commit,
            "private": self.private,
            "gated": "manual" if self.gated else False,
            "downloads": self.downloads,
            "likes": self.likes,
            "tags": ["gguf", f"license:{self.licence}", self.architecture],
            "pipeline_tag": "text-generation",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "lastModified": "2026-02-01T00:00:00.000Z",
            "gguf": {
                "total": self.parameters or sum(content.size for content in self.files.values()),
                "architecture": self.architecture,
                "context_length": self.context,
            },
        }

    def siblings(self, *, blobs: bool) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        for path, content in self.files.items():
            entry: dict[str, Any] = {"rfilename": path}
            if blobs:
                entry |= {"size": content.size}
                if not self.is_lfs(path):
                    entry["blobId"] = content.git_sha1
                else:
                    entry["blobId"] = content.pointer_sha1
                    lfs = {"sha256": content.sha256, "size": content.size, "pointerSize": 134}
                    entry["lfs"] = lfs
            listed.append(entry)
        return listed
