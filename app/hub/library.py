"""The models on this machine: one frozen `Library` from each scan, and what changed between two.

No threads and no watching here: whoever wants news scans again, which costs one `stat` a file
once the headers are known. Always true: what is offered for chat has a readable header and all
of its parts; a broken file is listed with its reason; nothing outside our folder is written.
"""

import difflib
import re
import stat
from collections.abc import Container, Iterable
from pathlib import Path

import msgspec

from app.core import gguf
from app.core.errors import InvalidRequest, ModelLoadFailed
from app.core.model_facts import Kind, describe
from app.hub.assemble import assemble, fold_copies, pair_projectors, take_fingerprints
from app.hub.models import Broken, Model, ScannedFile
from app.hub.names import GUIDE, preference, read_name
from app.hub.places import Found, Place, look

LOADABLE: frozenset[Kind] = frozenset({"chat", "embedding", "reranker"})
_ALIKE = 0.5
_SEPARATORS = re.compile(r"[\s_-]+")
_NAMELESS = ("model", "ggml model", "unknown", "default")


class Library(msgspec.Struct, frozen=True):
    models: tuple[Model, ...] = ()  # of every kind that can be loaded by itself, and adapters
    broken: tuple[Broken, ...] = ()
    files: dict[Path, ScannedFile] = {}
    folders: dict[Path, int] = {}  # those that were looked into, as they were then

    def of_kind(self, kind: Kind) -> list[Model]:
        return [model for model in self.models if model.facts.kind == kind]

    def find(self, name: str, kinds: Container[Kind] = LOADABLE) -> Model:
        """By path, file name, title, or title and quantization; a unique piece of it will do."""
        wanted = _plain(name)
        offered = [model for model in self.models if model.facts.kind in kinds]
        for match in (_is_exactly, _is_titled, _begins, _contains):
            found = [model for model in offered if wanted and match(model, wanted)]
            if found and len({model.title for model in found}) == 1:
                return min(found, key=lambda model: preference(model.quantization))
            if found:
                names = ", ".join(f'"{model.full_title}"' for model in found[:4])
                raise InvalidRequest(f'"{name}" could be {names}: say which one.')
        raise InvalidRequest(
            f'There is no model "{name}" on this machine. {_hint(wanted, offered)}'
        )


class Change(msgspec.Struct, frozen=True):
    added: tuple[Model, ...] = ()
    removed: tuple[Model, ...] = ()
    changed: tuple[Model, ...] = ()  # as they are now
    broken: bool = False  # the list of broken files is another one

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.broken)


def scan(places: Iterable[Place], previous: Library | None = None) -> Library:
    folders: dict[Path, int] = {}
    found = (one for place in places for one in look(place, folders))
    library = read(found, previous)
    return msgspec.structs.replace(library, folders=folders)


def read(found: Iterable[Found], previous: Library | None = None) -> Library:
    """The same of files that are named one by one."""
    known = previous.files if previous else {}
    files: dict[Path, ScannedFile] = {}
    identities: set[tuple[int, int]] = set()
    for one in found:
        scanned = _scan_file(one, known.get(one.path))
        # One file under several names (a cache's revisions, links) counts once.
        if scanned and scanned.identity not in identities:
            identities.add(scanned.identity)
            files[one.path] = scanned
    files = take_fingerprints(files)
    models, broken = assemble(files.values())
    models = fold_copies(pair_projectors(models, files.values()), files)
    models.sort(key=lambda model: (model.title.casefold(), model.size, str(model.path)))
    return Library(tuple(models), tuple(broken), files)


def compare(old: Library, new: Library) -> Change:
    before = {model.path: model for model in old.models}
    after = {model.path: model for model in new.models}
    return Change(
        added=tuple(model for path, model in after.items() if path not in before),
        removed=tuple(model for path, model in before.items() if path not in after),
        changed=tuple(m for path, m in after.items() if path in before and before[path] != m),
        broken=old.broken != new.broken,
    )


def _scan_file(found: Found, known: ScannedFile | None) -> ScannedFile | None:
    try:
        status = found.path.stat()
    except OSError:
        return None  # a dangling link, or gone meanwhile
    if not stat.S_ISREG(status.st_mode):
        return None  # a manifest may name anything, and a pipe is never read to its end
    if (
        known
        and (known.size, known.modified_ns) == (status.st_size, status.st_mtime_ns)
        and known.identity == (status.st_dev, status.st_ino)
    ):
        return known
    name = read_name(found.label or found.path.name)
    file = ScannedFile(
        found.path,
        found.source,
        status.st_size,
        status.st_mtime_ns,
        (status.st_dev, status.st_ino),
        name,
        found.repository,
    )
    try:
        header = gguf.read_file(found.path)
    except ModelLoadFailed as error:
        return msgspec.structs.replace(file, reason=error.message)
    facts = describe(header)
    if name.title.casefold() in _NAMELESS and facts.kind != "projector":
        title = facts.name or found.path.parent.name or name.title
        name = msgspec.structs.replace(name, title=title)
    if found.source == "starter" and facts.kind == "chat":
        name = msgspec.structs.replace(name, title=GUIDE)
    part = header if name.shards > 1 else None
    return msgspec.structs.replace(file, header=part, facts=facts, name=name)


def _plain(text: str) -> str:
    return _SEPARATORS.sub(" ", text.strip().casefold())


def _is_exactly(model: Model, wanted: str) -> bool:
    return wanted in (_plain(str(model.path)), _plain(model.path.name))


def _is_titled(model: Model, wanted: str) -> bool:
    names = (model.full_title, model.title, model.path.stem, f"{model.title}:{model.quantization}")
    return wanted in {_plain(name) for name in names}


def _begins(model: Model, wanted: str) -> bool:
    return _plain(model.full_title).startswith(wanted)


def _contains(model: Model, wanted: str) -> bool:
    return wanted in _plain(model.full_title)


def _hint(wanted: str, offered: Iterable[Model]) -> str:
    """The names that are nearest to one that nothing has."""
    by_name: dict[str, str] = {}
    for model in offered:
        by_name |= {_plain(model.title): model.title, _plain(model.full_title): model.full_title}
    near = difflib.get_close_matches(wanted, by_name, n=3, cutoff=_ALIKE)
    names = " or ".join(f'"{by_name[name]}"' for name in near)
    listed = '"llama-chat models list" shows those there are.'
    return f"Did you mean {names}? {listed}" if near else listed
