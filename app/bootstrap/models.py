"""Which model answers, and how the settings have it loaded."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import msgspec

from app.chat.traffic import Traffic
from app.core.calibration import MeasuredLoads, correction, measured_load
from app.core.errors import KnownError, ModelLoadFailed, from_info
from app.core.fit import Settings as FitSettings
from app.core.generator import Sink
from app.core.ids import RequestId
from app.core.model_facts import Kind
from app.core.paths import Folders, find_folders, shipped_models
from app.core.protocol import (
    SUMMARIZER,
    Failed,
    Loaded,
    ModelInfo,
    ModelSpec,
    RequestEvent,
    is_terminal,
)
from app.core.settings import Settings
from app.hub.places import Place, find_places
from app.hub.resolve import CHATS, Known, resolve
from app.hub.scan_cache import scan_again
from app.storage.measured_file import MeasuredFile
from app.storage.settings_file import SettingsFile
from app.workers.events import PoolEvent, WorkerReady
from app.workers.pool import Pool
from app.workers.rules import Rules

_MIB = 1024 * 1024
_CPU = "cpu"


class Models:
    """The model that chats are answered by; a chat that names another one has it loaded first.

    Any thread. One at a time: which models fit beside each other is not known here.
    """

    def __init__(
        self,
        pool: Pool,
        traffic: Traffic,
        spec: Callable[[Path], ModelSpec],
        workers: Callable[[], int],
        answering: Callable[[str, ModelInfo], None] = lambda path, info: None,
    ) -> None:
        """`answering`: told what chats are answered by, before anyone who waits for it."""
        self._pool = pool
        self._traffic = traffic
        self._spec = spec
        self._workers = workers
        self._answering = answering
        self._lock = threading.RLock()  # a pool that is closing answers on the spot
        self._current = ""
        self._ended = threading.Event()  # the load of the current one
        self._ended.set()

    @property
    def current(self) -> str:
        """The path of the one that is loaded, or on its way; empty when there is none."""
        with self._lock:
            return self._current

    def load(self, path: Path, sink: Sink, *, fresh: bool = False) -> RequestId:
        """Load a model as the settings say; `fresh`: in new processes even if it is there."""

        def watch(event: RequestEvent) -> None:
            if is_terminal(event):
                with self._lock:
                    if self._current == str(path):
                        if isinstance(event, Loaded):
                            self._answering(str(path), event.info)
                        else:
                            self._current = before
                ended.set()
            sink(event)

        spec, workers = self._spec(path), self._workers()  # nobody waits for what is not asked for
        with self._lock:
            before, self._current = self._current, str(path)
            ended = self._ended = threading.Event()
            counted = self._traffic.counted(watch)
            return self._pool.load(spec, sink=counted, workers=workers, fresh=fresh)

    def loaded(self, path: Path) -> "Future[ModelInfo]":
        """The same, for those who only wait for the end."""
        loading: Future[ModelInfo] = Future()

        def sink(event: RequestEvent) -> None:
            if isinstance(event, Loaded):
                loading.set_result(event.info)
            elif isinstance(event, Failed):
                loading.set_exception(from_info(event.error))
            elif is_terminal(event):
                loading.set_exception(ModelLoadFailed("Loading the model was stopped."))

        self.load(path, sink)
        return loading

    def ready(self, model: str) -> None:
        """Waits until this model answers; what is loaded serves a chat that names none. When
        that load fails, whoever asks the model is told why."""
        with self._lock:
            known, ended = model in ("", self._current), self._ended
        if known:
            ended.wait()
            return
        if not Path(model).is_file():
            raise ModelLoadFailed(f"The model of this chat is gone ({model}). Choose another one.")
        self.loaded(Path(model)).result()


def model_spec(path: Path, settings: Settings, folders: Folders) -> ModelSpec:
    models = settings.models.for_model(str(path))
    return ModelSpec(
        path=str(path),
        chat_ctx=models.chat_ctx,
        parallel=models.parallel,
        devices=() if models.device in ("", _CPU) else (models.device,),
        gpu_layers=0 if models.device == _CPU else models.gpu_layers,
        type_k=models.type_k,
        type_v=models.type_v,
        flash_attention=models.flash_attention,
        memory=models.memory_mapping,
        threads=models.threads,
        cache_ram_bytes=models.cache_ram_mib * _MIB,
        cache_disk_bytes=models.cache_disk_mib * _MIB,
        cache_dir=str(folders.snapshots),
    )


def fit_settings(
    settings: Settings, folders: Folders, trained_ctx: int, path: str = ""
) -> FitSettings:
    """How an estimate would have a model loaded, corrected by what loads here then used.

    `path`: of one that is here and may have settings of its own.
    """
    wished = settings.models.for_model(path)
    return FitSettings(
        chat_ctx=min(wished.chat_ctx, trained_ctx or wished.chat_ctx),
        parallel=wished.parallel,
        type_k=wished.type_k,
        type_v=wished.type_v,
        correction=correction(MeasuredFile(folders.measured_loads).load()),
    )


def pool_rules(settings: Settings) -> Rules:
    """What holds until the next start."""
    return Rules(
        memory_bytes=settings.models.memory_limit_mib * _MIB,
        idle_s=settings.models.idle_unload_minutes * 60.0,
    )


def assign_summarizer(pool: Pool, settings: Settings, folders: Folders) -> str:
    """Who summarises, loaded when first asked; why not, in words, when it was not found.

    It keeps no cache: no summary begins like another.
    """
    problem, spec = "", None
    try:
        if name := settings.models.summarizer:
            spec = msgspec.structs.replace(
                model_spec(find_model(name, settings, folders), settings, folders),
                parallel=1,
                cache_ram_bytes=0,
                cache_disk_bytes=0,
            )
    except KnownError as error:
        problem = f"The summarizer of the settings was not found. {error.message}"
    pool.assign(SUMMARIZER, spec)
    return problem


def keep_measured(loads: MeasuredLoads) -> Callable[[PoolEvent], None]:
    """Each load that ends well says how good its estimate was."""

    def follow(event: PoolEvent) -> None:
        if isinstance(event, WorkerReady) and (measured := measured_load(event.info)):
            loads.add(measured)

    return follow


def model_places(settings: Settings, folders: Folders) -> tuple[Place, ...]:
    """Where models are looked for, in the order in which a duplicate is preferred."""
    return find_places(
        settings.models_folder(folders.models),
        tuple(Path(folder).expanduser() for folder in settings.models.folders),
        os.environ,
        Path.home(),
        (shipped_models(), folders.embedder.parent),
    )


def find_model(
    name: str, settings: Settings, folders: Folders, kinds: frozenset[Kind] = CHATS
) -> Path:
    """Wherever a model is named; see `resolve`."""
    known = Known(
        scan=lambda: scan_again(model_places(settings, folders), folders.scanned),
        last=settings.models.last,
        folder=settings.models_folder(folders.models),
    )
    return resolve(name, known, kinds)


def named_model(name: str) -> Path:
    """The same for a door that has not opened the rooms."""
    folders = find_folders()
    return find_model(name, SettingsFile(folders.settings).value, folders)
