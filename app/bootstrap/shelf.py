"""The models page's rooms: the library that is watched, the hub and its downloads.

The library is looked through at once, on its own thread; the rest is opened on another, because
what the hub stands on takes a second to import. Everything is closed in reverse order.
"""

import os
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from app.bootstrap.models import model_places
from app.bootstrap.rooms import Rooms
from app.core.fit import Settings as FitSettings
from app.core.protocol import Device
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
        wished = self._rooms.settings.value.models
        return FitSettings(
            chat_ctx=min(wished.chat_ctx, trained_ctx or wished.chat_ctx),
            parallel=wished.parallel,
            type_k=wished.type_k,
            type_v=wished.type_v,
        )

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
        watch = Watch(
            lambda: model_places(rooms.settings.value, rooms.folders),
            lambda library, _: post(LibraryChanged(library)),
            cache=rooms.folders.scanned,
        )
        closing.callback(watch.close)
        opened = closing.enter_context(ExitStack())
        lane = closing.enter_context(ThreadPoolExecutor(2, "opening"))
        yield Shelves(watch, lane, lane.submit(_open, rooms, post, watch, opened))


def _open(rooms: Rooms, post: Callable[[Event], None], watch: Watch, closing: ExitStack) -> "Shelf":
    import httpx2
    from huggingface_hub import close_session

    from app.hub.catalog import Catalog
    from app.ui.models.shelf import Shelf

    import_module("app.ui.models.page")  # so that opening the page finds it loaded
    machine = _Machine(rooms)
    client = closing.enter_context(httpx2.Client())
    closing.callback(close_session)
    catalog = Catalog(client, os.environ.get("HF_ENDPOINT", "").rstrip("/"))
    closing.callback(rooms.downloads.subscribe(post))
    rooms.downloads.go_on()
    shelf = Shelf(catalog, rooms.downloads, machine, watch.look_now)
    closing.callback(shelf.close)
    return shelf
