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
from app.core.fit import Settings as FitSettings
from app.core.protocol import Device
from app.hub.library import Library
from app.hub.watching import Watch
from app.ui.events import Event, LibraryChanged

if TYPE_CHECKING:
    from app.ui.models.shelf import Shelf


class _Machine:
    """Where models can live: the pool's devices, with the memory that is free now."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def devices(self) -> tuple[Device, ...]:
        memory = psutil.virtual_memory()
        cpu = Device(
            name="CPU",
            description="",
            kind="cpu",
            total_bytes=memory.total,
            free_bytes=memory.available,
        )
        others = (device for device in self._rooms.pool.devices if device.kind != "cpu")
        return (*others, cpu)

    def fit_settings(self, trained_ctx: int) -> FitSettings:
        return fit_settings(self._rooms.settings.value, self._rooms.folders, trained_ctx)

    def models_folder(self) -> Path:
        return self._rooms.settings.value.models_folder(self._rooms.folders.models)


class Shelves(msgspec.Struct, frozen=True):
    """What the pages of models stand on; the shelf is there a moment after the start."""

    watch: Watch
    lane: ThreadPoolExecutor  # for what else must not wait on the main thread at the start
    shelf: Future["Shelf"]


@contextmanager
def open_shelf(rooms: Rooms, post: Callable[[Event], None]) -> Generator[Shelves]:
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
        yield Shelves(watch, lane, lane.submit(_open, rooms, post, watch, opened))


def _open(rooms: Rooms, post: Callable[[Event], None], watch: Watch, closing: ExitStack) -> "Shelf":
    from app.bootstrap.hub import open_catalog
    from app.ui.models.shelf import Shelf

    import_module("app.ui.models.page")  # so that opening the page finds it loaded
    machine = _Machine(rooms)
    catalog = closing.enter_context(open_catalog())
    closing.callback(rooms.downloads.subscribe(post))
    rooms.downloads.go_on()
    shelf = Shelf(catalog, rooms.downloads, machine, watch.look_now)
    closing.callback(shelf.close)
    return shelf
