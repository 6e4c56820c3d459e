"""Who embeds: the model that the settings name, else the one prepared for this app, else any.

Any thread. The model is known by what is in its file, so that a file that was moved keeps its
vectors and another one under the same name does not get them. It is loaded when first asked.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app.bootstrap.models import find_model, model_places, model_spec, pool_rules
from app.bootstrap.runtimes import runtime_launch
from app.chat.sense import Senses
from app.core.errors import KnownError
from app.core.paths import Folders, find_folders
from app.core.protocol import EMBEDDER, ModelSpec
from app.core.settings import NO_EMBEDDER, Settings
from app.hub.assemble import fingerprint
from app.hub.library import Library
from app.hub.resolve import EMBEDDERS
from app.hub.runtimes import Runtimes
from app.hub.scan_cache import scan_again
from app.storage.settings_file import SettingsFile
from app.workers.pool import Pool

SETTLED_S = 5.0  # after a start: the window can be used by then, and its model is on the way
_NAME = 16  # characters that tell one from another


class Embedder:
    def __init__(self, pool: Pool, settings: SettingsFile, folders: Folders) -> None:
        self._pool = pool
        self._settings = settings
        self._folders = folders
        self._lock = threading.Lock()
        self._found: Path | None = None  # by the last look through this machine's models
        self._name = ""
        self._assigned: ModelSpec | None = None
        self.problem = ""  # why the one that the settings name is not used, in words
        self.assign()

    def name(self) -> str:
        """Of the model, and of the vectors it makes; empty while nobody embeds."""
        return self._name

    def look(self, library: Library) -> bool:
        """The models on this machine have changed; whether it is another one now."""
        found = min(library.of_kind("embedding"), key=lambda each: each.size, default=None)
        self._found = found.path if found else None
        return self.assign()

    def assign(self) -> bool:
        """As the settings and the models are now; whether it is another one."""
        with self._lock:
            settings = self._settings.value
            path = self._choose(settings)
            name = fingerprint(path)[:_NAME] if path else ""
            spec = self._spec(path, settings) if path and name else None
            if (name, spec) == (self._name, self._assigned):
                return False
            # Nobody in between: what is asked of one model must not be kept as another's.
            before, self._name = self._name, ""
            self._pool.assign(EMBEDDER, None)
            self._pool.assign(EMBEDDER, spec)
            self._name, self._assigned = name, spec
            return name != before

    def _choose(self, settings: Settings) -> Path | None:
        wanted, self.problem = settings.models.embedder, ""
        if wanted == NO_EMBEDDER:
            return None
        if not wanted:
            prepared = self._folders.embedder
            return prepared if prepared.is_file() else self._found
        try:
            return find_model(wanted, settings, self._folders, EMBEDDERS)
        except KnownError as error:
            self.problem = f"The embedder of the settings was not found. {error.message}"
            return None

    def _spec(self, path: Path, settings: Settings) -> ModelSpec:
        """On the processor, whatever else there is: the GPU's memory is for chats."""
        return msgspec.structs.replace(
            model_spec(path, settings, self._folders),
            parallel=1,
            embedding=True,
            devices=(),
            gpu_layers=0,
            cache_ram_bytes=0,
            cache_disk_bytes=0,
        )


@contextmanager
def open_senses(known: list[str]) -> Generator[Senses | None]:
    """For a door that has opened nothing else; None when the vectors are of another model."""
    folders = find_folders()
    settings = SettingsFile(folders.settings)
    pool = Pool(
        log=folders.logs / "engine.log",
        rules=pool_rules(settings.value),
        launch=runtime_launch(Runtimes(folders.runtimes)),
    )
    try:
        embedder = Embedder(pool, settings, folders)
        if embedder.name() not in known:
            embedder.look(scan_again(model_places(settings.value, folders), folders.scanned))
        yield Senses(pool, embedder.name) if embedder.name() in known else None
    finally:
        pool.close()
