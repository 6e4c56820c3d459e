"""Which file a model's name means: a path, `default`, a hub reference, a discovered name.

Reads headers and, where a name asks for it, scans; on whichever thread calls. Always true: what
comes back exists and is of the wanted kind, so never a projection file, an adapter or a later
part; whatever else the name means is a sentence.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from app.core import gguf
from app.core.errors import InvalidRequest, KnownError, ModelLoadFailed
from app.core.model_facts import Kind, describe
from app.hub.library import Library
from app.hub.models import Model
from app.hub.names import preference, read_name
from app.hub.references import Reference, read_reference

DEFAULT = "default"
CHATS: frozenset[Kind] = frozenset({"chat"})
EMBEDDERS: frozenset[Kind] = frozenset({"embedding", "chat"})

_REFUSALS: dict[Kind, str] = {
    "projector": "is only the part of a model that sees. Name the model it belongs to",
    "adapter": "is an adapter, not a model by itself. Name the model it was made for",
    "embedding": "is an embedding model: it cannot chat. Choose another one",
    "reranker": "is a reranker: it cannot chat. Choose another one",
}


class NotHere(InvalidRequest):
    """A model of the hub that has not been fetched."""


class Known(msgspec.Struct, frozen=True):
    """What a name is looked up in."""

    scan: Callable[[], Library]
    last: str = ""  # the path of the model that was used last
    folder: Path = Path()  # where models are put, to be named when there is none


def resolve(name: str, known: Known, kinds: frozenset[Kind] = CHATS) -> Path:
    name = name.strip()
    if name == DEFAULT:
        return _default(known)
    path = Path(name).expanduser()
    if path.is_file():
        return _whole(path.absolute(), kinds)
    reference = read_reference(name)
    gone = ModelLoadFailed(f"There is no model file at {path}. Check the path.")
    if reference is None and (path.is_absolute() or _is_file_of_a_folder(name)):
        raise gone
    found = known.scan()
    model = find_local(reference, found, kinds) if reference else found.find(name, kinds)
    if model is None and reference and reference.repository == name and _is_file_of_a_folder(name):
        raise gone  # folder/file.gguf is not asked of the hub, though it could be one of its names
    if model is None:
        raise NotHere(
            f'{name} is not on this machine. "llama-chat models download {name}" fetches it.'
        )
    return model.path


def find_local(
    reference: Reference, library: Library, kinds: frozenset[Kind] = CHATS
) -> Model | None:
    """What has been fetched of a hub's repository already."""
    wanted = reference.quantization.casefold()
    found = [
        model
        for model in library.models
        if model.facts.kind in kinds
        and model.repository.casefold() == reference.repository.casefold()
        and (not wanted or model.quantization.casefold() == wanted)
        and (not reference.file or model.path.name == reference.file.rpartition("/")[2])
    ]
    return min(found, key=lambda model: preference(model.quantization), default=None)


def _default(known: Known) -> Path:
    """The one used last, else the one we ship, else the first there is."""
    if known.last and Path(known.last).is_file():
        return Path(known.last)
    chats = known.scan().of_kind("chat")
    if not chats:
        raise KnownError(
            f'No model found. "llama-chat models search" finds one, or put a GGUF file into '
            f"{known.folder}."
        )
    return next((model for model in chats if model.source == "starter"), chats[0]).path


def _is_file_of_a_folder(name: str) -> bool:
    return name.lower().endswith(".gguf") and ("/" in name or "\\" in name)


def _whole(path: Path, wanted: frozenset[Kind]) -> Path:
    """The file itself, or the first part of the model it is a part of."""
    name = read_name(path.name)
    if name.shards > 1 and name.shard > 1:
        first = path.with_name(path.name.replace(f"-{name.shard:05}-of-", f"-{1:05}-of-"))
        if not first.is_file():
            raise ModelLoadFailed(f"{path.name} is one part of a model whose first is missing.")
        path = first
    kind = describe(gguf.read_file(path)).kind
    if kind not in wanted:
        why = _REFUSALS.get(kind, "is not a model. Choose another file")
        raise InvalidRequest(f"{path.name} {why}.")
    return path
