"""The composition root: the only file that builds objects across rooms.

Everything it opens is closed in reverse order, whatever happens between.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app.chat.events import ChatEvent
from app.chat.turns import Turns
from app.core.errors import KnownError, ModelLoadFailed, from_info
from app.core.logs import start_logging
from app.core.paths import Folders, find_folders
from app.core.protocol import Failed, Loaded, ModelInfo, ModelSpec, RequestEvent
from app.core.sampling import Sampling
from app.core.settings import Settings
from app.storage.database import Database
from app.workers.pool import Pool

_MIB = 1024 * 1024


class Rooms(msgspec.Struct, frozen=True):
    folders: Folders
    settings: Settings
    db: Database
    pool: Pool
    turns: Turns

    def find_model(self, name: str) -> Path:
        return find_model(name, self.settings, self.folders)

    def load(self, path: Path) -> "Future[ModelInfo]":
        """Load a model as the settings say; the result is what was loaded."""
        loading: Future[ModelInfo] = Future()

        def sink(event: RequestEvent) -> None:
            if isinstance(event, Loaded):
                loading.set_result(event.info)
            elif isinstance(event, Failed):
                loading.set_exception(from_info(event.error))

        self.pool.load(model_spec(path, self.settings, self.folders), sink=sink)
        return loading


@contextmanager
def open_rooms(
    post: Callable[[ChatEvent], None],
    *,
    temporary: bool = False,
    sampling: Sampling = Sampling(),
    max_tokens: int | None = None,
    verbose: bool = False,
) -> Iterator[Rooms]:
    folders = find_folders()
    folders.create()
    start_logging(folders.log, verbose=verbose)
    settings = Settings()
    db = Database(Path(":memory:") if temporary else folders.database)
    try:
        pool = Pool(log=folders.logs / "engine.log")
        try:
            turns = Turns(db, pool, post, sampling=sampling, max_tokens=max_tokens)
            try:
                yield Rooms(folders, settings, db, pool, turns)
            finally:
                turns.close()
        finally:
            pool.close()
    finally:
        db.close()


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
