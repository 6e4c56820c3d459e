"""The hub's rooms for doors that open nothing else: where models are, what the machine is, and
one download that is waited for; the catalog for every door. Any thread; everything here blocks.
"""

import os
import queue
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import msgspec
from huggingface_hub import get_token

from app.bootstrap.models import fit_settings, model_places
from app.bootstrap.runtimes import runtime_launch
from app.core.downloads import Download, DownloadEvent, DownloadId, DownloadState
from app.core.errors import HubError
from app.core.fit import Settings as FitSettings
from app.core.paths import Folders, find_folders
from app.core.protocol import Device
from app.core.settings import Settings
from app.hub.catalog import Catalog, Variant
from app.hub.downloads import Downloads
from app.hub.library import Library
from app.hub.runtimes import Runtimes
from app.hub.scan_cache import scan_again
from app.storage.settings_file import SettingsFile
from app.workers.greeting import greet


class Ground(msgspec.Struct, frozen=True):
    """What commands about models stand on, without a database or an engine."""

    folders: Folders
    settings: Settings

    @property
    def models(self) -> Path:
        return self.settings.models_folder(self.folders.models)

    def library(self) -> Library:
        return scan_again(model_places(self.settings, self.folders), self.folders.scanned)

    def devices(self) -> tuple[Device, ...]:
        return greet(runtime_launch(Runtimes(self.folders.runtimes))).devices

    def fit_settings(self, trained_ctx: int) -> FitSettings:
        return fit_settings(self.settings, self.folders, trained_ctx)


def find_ground() -> Ground:
    folders = find_folders()
    return Ground(folders, SettingsFile(folders.settings).value)


def open_client() -> httpx2.Client:
    """Proxies as the environment names them."""
    return httpx2.Client()


@contextmanager
def open_catalog() -> Generator[Catalog]:
    """The hub that `HF_ENDPOINT` names."""
    with open_client() as client:
        yield Catalog(client, os.environ.get("HF_ENDPOINT", "").rstrip("/"))


class _Unkept:
    """A command's own download: what has arrived lies beside its target, so nothing is kept."""

    def load(self) -> list[Download]:
        return []

    def save(self, download: Download) -> None: ...

    def remove(self, download_id: DownloadId) -> None: ...


def download(
    ground: Ground,
    repository: str,
    variant: Variant,
    projector: Variant | None,
    watch: Callable[[DownloadState], None],
) -> Path:
    """Waits until the model is here; interrupted, the next time goes on where it was."""
    events: queue.SimpleQueue[DownloadEvent] = queue.SimpleQueue()
    with closing(Downloads(ground.models, _Unkept(), find_token=get_token)) as downloads:
        downloads.limit(ground.settings.models.download_limit_kib << 10)
        downloads.subscribe(events.put)
        downloads.start(repository, variant, projector)
        while True:
            state = events.get()
            if not isinstance(state, DownloadState):
                continue
            watch(state)
            if state.download.state == "failed":
                raise HubError(state.reason)
            if state.download.state == "done":
                return ground.models.joinpath(repository, variant.files[0][0])
