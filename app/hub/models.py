"""Values of the library: a file as scanned, a model as offered, a file that is broken."""

from pathlib import Path

import msgspec

from app.core.gguf import Header
from app.core.model_facts import ModelFacts
from app.hub.names import ModelName
from app.hub.places import Source


class ScannedFile(msgspec.Struct, frozen=True):
    """What one file said; valid while its size, time and identity stay."""

    path: Path
    source: Source
    size: int
    modified_ns: int
    identity: tuple[int, int]  # device and inode: the same for two links to one file
    name: ModelName
    repository: str = ""
    reason: str = ""  # why it is broken
    facts: ModelFacts = ModelFacts(kind="other")
    header: Header | None = None  # kept of the parts of a split model only
    fingerprint: str = ""  # of sampled blocks; taken where sizes collide


class Model(msgspec.Struct, frozen=True):
    path: Path  # the first part: what the engine is given
    title: str
    quantization: str
    size: int
    facts: ModelFacts
    source: Source
    parts: tuple[Path, ...]
    projector: Path | None = None
    repository: str = ""
    copies: tuple[Path, ...] = ()  # the same content elsewhere

    @property
    def full_title(self) -> str:
        return f"{self.title} {self.quantization}".strip()


class Broken(msgspec.Struct, frozen=True):
    path: Path
    source: Source
    reason: str
