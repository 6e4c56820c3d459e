"""Removing a model so that it can be brought back: into a hidden folder beside the others.

Any thread; a rename in one file system, so instant at any size. Always true: only what lies in
the app's own models folder is touched; a store of another program is never written to; what is
in the trash for longer than a day is deleted at the next sweep.
"""

import contextlib
import shutil
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from app.core.errors import InvalidRequest, StorageError
from app.hub.library import Library
from app.hub.models import Broken, Model
from app.hub.places import Source

KEEP_S = 24 * 3600.0
_TRASH = ".trash"
_NOTE = "removal.json"
_OWNERS: dict[Source, str] = {
    "folder": "lies in a folder of yours that is only looked through. Remove it there",
    "hugging_face": "belongs to the Hugging Face cache. Remove it with `hf cache`",
    "lm_studio": "belongs to LM Studio. Remove it there",
    "ollama": "belongs to Ollama. Remove it with `ollama rm`",
    "starter": "comes with the app and stays",
}


class Removal(msgspec.Struct, frozen=True):
    """What was removed, and how it comes back."""

    id: str
    title: str
    size: int
    at: float
    files: tuple[str, ...]  # inside the models folder


def remove(model: Model | Broken, library: Library, folder: Path) -> Removal:
    if model.source != "app" or not model.path.is_relative_to(folder):
        owner = _OWNERS.get(model.source, "lies outside of the models folder")
        title = model.full_title if isinstance(model, Model) else model.path.name
        raise InvalidRequest(f"{title} {owner}.")
    files = _files_of(model, library)
    _refuse_linked(files, folder)
    at = time.time()
    removal = Removal(
        id=f"{int(at * 1000):x}",
        title=model.full_title if isinstance(model, Model) else model.path.name,
        size=sum(file.lstat().st_size for file in files),
        at=at,
        files=tuple(file.relative_to(folder).as_posix() for file in files),
    )
    into = folder / _TRASH / removal.id
    with _disk_errors(removal.title):
        into.mkdir(parents=True)
        # Written first: a crash between two renames loses no file's way back.
        (into / _NOTE).write_bytes(msgspec.json.encode(removal))
        for file, name in zip(files, removal.files, strict=True):
            target = into / "files" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    for file in files:
        _drop_empty(file.parent, folder)
    return removal


def restore(removal: Removal, folder: Path) -> None:
    """Everything back where it was; a file that stands there now is not overwritten."""
    kept = folder / _TRASH / removal.id
    pairs = [(kept / "files" / name, folder / name) for name in removal.files]
    pairs = [(source, target) for source, target in pairs if _exists(source)]
    if not pairs:
        raise InvalidRequest(f"{removal.title} is not in the trash any more.")
    if taken := [target for _, target in pairs if _exists(target)]:
        raise InvalidRequest(f"{taken[0].name} is there again: {removal.title} stays in the trash.")
    with _disk_errors(removal.title):
        for source, target in pairs:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
    shutil.rmtree(kept)


def removed(folder: Path) -> list[Removal]:
    """What can be brought back, the latest first."""
    found: list[Removal] = []
    for note in (folder / _TRASH).glob(f"*/{_NOTE}"):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            removal = msgspec.json.decode(note.read_bytes(), type=Removal)
            if removal.id == note.parent.name:
                found.append(removal)
    return sorted(found, key=lambda removal: removal.at, reverse=True)


def sweep(folder: Path, keep_s: float = KEEP_S) -> int:
    """Deletes for good what has been there for long; the bytes that are free again."""
    old = [one for one in removed(folder) if not 0 <= time.time() - one.at < keep_s]
    return sum(delete(removal, folder) for removal in old)


def delete(removal: Removal, folder: Path) -> int:
    """The bytes that are free again; a file that another program holds open waits for later."""
    try:
        shutil.rmtree(folder / _TRASH / removal.id)
    except OSError:
        return 0
    return removal.size


def _files_of(model: Model | Broken, library: Library) -> list[Path]:
    if isinstance(model, Broken):
        return [model.path]
    files = list(model.parts)
    shared = any(
        other.projector == model.projector for other in library.models if other.path != model.path
    )
    if model.projector and not shared and model.projector.parent == model.path.parent:
        files.append(model.projector)
    return files


def _refuse_linked(files: list[Path], folder: Path) -> None:
    """A link that lies here may go; what lies behind a linked folder is somebody else's."""
    inside = folder.resolve()
    for file in files:
        if not file.parent.resolve().is_relative_to(inside):
            raise InvalidRequest(
                f"{file.name} lies behind a link to {file.parent.resolve()}. Remove it there."
            )


def _drop_empty(folder: Path, root: Path) -> None:
    """The folders a download made around a model go with it."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


@contextlib.contextmanager
def _disk_errors(title: str) -> Generator[None]:
    try:
        yield
    except PermissionError as error:
        raise StorageError(
            f"{title} is in use or protected. Unload it or close what uses it, then try again."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(f"{title} could not be moved: {reason}.") from error
