"""The pages around the conversation, for `screenshots.py`: the real app on a made-up home.

The hub is the stand-in on loopback; no model is loaded, its readiness is only said.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import gguf
import msgspec
import numpy as np
from PySide6.QtCore import QEventLoop, QTimer

from app.bootstrap.window import open_window
from app.core.downloads import Download, DownloadId, DownloadState, RemoteFile
from app.core.messages import Message
from app.core.protocol import ModelInfo
from app.core.sampling import Sampling
from app.core.settings import GeneralSettings, ModelSettings, Settings
from app.storage import backup, conversations, messages, presets
from app.storage.database import Database, Tx
from app.storage.presets import Preset
from app.ui.events import ModelChanged, ModelChoice, ModelReady
from app.ui.models.page import ModelsPage
from app.ui.palette.palette import Palette
from app.ui.settings.entries import TITLES, Section
from app.ui.settings.page import SettingsPage
from app.ui.theme import Mode
from scripts.hub_stand_in import Content, StandIn

_TITLES = ("Attention and the KV cache", "SQL window functions", "Trip to Lisbon")
_README = """# Qwen3 4B

Qwen3 thinks before it answers where that helps, and answers at once where it does not.

| | Qwen3 4B | Qwen3 8B |
|---|---|---|
| Parameters | 4.0 B | 8.2 B |
| Context | 32,768 | 32,768 |

## How to prompt it

Add `/think` or `/no_think` to a message to choose.

