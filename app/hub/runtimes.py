"""The builds of llama.cpp that are installed beside the app's own, and the one that is used.

Any thread; the disk is the state. Always true: what `active` hands out was verified file by file
against the hashes taken when it was installed, holds no file more, and has passed a trial; what
fails any of this is refused with its reason and the app's own build is used.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.core.errors import InvalidRequest, StorageError
from app.hub.runtime_builds import bindings_version

MANIFEST = "manifest.json"
LIBRARIES = Path("llama_cpp") / "lib"
INCOMING = ".incoming"
_CURRENT, _REFUSED = "current.json", "refused.txt"
_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,60}")
_LLAMA = {"win32": "llama.dll", "darwin": "libllama.dylib"}.get(sys.platform, "libllama.so")

# What is wrong with a library folder when an engine tries it; empty: nothing.
Trial = Callable[[Path], str]
Stamp = tuple[int, int, int, int]  # size, modified, changed, inode: no edit leaves all four


class Manifest(msgspec.Struct, frozen=True):
    """What was installed: written once, beside the files."""

    name: str
    backend: str
    version: str
    source: str
    archive_sha256: str
    files: dict[str, str]  # the SHA-256 of each, by its place


class Runtime(msgspec.Struct, frozen=True):
    name: str
    backend: str
    version: str
    source: str
    size: int
    used: bool = False
    problem: str = ""  # why it cannot be used, when it cannot


class Active(msgspec.Struct, frozen=True):
    """What engines are started with."""

    name: str = ""  # empty: the app's own
    libraries: Path | None = None
    refused: str = ""  # why it is not the one that was chosen


class _Current(msgspec.Struct, frozen=True):
    name: str
    manifest_sha256: str
    stamps: dict[str, Stamp]


class Runtimes:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def refusal_note(self) -> Path:
        """Where an engine that could not load the runtime says so."""
        return self.folder / _REFUSED

    def installed(self) -> list[Runtime]:
        active, chosen = self.active(), self._chosen()
        found: list[Runtime] = []
        for note in sorted(self.folder.glob(f"*/{MANIFEST}")):
            manifest = _read_manifest(note.parent)
            if manifest is None:
                continue
            name = note.parent.name
            mine = chosen is not None and chosen.name == name
            problem = active.refused if mine else _mismatch(manifest)
            size = _bytes_on_disk(note.parent)
            found.append(
                Runtime(
                    name,
                    manifest.backend,
                    manifest.version,
                    manifest.source,
                    size,
                    used=name == active.name,
                    problem=problem,
                )
            )
        return found

    def use(self, name: str, trial: Trial) -> None:
        """From the next engine on; what fails its trial is not used, and the reason is raised."""
        folder = self._existing(name)
        manifest = _verified(folder)
        self.refusal_note.unlink(missing_ok=True)
        if problem := trial(folder / LIBRARIES):
            raise InvalidRequest(
                f"{name} does not work here: {problem}. What was used before stays in use."
            )
        # Stamped before the hashes are trusted again: a file swapped meanwhile shows.
        stamps = _stamps(folder, manifest)
        _verified(folder)
        data = (folder / MANIFEST).read_bytes()
        current = _Current(name, hashlib.sha256(data).hexdigest(), stamps)
        self._write(_CURRENT, msgspec.json.encode(current))

    def clear(self) -> None:
        """Back to the app's own build."""
        (self.folder / _CURRENT).unlink(missing_ok=True)
        self.refusal_note.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        folder = self._existing(name)
        chosen = self._chosen()
        if chosen is not None and chosen.name == name:
            self.clear()
        # Renamed first: what is half deleted is not a runtime any more.
        leaving = self.folder / INCOMING / f"{name}.{os.getpid()}.leaving"
        leaving.parent.mkdir(exist_ok=True)
        try:
            folder.rename(leaving)
        except OSError as error:
            raise StorageError(f"{name} is in use: unload the model first.") from error
        shutil.rmtree(leaving, ignore_errors=True)

    def active(self) -> Active:
        """What to start engines with; cheap, unless a file changed."""
        chosen = self._chosen()
        if chosen is None:
            return Active()
        with contextlib.suppress(OSError, UnicodeDecodeError):
            name, _, reason = self.refusal_note.read_text("utf-8").partition("\n")
            if name == chosen.name:
                return Active(refused=f"{name} is not used: {reason.strip()}")
        folder = self.folder / chosen.name
        try:
            _check(folder, chosen)
        except (InvalidRequest, OSError) as error:
            reason = error.message if isinstance(error, InvalidRequest) else "it is gone"
            return Active(refused=f"{chosen.name} is not used: {reason}")
        return Active(chosen.name, folder / LIBRARIES)

    def _chosen(self) -> _Current | None:
        try:
            data = (self.folder / _CURRENT).read_bytes()
            current = msgspec.json.decode(data, type=_Current)
        except (OSError, msgspec.DecodeError):
            return None
        return current if _NAME.fullmatch(current.name) else None

    def _existing(self, name: str) -> Path:
        folder = self.folder / name
        if not _NAME.fullmatch(name) or not (folder / MANIFEST).is_file():
            known = ", ".join(one.name for one in self.installed()) or "none yet"
            raise InvalidRequest(f'There is no runtime "{name}". Installed: {known}.')
        return folder

    def _write(self, name: str, data: bytes) -> None:
        part = self.folder / f".{name}.{os.getpid()}"
        part.write_bytes(data)
        part.replace(self.folder / name)


