"""Everything that can arrive in the window: what the chat room posts, and the model's state.

Frozen values; the one union that `Bridge` carries and panels match on.
"""

from pathlib import Path

import msgspec

from app.chat.events import ChatEvent
from app.core.downloads import DownloadEvent
from app.core.errors import ErrorInfo
from app.core.paths import shipped_models
from app.core.protocol import ModelInfo, WorkerStats
from app.hub.library import Library


class ModelChoice(msgspec.Struct, frozen=True):
    """A model one can switch to: its path, and the name people know it by."""

    path: str
    name: str
    detail: str = ""  # size and quantization, in words

    @property
    def built_in(self) -> bool:
        """The guide that comes with the app: it knows the app, and little else."""
        return Path(self.path).parent == shipped_models()


class NoModel(msgspec.Struct, frozen=True):
    pass


class ModelLoading(msgspec.Struct, frozen=True):
    choice: ModelChoice
    fraction: float = 0.0
    step: str = ""  # what the load had to change, in words


class ModelReady(msgspec.Struct, frozen=True):
    choice: ModelChoice
    info: ModelInfo


class ModelFailed(msgspec.Struct, frozen=True):
    choice: ModelChoice
    error: ErrorInfo


ModelState = NoModel | ModelLoading | ModelReady | ModelFailed


class ModelChanged(msgspec.Struct, frozen=True):
    state: ModelState


class ModelsListed(msgspec.Struct, frozen=True):
    """The models found on this machine, as the menu shows them."""

    choices: tuple[ModelChoice, ...]


class MemoryReported(msgspec.Struct, frozen=True):
    stats: WorkerStats


class Raised(msgspec.Struct, frozen=True):
    """The app was started once more, with these words."""

    words: tuple[str, ...]


class FoldersChanged(msgspec.Struct, frozen=True):
    """Made, renamed, moved or deleted: the chats in them may have moved too."""


class LibraryChanged(msgspec.Struct, frozen=True):
    """The models on this machine, looked through again."""

    library: Library


Event = (
    ChatEvent
    | ModelChanged
    | ModelsListed
    | MemoryReported
    | FoldersChanged
    | LibraryChanged
    | DownloadEvent
    | Raised
)
