"""Where models lie on this machine: our folder, the user's, and other programs' stores.

Reads directories and Ollama's manifests, on whichever thread calls; writes nothing. Always true:
no folder is entered twice (links may form loops), and a store that is absent or unreadable yields
nothing.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

Source = Literal["app", "folder", "hugging_face", "lm_studio", "ollama", "starter"]

MAX_DEPTH = 8
MAX_ENTRIES = 200_000
_MAX_MANIFEST_BYTES = 1 << 20
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_OLLAMA_PARTS = {
    "application/vnd.ollama.image.model": "model",
    "application/vnd.ollama.image.projector": "projector",
}
_REPOSITORY = re.compile(r"^models--([\w.-]+?)--([\w.-]+)$")


class Place(msgspec.Struct, frozen=True):
    root: Path
    source: Source


class Found(msgspec.Struct, frozen=True):
    """A file that may be a model; `label` names it where its file name does not."""

    path: Path
    source: Source
    label: str = ""
    repository: str = ""


def find_places(
    models: Path,
    folders: tuple[Path, ...],
    environment: Mapping[str, str],
    home: Path,
    starters: tuple[Path, ...] = (),
) -> tuple[Place, ...]:
    """In the order in which a duplicate is preferred; `starters` are folders of our own models."""
    places = [Place(models, "app"), *(Place(folder, "folder") for folder in folders)]
    if cache := environment.get("HF_HUB_CACHE"):
        places.append(Place(Path(cache).expanduser(), "hugging_face"))
    else:
        base = Path(environment.get("HF_HOME") or home / ".cache" / "huggingface").expanduser()
        places.append(Place(base / "hub", "hugging_face"))
    places += [Place(root, "lm_studio") for root in _lm_studio(home)]
    if store := environment.get("OLLAMA_MODELS"):
        places.append(Place(Path(store).expanduser(), "ollama"))
    else:
        shared = Path("/usr/share/ollama/.ollama/models")
        places += [Place(home / ".ollama" / "models", "ollama"), Place(shared, "ollama")]
    places += [Place(starter, "starter") for starter in starters]
    return tuple(places)


def _lm_studio(home: Path) -> Iterator[Path]:
    try:
        moved = (home / ".lmstudio-home-pointer").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        moved = ""
    if moved:
        yield Path(moved) / "models"
    yield home / ".lmstudio" / "models"
    yield home / ".cache" / "lm-studio" / "models"


def look(place: Place, folders: dict[Path, int] | None = None) -> Iterator[Found]:
    """`folders` takes those that were entered, with their times: where news would show."""
    if place.source == "ollama":
        yield from _ollama(place.root, folders)
        return
    for path in walk(place.root, folders):
        if path.suffix.lower() == ".gguf":
            yield Found(path, place.source, repository=_repository(path, place))


def _repository(path: Path, place: Place) -> str:
    parts = path.relative_to(place.root).parts
    if place.source == "hugging_face" and (match := _REPOSITORY.match(parts[0])):
        return f"{match[1]}/{match[2]}"
    if place.source in ("app", "lm_studio") and len(parts) >= 3:  # owner/name/…, as downloaded
        return f"{parts[0]}/{parts[1]}"
    return ""


def walk(root: Path, folders: dict[Path, int] | None = None) -> Iterator[Path]:
    """Every file under a folder, sorted within each; links are followed, loops are not.

    Hidden folders are left out: the trash is one, and other programs keep theirs so.
    """
    entered: set[tuple[int, int]] = set()
    pending = [(root, 0)]
    left = MAX_ENTRIES
    while pending:
        folder, depth = pending.pop()
        modified_ns = 0
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            modified_ns = status.st_mtime_ns
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        finally:
            if folders is not None:
                folders.setdefault(folder, modified_ns)
        left -= len(listed)
        if left < 0:
            return
        for entry in listed:
            try:
                inside = entry.is_dir()
                plain = entry.is_file()
            except OSError:  # a link to itself, a folder that just went
                continue
            if inside and depth < MAX_DEPTH and not entry.name.startswith("."):
                pending.append((folder / entry.name, depth + 1))
            elif plain and not inside:
                yield folder / entry.name


class _Layer(msgspec.Struct, rename="camel"):
    media_type: str = ""
    digest: str = ""


class _Manifest(msgspec.Struct):
    layers: list[_Layer] = []


def _ollama(root: Path, folders: dict[Path, int] | None) -> Iterator[Found]:
    """Blobs as the manifests name them: registry/namespace/model/tag."""
    for path in walk(root / "manifests", folders):
        try:
            if path.stat().st_size > _MAX_MANIFEST_BYTES:
                continue
            manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except (OSError, msgspec.DecodeError, RecursionError):
            continue  # another file than a manifest
        label = _ollama_label(path.relative_to(root / "manifests").parts)
        for layer in manifest.layers:
            part = _OLLAMA_PARTS.get(layer.media_type)
            match = _DIGEST.fullmatch(layer.digest)
            if part and match:
                blob = root / "blobs" / f"sha256-{match[1]}"
                name = label if part == "model" else f"mmproj-{label}"
                yield Found(blob, "ollama", label=name)


def _ollama_label(parts: tuple[str, ...]) -> str:
    *_, model, tag = ("", *parts)
    return model if tag == "latest" else f"{model}-{tag}"