def has_llama(folder: Path) -> bool:
    return (folder / LIBRARIES / _LLAMA).is_file()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes_on_disk(folder: Path) -> int:
    """One file under three names counts once."""
    stats = [file.stat() for file in folder.rglob("*") if file.is_file()]
    return sum({(status.st_dev, status.st_ino): status.st_size for status in stats}.values())


def _read_manifest(folder: Path) -> Manifest | None:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def _mismatch(manifest: Manifest) -> str:
    if manifest.version == bindings_version():
        return ""
    return f"it is of version {manifest.version}, the app speaks {bindings_version()}"


def _check(folder: Path, chosen: _Current) -> None:
    """Unchanged since it was verified, by its stamps; verified again where these differ."""
    data = (folder / MANIFEST).read_bytes()
    if hashlib.sha256(data).hexdigest() != chosen.manifest_sha256:
        raise InvalidRequest("its list of files was changed. Install it again.")
    manifest = msgspec.json.decode(data, type=Manifest)
    if problem := _mismatch(manifest):
        raise InvalidRequest(f"{problem}. Install it again.")
    if _stamps(folder, manifest) != chosen.stamps:
        _verified(folder)


def _verified(folder: Path) -> Manifest:
    manifest = _read_manifest(folder)
    if manifest is None:
        raise InvalidRequest("Its list of files cannot be read. Install it again.")
    if problem := _mismatch(manifest):
        raise InvalidRequest(f"{folder.name} cannot be used: {problem}. Install it again.")
    # A folder with one library more would have it loaded too.
    if set(_stamps(folder, manifest)) != set(manifest.files):
        raise InvalidRequest("it holds other files than were installed. Install it again.")
    for name, digest in manifest.files.items():
        if sha256_of(folder / name) != digest:
            raise InvalidRequest(f"{Path(name).name} was changed. Install it again.")
    if not has_llama(folder):
        raise InvalidRequest("it holds no llama library for this system.")
    return manifest


def _stamps(folder: Path, manifest: Manifest) -> dict[str, Stamp]:
    """Of every file there is but the manifest; a link is not a file of ours."""
    stamps: dict[str, Stamp] = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise InvalidRequest(f"{path.name} is a link. Install it again.")
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            status = path.stat()
            times = (status.st_mtime_ns, status.st_ctime_ns)
            stamps[name] = (status.st_size, *times, status.st_ino)
    missing = set(manifest.files) - set(stamps)
    if missing:
        raise InvalidRequest(f"{Path(min(missing)).name} is missing. Install it again.")
    return stamps
