"""Which model answers, and how the settings have it loaded."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from app.core.errors import KnownError, ModelLoadFailed, from_info
from app.core.generator import Sink
from app.core.ids import RequestId
from app.core.paths import Folders
from app.core.protocol import Failed, Loaded, ModelInfo, ModelSpec, RequestEvent
from app.core.settings import Settings
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


def find_model(name: str, settings: Settings, folders: Folders) -> Path:
    """A path, or `default`: the model used last, else the first one in the models folder."""
    if name != "default":
        path = Path(name).expanduser()
        if not path.is_file():
            raise ModelLoadFailed(f"There is no model file at {path}. Check the path.")
        return path.absolute()
    if settings.models.last and Path(settings.models.last).is_file():
        return Path(settings.models.last)
    folder = settings.models_folder(folders.models)
    found = next(iter(sorted(folder.glob("*.gguf"))), None) if folder.is_dir() else None
    if found is None:
        raise KnownError(f"No model found. Put a GGUF file into {folder} or name one.")
    return found