```python
messages = [{"role": "user", "content": "How many r are in strawberry? /think"}]
```
"""
_MODELS = (("gemma-3-4b-it-Q4_K_M", 4), ("Llama-3.2-3B-Instruct-Q4_K_M", 3), ("Qwen3-8B-Q4_K_M", 8))


class PagesScene:
    """Holds the app until `close`; `empty` is a first start."""

    def __init__(self, mode: Mode, *, empty: bool = False) -> None:
        self._home = Path(mkdtemp())
        os.environ["LLAMA_CHAT_HOME"] = str(self._home)
        os.environ["HF_HOME"] = str(self._home / "hf")
        self._closing = ExitStack()
        hub = StandIn()
        self._fill_hub(hub)
        os.environ["HF_ENDPOINT"] = self._closing.enter_context(hub.serving()).endpoint
        if not empty:
            self._fill_home()
        self.window = self._closing.enter_context(open_window(None))
        self.window.look.choose(mode)
        self.window.show()
        if not empty:
            self._say_ready()

    def _fill_hub(self, hub: StandIn) -> None:
        header = _header(self._home / "hub.gguf", 4)
        files: dict[str, bytes | Content] = {
            f"Qwen3-4B-{name}.gguf": Content(header, size << 20)
            for name, size in (("Q4_K_M", 24), ("Q5_K_M", 28), ("Q8_0", 43), ("F16", 80))
        }
        files["README.md"] = _README.encode()
        hub.add("Qwen/Qwen3-4B-GGUF", files, downloads=182_345, likes=812)
        for number, name in enumerate(("Qwen3-8B", "Qwen3-14B", "Qwen3-0.6B", "Qwen3-1.7B")):
            one: dict[str, bytes | Content] = {f"{name}-Q4_K_M.gguf": Content(header, 30 << 20)}
            hub.add(
                f"Qwen/{name}-GGUF", one, downloads=90_000 // (number + 1), likes=400 - number * 70
            )

    def _fill_home(self) -> None:
        for name, width in _MODELS:
            _header(self._home / "models" / f"{name}.gguf", width)
        path = self._home / "data" / "chats.sqlite3"
        db = Database(path)
        db.write(_fill).result()
        db.close()
        backup.make(path, "manual")
        settings = Settings(
            general=GeneralSettings(load_at_start=False), models=ModelSettings(last="none")
        )
        config = self._home / "config" / "settings.json"
        config.parent.mkdir(parents=True)
        config.write_bytes(msgspec.json.encode(settings))

    def _say_ready(self) -> None:
        path = str(self._home / "models" / f"{_MODELS[0][0]}.gguf")
        choice = ModelChoice(path, "gemma 3 4b it", "Q4_K_M")
        self.window.bridge.post(ModelChanged(ModelReady(choice, _info(path))))

    def models(self) -> ModelsPage:
        page = self.window.pages.open("models")
        assert isinstance(page, ModelsPage)
        return page

    def settings(self) -> SettingsPage:
        page = self.window.pages.open("settings")
        assert isinstance(page, SettingsPage)
        return page

    def begin_download(self) -> None:
        remote = RemoteFile("http://hub/x", 2_497_280_256, sha256="ab" * 32)
        download = Download(
            DownloadId("one"), "Qwen/Qwen3-4B-GGUF", "Qwen3 4B Q4_K_M", (("x.gguf", remote),),
            state="running",
        )  # fmt: skip
        self.window.bridge.post(DownloadState(download, 1_100_000_000, 11_400_000.0))

    def close(self) -> None:
        self.window.close()
        self._closing.close()


def _fill(tx: Tx) -> None:
    for title in _TITLES:
        chat = conversations.create(tx, title)
        messages.add(tx, chat.id, None, Message(role="user", content=f"Tell me about {title}."))
    poet = Preset(system_prompt="You are a poet. Answer in rhymes.", sampling=Sampling())
    presets.save(tx, "Poet", poet)


def _info(path: str) -> ModelInfo:
    return ModelInfo(
        path=path,
        name="gemma 3 4b it",
        architecture="gemma3",
        parameters=3_880_099_328,
        file_bytes=2_489_894_016,
        layers=34,
        gpu_layers=0,
        trained_ctx=131_072,
        chat_ctx=8_192,
        cells=12_288,
        parallel=1,
        vocabulary=262_144,
        embedding_length=2_560,
    )


def _header(path: Path, width: int) -> bytes:
    """A model's header with hardly any weights behind it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_name(path.stem)
    writer.add_block_count(36)
    writer.add_context_length(32_768)
    writer.add_embedding_length(64 * width)
    writer.add_head_count(8)
    writer.add_head_count_kv(2)
    writer.add_tensor("token_embd.weight", np.zeros((64, 64 * width), np.float32))
    for layer in range(36):
        writer.add_tensor(f"blk.{layer}.attn_q.weight", np.zeros((64 * width, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def _models(scene: PagesScene) -> None:
    page = scene.models()
    scene.begin_download()
    page.stock.list.choose_first()


def _loading(scene: PagesScene) -> None:
    """A model with settings of its own."""
    _models(scene)
    own = scene.models().installed.own
    own.loading_tab.click()
    own.loading.chat_ctx.setText("16384")
    own.loading.chat_ctx.editingFinished.emit()


def _discover(scene: PagesScene) -> None:
    """A search's result, chosen; waits for the hub's three answers."""
    page = scene.models()
    page.look_for("qwen3 @Qwen")
    page.discovery.filters.button.click()
    page.discovery.filters.fitting.click()
    _until(lambda: page.discovery.listing("Qwen/Qwen3-4B-GGUF") is not None)
    page.discovery.list.choose("Qwen/Qwen3-4B-GGUF")
    _until(lambda: "recommended" in page.offer.note.text())


def _until(true: Callable[[], bool]) -> None:
    while not true():
        loop = QEventLoop()
        QTimer.singleShot(50, loop.quit)
        loop.exec()


def _section(section: Section) -> Callable[[PagesScene], None]:
    return lambda scene: scene.settings().show_section(section)


def _found(scene: PagesScene) -> None:
    page = scene.settings()
    page.search.setText("context of a chat")
    row = page.rows["models.chat_ctx"]
    row.control.edited.emit("512")


def _palette(scene: PagesScene) -> None:
    keyed = {each.shortcut().toString(): each for each in scene.window.actions()}
    keyed["Ctrl+K"].trigger()
    palette = scene.window.findChild(Palette)
    assert palette is not None
    palette.field.setText("model")


def _narrow(scene: PagesScene) -> None:
    scene.window.resize(720, 480)
    scene.settings().show_section("models")


def _nothing(_: PagesScene) -> None:
    """The window as it opens."""


SCENES: dict[str, Callable[[PagesScene], None]] = {
    "first-run": _nothing,
    "models": _models,
    "models-discover": _discover,
    "models-loading": _loading,
    "palette": _palette,
    "settings-search": _found,
    "settings-narrow": _narrow,
} | {f"settings-{section}": _section(section) for section in TITLES}
