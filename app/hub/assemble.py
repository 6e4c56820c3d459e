"""Makes models of files: parts joined, projectors paired, copies folded, gaps named.

Pure but for `fingerprint`, which reads a few blocks; on whichever thread calls. Always true: a
model has all of its parts, a projector is never a model, and order (which of two copies is
preferred) is the order of the files given.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from app.core import gguf
from app.core.model_facts import describe
from app.hub.models import Broken, Model, ScannedFile

_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16
_PROJECTOR_ORDER = ("F16", "BF16", "Q8_0", "F32")
_MODELS = ("chat", "embedding", "reranker", "adapter")


def assemble(files: Iterable[ScannedFile]) -> tuple[list[Model], list[Broken]]:
    models: list[Model] = []
    broken: list[Broken] = []
    split: defaultdict[tuple[Path, str, str, int], list[ScannedFile]] = defaultdict(list)
    for file in files:
        if file.reason:
            broken.append(Broken(file.path, file.source, file.reason))
        elif file.name.shards > 1:
            name = file.name
            split[file.path.parent, name.title, name.quantization, name.shards].append(file)
        elif file.facts.split_count > 1:
            reason = "It is one part of a split model, but its file was renamed. Name it as it was."
            broken.append(Broken(file.path, file.source, reason))
        elif file.facts.kind in _MODELS:
            models.append(_model(file))
    for parts in split.values():
        joined = _join(sorted(parts, key=lambda part: part.name.shard))
        if isinstance(joined, Model):
            models.append(joined)
        else:
            broken.append(joined)
    return models, broken


def _model(file: ScannedFile) -> Model:
    return Model(
        path=file.path,
        title=file.name.title,
        quantization=file.name.quantization or file.facts.quantization,
        size=file.size,
        facts=file.facts,
        source=file.source,
        parts=(file.path,),
        repository=file.repository,
    )


def _join(parts: list[ScannedFile]) -> Model | Broken:
    first, total = parts[0], parts[0].name.shards
    missing = sorted(set(range(1, total + 1)) - {part.name.shard for part in parts})
    if missing:
        which = ", ".join(str(number) for number in missing[:5])
        reason = f"{len(missing)} of its {total} parts are missing ({which}). Download them."
        return Broken(first.path, first.source, reason)
    if first.header is None or any(part.header is None for part in parts):
        return Broken(first.path, first.source, "One of its parts is not part of a model.")
    tensors = tuple(tensor for part in parts if part.header for tensor in part.header.tensors)
    facts = describe(gguf.Header(first.header.version, first.header.values, tensors))
    return msgspec.structs.replace(
        _model(first),
        facts=facts,
        size=sum(part.size for part in parts),
        parts=tuple(part.path for part in parts),
    )


def pair_projectors(models: list[Model], files: Iterable[ScannedFile]) -> list[Model]:
    """The projector beside a model: of the same title, or the only one for an only model."""
    beside: defaultdict[Path, list[ScannedFile]] = defaultdict(list)
    for file in files:
        if file.facts.kind == "projector" and not file.reason:
            beside[file.path.parent].append(file)
    chats: defaultdict[Path, set[str]] = defaultdict(set)
    for model in models:
        if model.facts.kind == "chat":
            chats[model.path.parent].add(model.title.casefold())
    paired: list[Model] = []
    for model in models:
        candidates = beside[model.path.parent] if model.facts.kind == "chat" else []
        fitting = [c for c in candidates if c.name.title.casefold() == model.title.casefold()]
        if not fitting and len(chats[model.path.parent]) == 1:
            fitting = candidates
        projector = min(fitting, key=_preference).path if fitting else None
        paired.append(msgspec.structs.replace(model, projector=projector))
    return paired


def _preference(projector: ScannedFile) -> tuple[int, str]:
    quantization = projector.name.quantization or projector.facts.quantization
    known = quantization in _PROJECTOR_ORDER
    order = _PROJECTOR_ORDER.index(quantization) if known else len(_PROJECTOR_ORDER)
    return order, projector.path.name


def take_fingerprints(files: dict[Path, ScannedFile]) -> dict[Path, ScannedFile]:
    """Fingerprints where two files have the same size: elsewhere they cannot be copies."""
    sizes: defaultdict[int, int] = defaultdict(int)
    for file in files.values():
        sizes[file.size] += not file.reason
    return {
        path: msgspec.structs.replace(file, fingerprint=file.fingerprint or fingerprint(path))
        if sizes[file.size] > 1 and not file.reason
        else file
        for path, file in files.items()
    }


def fingerprint(path: Path) -> str:
    """Of evenly spread blocks; empty when it cannot be read. Different files of equal size are
    different weights, and those differ everywhere."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            for index in range(_SAMPLES):
                file.seek(max(0, size - _SAMPLE_BYTES) * index // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    except OSError:
        return ""
    return digest.hexdigest()


def fold_copies(models: list[Model], files: dict[Path, ScannedFile]) -> list[Model]:
    kept: dict[tuple[str, ...], Model] = {}
    for model in models:
        prints = tuple(files[part].fingerprint for part in model.parts)
        content = prints if all(prints) else (str(model.path),)
        first = kept.get(content)
        kept[content] = (
            msgspec.structs.replace(
                first,
                copies=(*first.copies, model.path),
                projector=first.projector or model.projector,
                repository=first.repository or model.repository,
            )
            if first
            else model
        )
    return list(kept.values())
