"""Bringing files of this machine into the models folder: moved or linked, and verified.

Blocks on the disk, on whichever thread calls. Always true: what appears in the models folder has
a readable header and all of its parts, and whole: a file that must be copied is written beside
its place and renamed. A model that is here already is not brought in twice.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from app.core.errors import InvalidRequest, StorageError
from app.hub.assemble import fingerprint
from app.hub.control import Control
from app.hub.library import Library, read, scan
from app.hub.models import Model
from app.hub.names import read_name
from app.hub.places import Found, Place, walk
from app.hub.transfer import check_space

How = Literal["move", "link"]
_CHUNK = 1 << 22


class Imported(msgspec.Struct, frozen=True):
    path: Path  # of the model as it is now, or of the file that was refused
    title: str
    outcome: Literal["imported", "here_already", "refused"]
    reason: str = ""


class Progress(msgspec.Struct, frozen=True):
    title: str
    done: int
    total: int


def import_models(
    sources: Iterable[Path],
    folder: Path,
    how: How = "link",
    *,
    control: Control | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> list[Imported]:
    """Files and folders as they were dropped; what belongs to a named file comes with it."""
    control = control or Control()
    found = read(_candidates(sources))
    if not found.models and not found.broken:
        raise InvalidRequest("There is no GGUF model in that.")
    # Read together, copies of one another would be folded: `files` tells what is here by content.
    here = scan([Place(folder, "app")])
    outcomes = [Imported(b.path, b.path.name, "refused", b.reason) for b in found.broken]
    for model in found.models:
        control.check()
        if same := _here(model, here):
            outcomes.append(Imported(same.path, same.full_title, "here_already"))
            continue
        path = _Import(model, folder, how, control, report).run()
        outcomes.append(Imported(path, model.full_title, "imported"))
    return outcomes


def _candidates(sources: Iterable[Path]) -> Iterable[Found]:
    for source in sources:
        named = source.expanduser().absolute()
        path = named.parent.resolve() / named.name if named.is_file() else named.resolve()
        if path.is_dir():
            for file in walk(path):
                if file.suffix.lower() == ".gguf":
                    yield Found(file, "folder")
        elif path.is_file():
            yield Found(path, "folder")
            yield from (Found(file, "folder") for file in _companions(path))
        else:
            raise InvalidRequest(f"There is no file at {path}.")


def _companions(path: Path) -> Iterable[Path]:
    """The other parts of a split model, and the projection file of the same name."""
    name = read_name(path.name)
    for file in sorted(path.parent.glob("*.[gG][gG][uU][fF]")):
        other = read_name(file.name)
        if file == path or other.title.casefold() != name.title.casefold():
            continue
        part = name.shards > 1 and (other.quantization, other.shards) == (
            name.quantization,
            name.shards,
        )
        if part or (other.projector and not name.projector):
            yield file


def _here(model: Model, here: Library) -> Model | None:
    """The same content in the models folder, by identity or by sampled blocks."""
    status = model.path.stat()
    for other in here.models:
        first = here.files[other.path]
        if first.identity == (status.st_dev, status.st_ino):
            return other
        if other.size == model.size and first.size == status.st_size:
            prints = [fingerprint(path) for path in (*other.parts, *model.parts)]
            if all(prints) and prints[: len(other.parts)] == prints[len(other.parts) :]:
                return other
    return None


class _Import:
    """One model on its way in."""

    def __init__(
        self,
        model: Model,
        folder: Path,
        how: How,
        control: Control,
        report: Callable[[Progress], None],
    ) -> None:
        self._model, self._folder, self._how = model, folder, how
        self._control, self._report = control, report
        self._done = 0
        self._files = [*model.parts, *([model.projector] if model.projector else [])]
        self._total = sum(file.stat().st_size for file in self._files)

    def run(self) -> Path:
        into = self._place()
        self._report(Progress(self._model.full_title, 0, self._total))
        try:
            into.mkdir(parents=True, exist_ok=True)
            for file in self._files:
                self._bring(file, into / file.name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StorageError(f"{self._model.full_title} was not imported: {reason}.") from error
        self._report(Progress(self._model.full_title, self._total, self._total))
        return into / self._model.path.name

    def _place(self) -> Path:
        """The models folder itself for a single file, one of its own for several."""
        title = " ".join(_as_folder(self._model.full_title).split()) or "model"
        tries = [self._folder] if len(self._files) == 1 else []
        tries.append(self._folder / title)
        number = 2
        while True:
            for into in tries:
                if not any(os.path.lexists(into / file.name) for file in self._files):
                    return into
            tries = [self._folder / f"{title} {number}"]
            number += 1

    def _bring(self, source: Path, target: Path) -> None:
        # A link is not the file: moving it would leave the file behind, or break a store.
        if self._how == "link" or source.resolve() != source:
            _link(source.resolve(), target)
            self._done += source.stat().st_size
            return
        if source.stat().st_dev == target.parent.stat().st_dev:
            source.rename(target)
            self._done += target.stat().st_size
        else:
            self._copy(source, target)
            source.unlink()

    def _copy(self, source: Path, target: Path) -> None:
        check_space(self._folder, source.stat().st_size)
        part = target.with_name(f".{target.name}.part")
        try:
            with source.open("rb") as reading, part.open("wb") as writing:
                while data := reading.read(_CHUNK):
                    self._control.check()
                    writing.write(data)
                    self._done += len(data)
                    self._report(Progress(self._model.full_title, self._done, self._total))
                writing.flush()
                os.fsync(writing.fileno())
            if fingerprint(part) != fingerprint(source):
                raise StorageError(f"{source.name} was not copied faithfully. Check the disk.")
            shutil.copystat(source, part)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:  # Windows without the right to make links
        os.link(source, target)


def _as_folder(title: str) -> str:
    """A title as a folder's name on every system."""
    allowed = (sign if sign.isalnum() or sign in " ._-()" else " " for sign in title)
    return "".join(allowed).strip(" .")
