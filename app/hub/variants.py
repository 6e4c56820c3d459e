"""What can be downloaded, as values: apart from the catalog, whose library is slow to import."""

import msgspec

from app.core.downloads import RemoteFile


class Variant(msgspec.Struct, frozen=True):
    """One quantization of a repository: all of its parts."""

    title: str
    quantization: str
    files: tuple[tuple[str, RemoteFile], ...]  # with the path inside the repository

    @property
    def size(self) -> int:
        return sum(file.size for _, file in self.files)
