"""The user's settings as one frozen value, read once at the composition root.

Each room receives its own slice. Storage owns the file; every field has a default, and a
section appears here when the room behind it works.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from app.core.protocol import FlashAttention, KvType

ChatContext = Annotated[int, msgspec.Meta(ge=2048, le=131_072)]


class ModelSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    chat_ctx: ChatContext = 8192
    gpu_layers: Annotated[int, msgspec.Meta(ge=0)] | None = None
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0
    parallel: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    type_k: KvType = "f16"
    type_v: KvType = "f16"
    flash_attention: FlashAttention = "auto"
    cache_ram_mib: Annotated[int, msgspec.Meta(ge=0)] = 1024
    cache_disk_mib: Annotated[int, msgspec.Meta(ge=0)] = 8192
    folder: str = ""  # empty: the default models folder
    folders: tuple[str, ...] = ()  # more folders that are looked through, never written to
    last: str = ""  # the model that was used last


class ToolSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    enabled: tuple[str, ...] = ()  # the names of what models may ask for
    trusted: tuple[str, ...] = ()  # of these, what runs without asking the user


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    models: ModelSettings = ModelSettings()
    tools: ToolSettings = ToolSettings()

    def models_folder(self, default: Path) -> Path:
        return Path(self.models.folder).expanduser() if self.models.folder else default
