"""The models page over the stand-in of the hub, a real library and real downloads."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import httpx2
import pytest

from app.chat.presets import Presets
from app.core.downloads import DownloadEvent
from app.core.fit import Fit, estimate
from app.core.fit import Settings as FitSettings
from app.core.protocol import Device
from app.core.settings import Settings
from app.hub.catalog import Catalog
from app.hub.downloads import Downloads
from app.hub.models import Model
from app.hub.places import Place
from app.hub.transfer import Patience
from app.hub.watching import Watch
from app.storage.downloads import StoredDownloads
from app.ui.events import LibraryChanged
from app.ui.models.page import ModelsPage
from app.ui.models.shelf import Shelf
from scripts.hub_stand_in import Content, StandIn
from tests.hub.gguf_files import write
from tests.ui.conftest import Desk

GB = 1 << 30
README = """---
license: mit
---
# Tea models

<p align="center"><img src="http://tracker/pixel.png"></p>

They know **tea**. <br> [Paper](https://example.org/tea)
"""


def preview() -> "Future[str]":
    rendered: Future[str] = Future()
    rendered.set_result("<|user|>Which tea?<|end|>")
    return rendered


class Computer:
    """A machine of eight gigabytes."""

    def __init__(self, folder: Path, settings: Callable[[], Settings]) -> None:
        self._folder = folder
        self._settings = settings

    def devices(self) -> tuple[Device, ...]:
        cpu = Device(name="CPU", description="", kind="cpu", total_bytes=8 * GB, free_bytes=6 * GB)
        return (cpu,)

    def fit_settings(self, trained_ctx: int) -> FitSettings:
        return FitSettings(chat_ctx=min(4096, trained_ctx or 4096))

    def fit(self, model: Model) -> Fit:
        own = self._settings().models.for_model(str(model.path))
        gpu = Device(name="G", description="", kind="gpu", total_bytes=4 * GB, free_bytes=4 * GB)
        wished = FitSettings(chat_ctx=min(own.chat_ctx, model.facts.trained_ctx or own.chat_ctx))
        return estimate(model.facts, wished, (gpu, *self.devices()), own.gpu_layers)

    def models_folder(self) -> Path:
        return self._folder


class Shop:
    """The page, the hub behind it and what is on the disk."""

    def __init__(self, desk: Desk, stand_in: StandIn, folder: Path) -> None:
        self.desk, self.hub, self.folder = desk, stand_in, folder
        self.links: list[str] = []
        self.events: list[DownloadEvent] = []
        self._client = httpx2.Client()
        self._catalog = Catalog(self._client, stand_in.endpoint, lambda: None)
        self._watch = Watch(
            lambda: [Place(folder, "app")],
            lambda library, _: desk.bridge.post(LibraryChanged(library)),
            interval_s=0.2,
        )
        self.open()

    def open(self) -> None:
        """As the app does at its start."""
        self.downloads = Downloads(
            self.folder, StoredDownloads(self.desk.db), patience=Patience(backoff_s=0.05)
        )
        self.downloads.subscribe(self.desk.bridge.post)
        self.downloads.subscribe(self.events.append)
        self.downloads.go_on()
        computer = Computer(self.folder, lambda: self.desk.preferences.value)
        presets = Presets(self.desk.db, lambda event: None)
        self.shelf = Shelf(self._catalog, self.downloads, computer, self._watch.look_now)
        window, desk = self.desk.window, self.desk
        window.offer_page(
            "models", "&Models…", "Ctrl+Shift+M",
            lambda theme: ModelsPage(
                self.shelf, desk.models, desk.bridge, theme, self.links.append, presets, preview,
                desk.preferences,
            ),
        )  # fmt: skip
        page = window.pages.open("models")
        assert isinstance(page, ModelsPage)
        self.page = page
        self._watch.look_now()

    def until(self, true, timeout: int = 10_000) -> None:
        self.desk.qtbot.waitUntil(lambda: bool(true()), timeout=timeout)

    def stop(self) -> None:
        self.shelf.close()
        self.downloads.close()

    def close(self) -> None:
        self.stop()
        self._watch.close()
        self._client.close()


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn().serving() as serving:
        yield serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def shop(desk: Desk, stand_in: StandIn, folder: Path) -> Iterator[Shop]:
    shop = Shop(desk, stand_in, folder)
    yield shop
    shop.close()


@pytest.fixture
def tea(stand_in: StandIn, tmp_path: Path) -> str:
    """A repository of three quantizations; the largest does not fit any machine of ours."""
    header = write(tmp_path / "tea.gguf", "tea").read_bytes()
    sizes = {"Q4_K_M": 3_000_000, "Q8_0": 6_000_000, "F16": 40_000_000_000}
    files: dict[str, bytes | Content] = {
        f"tea-1b-{name}.gguf": Content(header, size)
        for name, size in sizes.items()
        if name != "F16"
    }
    files["README.md"] = README.encode()
    stand_in.add("leaf/tea-1b-GGUF", files, downloads=1234, likes=56)
    stand_in.add("leaf/coffee-GGUF", {"coffee-Q4_0.gguf": header}, downloads=99)
    stand_in.add("root/beet-tea-GGUF", {"beet-Q4_0.gguf": header}, downloads=5)
    return "leaf/tea-1b-GGUF"
