"""The user's settings as one frozen value, read once at the composition root.

Each room receives its own slice. Storage owns the file; every field has a default, and a
section appears here when the room behind it works.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from app.core.protocol import FlashAttention, KvType, Memory

NO_EMBEDDER = "none"  # stands for an embedder: chats are searched by words alone

ChatContext = Annotated[int, msgspec.Meta(ge=2048, le=131_072)]
GpuLayers = Annotated[int, msgspec.Meta(ge=0)]


class GeneralSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    return_sends: bool = True  # otherwise Shift+Return does
    load_at_start: bool = True  # the model that was used last
    notify: bool = True  # when a reply ends behind other windows


class AppearanceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    look: Literal["system", "light", "dark"] = "system"
    accent: Annotated[str, msgspec.Meta(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""  # empty: ours
    font: Annotated[str, msgspec.Meta(max_length=100)] = ""  # empty: the system's
    points: Annotated[float, msgspec.Meta(ge=8, le=18)] = 10.5
    reading_width: Annotated[int, msgspec.Meta(ge=480, le=1600)] = 780


class OwnLoad(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one model is loaded with in place of what all are; None: as all are."""

    path: str
    chat_ctx: ChatContext | None = None
    gpu_layers: GpuLayers | Literal["auto"] | None = None  # auto: as many as fit


class ModelSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    chat_ctx: ChatContext = 8192
    gpu_layers: GpuLayers | None = None  # None: as many as fit
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0
    parallel: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    type_k: KvType = "f16"
    type_v: KvType = "f16"
    flash_attention: FlashAttention = "auto"
    cache_ram_mib: Annotated[int, msgspec.Meta(ge=0)] = 1024
    cache_disk_mib: Annotated[int, msgspec.Meta(ge=0)] = 8192
    folder: str = ""  # empty: the default models folder
    # Of all downloads together, a second; 0: as fast as it goes.
    download_limit_kib: Annotated[int, msgspec.Meta(ge=0)] = 0
    folders: tuple[str, ...] = ()  # more folders that are looked through, never written to
    last: str = ""  # the model that was used last
    # Each by path or name; loaded when first needed.
    summarizer: str = ""  # empty: the chat model
    embedder: str = ""  # empty: the one prepared for this app, else any there is
    workers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1  # engine processes of the chat model
    device: str = ""  # a device's name, or `cpu`; empty: as many layers as fit on the best one
    memory_mapping: Memory = "auto"
    memory_limit_mib: Annotated[int, msgspec.Meta(ge=0)] = 0  # of each engine process; 0: none
    idle_unload_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 15  # 0: never
    own: tuple[OwnLoad, ...] = ()  # at most one of each model

    def own_of(self, path: str) -> OwnLoad:
        return next((each for each in self.own if each.path == path), OwnLoad(path))

    def with_own(self, own: OwnLoad) -> "ModelSettings":
        others = tuple(each for each in self.own if each.path != own.path)
        kept = others if own == OwnLoad(own.path) else (*others, own)
        return msgspec.structs.replace(self, own=kept)

    def for_model(self, path: str) -> "ModelSettings":
        """These, with what the model has of its own."""
        own, layers = self.own_of(path), self.gpu_layers
        if own.gpu_layers is not None:
            layers = None if own.gpu_layers == "auto" else own.gpu_layers
        return msgspec.structs.replace(
            self, chat_ctx=own.chat_ctx or self.chat_ctx, gpu_layers=layers
        )


class ToolSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    enabled: tuple[str, ...] = ()  # the names of what models may ask for
    trusted: tuple[str, ...] = ()  # of these, what runs without asking the user


class WindSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """When older turns become narrative; shares are of the window of one chat."""

    enabled: bool = True
    threshold: Annotated[float, msgspec.Meta(ge=0.5, le=0.9)] = 0.70
    target: Annotated[float, msgspec.Meta(ge=0.3, le=0.45)] = 0.35
    instructions: Annotated[str, msgspec.Meta(max_length=1000)] = ""  # added to every summary's


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    general: GeneralSettings = GeneralSettings()
    appearance: AppearanceSettings = AppearanceSettings()
    models: ModelSettings = ModelSettings()
    tools: ToolSettings = ToolSettings()
    wind: WindSettings = WindSettings()

    def models_folder(self, default: Path) -> Path:
        return Path(self.models.folder).expanduser() if self.models.folder else default
