"""Which model answers, and how the settings have it loaded."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from app.core.errors import ModelLoadFailed, from_info
from app.core.generator import Sink
from app.core.ids import RequestId
from app.core.paths import Folders, find_folders, resources
from app.core.protocol import Failed, Loaded, ModelInfo, ModelSpec, RequestEvent
from app.core.settings import Settings
from app.hub.library import scan
from app.hub.places import Place, find_places
from app.hub.resolve import Known, resolve
from app.storage.settings_file import SettingsFile
from app.workers.pool import Pool

_MIB = 1024 * 1024


class Models:
    """The model that chats are answered by; a chat that names another one has it loaded first.

    Any thread. One at a time: which models fit beside each other is not known here.
    """

    def __init__(self, pool: Pool, spec: Callable[[Path], ModelSpec]) -> None:
        self._pool = pool
        self._spec = spec
        self._lock = threading.Lock()
        self._current = ""

    def load(self, path: Path, sink: Sink) -> RequestId:
        """Load a model as the settings say."""

        def watch(event: RequestEvent) -> None:
            if isinstance(event, Failed):
                with self._lock:
                    self._current = ""
            sink(event)

        with self._lock:
            self._current = str(path)
            return self._pool.load(self._spec(path), sink=watch)

    def loaded(self, path: Path) -> "Future[ModelInfo]":
        """The same, for those who only wait for the end."""
        loading: Future[ModelInfo] = Future()

        def sink(event: RequestEvent) -> None:
            if isinstance(event, Loaded):
                loading.set_result(event.info)
            elif isinstance(event, Failed):
                loading.set_exception(from_info(event.error))

        self.load(path, sink)
        return loading

    def ready(self, model: str) -> None:
        """Waits until this model answers; what is loaded serves a chat that names none."""
        with self._lock:
            known = model in ("", self._current)
        if known:
            return
        if not Path(model).is_file():
            raise ModelLoadFailed(f"The model of this chat is gone ({model}). Choose another one.")
        self.loaded(Path(model)).result()


def model_spec(path: Path, settings: Settings, folders: Folders) -> ModelSpec:
    models = settings.models
    return ModelSpec(
        path=str(path),
        chat_ctx=models.chat_ctx,
        parallel=models.parallel,
        gpu_layers=models.gpu_layers,
        type_k=models.type_k,
        type_v=models.type_v,
        flash_attention=models.flash_attention,
        threads=models.threads,
        cache_ram_bytes=models.cache_ram_mib * _MIB,
        cache_disk_bytes=models.cache_disk_mib * _MIB,
        cache_dir=str(folders.snapshots),
    )


def model_places(settings: Settings, folders: Folders) -> tuple[Place, ...]:
    """Where models are looked for, in the order in which a duplicate is preferred."""
    return find_places(
        settings.models_folder(folders.models),
        tuple(Path(folder).expanduser() for folder in settings.models.folders),
        os.environ,
        Path.home(),
        resources() / "models",
    )


def find_model(name: str, settings: Settings, folders: Folders) -> Path:
    """Wherever a model is named; see `resolve`."""
    known = Known(
        scan=lambda: scan(model_places(settings, folders)),
        last=settings.models.last,
        folder=settings.models_folder(folders.models),
    )
    return resolve(name, known)


def named_model(name: str) -> Path:
    """The same for a door that has not opened the rooms."""
    folders = find_folders()
    return find_model(name, SettingsFile(folders.settings).value, folders)
