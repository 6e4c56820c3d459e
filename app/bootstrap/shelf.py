"""The models page's rooms: the library that is watched, the hub and its downloads.

The library is looked through at once, on its own thread; the rest is opened on another, because
what the hub stands on takes a second to import. Everything is closed in reverse order.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from app.bootstrap.embedder import SETTLED_S
from app.bootstrap.models import fit_settings, model_places
from app.bootstrap.rooms import Rooms
from app.core.fit import Fit, estimate
from app.core.fit import Settings as FitSettings
from app.core.protocol import Device
from app.core.settings import Settings
from app.hub.library import Library
from app.hub.models import Model
from app.hub.watching import Watch
from app.ui.events import Event, LibraryChanged

if TYPE_CHECKING:
    from app.ui.models.shelf import Shelf


_PAGES = (
    "app.ui.models.page",
    "app.ui.palette.palette",
    "app.ui.settings.about",
    "app.ui.settings.account",
    "app.ui.settings.estimate",
    "app.ui.settings.meaning",
    "app.ui.settings.page",
    "app.ui.settings.presets",
    "app.ui.settings.runtimes",
    "app.ui.settings.shortcuts",
    "app.ui.settings.storage",
    "app.ui.settings.tools",
    "app.ui.settings.transfer",
    "app.bootstrap.builds",
    "app.bootstrap.login",
)


class _Machine:
    """Where models can live: the devices of the settings, with the memory that is free now."""

    def __init__(self, rooms: Rooms, settings: Callable[[], Settings]) -> None:
        self._rooms = rooms
        self._settings = settings  # as the window has them: the file may not be written yet

    def devices(self) -> tuple[Device, ...]:
        wanted, memory = self._settings().models.device, psutil.virtual_memory()
        gpus = (device for device in self._rooms.pool.devices if device.kind != "cpu")
        chosen = tuple(device for device in gpus if wanted in ("", device.name))
        cpu = Device(
            name="CPU",
            description="",
            kind="cpu",
            total_bytes=memory.total,
            free_bytes=memory.available,
        )
        return (*chosen, cpu)

    def fit_settings(self, trained_ctx: int, path: str = "") -> FitSettings:
        return fit_settings(self._settings(), self._rooms.folders, trained_ctx, path)

    def fit(self, model: Model) -> Fit:
        path = str(model.path)
        wished = self.fit_settings(model.facts.trained_ctx, path)
        layers = self._settings().models.for_model(path).gpu_layers
        return estimate(model.facts, wished, self.devices(), layers)

    def models_folder(self) -> Path:
        return self._settings().models_folder(self._rooms.folders.models)


class Shelves(msgspec.Struct, frozen=True):
    """What the pages of models stand on; the shelf is there a moment after the start."""

    watch: Watch
    lane: ThreadPoolExecutor  # for what else must not wait on the main thread at the start
    shelf: Future["Shelf"]


@contextmanager
def open_shelf(
    rooms: Rooms, post: Callable[[Event], None], settings: Callable[[], Settings]
) -> Generator[Shelves]:
    with ExitStack() as closing:

        def changed(library: Library) -> None:
            if rooms.embedder.look(library):
                rooms.meaning.catch_up(SETTLED_S)
            post(LibraryChanged(library))

        watch = Watch(
            lambda: model_places(rooms.settings.value, rooms.folders),
            lambda library, _: changed(library),
            cache=rooms.folders.scanned,
        )
        closing.callback(watch.close)
        opened = closing.enter_context(ExitStack())
        lane = closing.enter_context(ThreadPoolExecutor(2, "opening"))
        yield Shelves(watch, lane, lane.submit(_open, rooms, post, settings, watch, opened))


def _open(
    rooms: Rooms,
    post: Callable[[Event], None],
    settings: Callable[[], Settings],
    watch: Watch,
    closing: ExitStack,
) -> "Shelf":
    from app.bootstrap.hub import open_catalog
    from app.ui.models.shelf import Shelf

    for page in _PAGES:  # so that opening one finds it loaded
        import_module(page)
    machine = _Machine(rooms, settings)
    catalog = closing.enter_context(open_catalog())
    closing.callback(rooms.downloads.subscribe(post))
    rooms.downloads.go_on()
    shelf = Shelf(catalog, rooms.downloads, machine, watch.look_now)
    closing.callback(shelf.close)
    return shelf
