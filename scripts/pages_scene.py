"""The pages around the conversation, for `screenshots.py`: the real app on a made-up home.

The hub is the stand-in on loopback; no model is loaded, its readiness is only said.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QKeyEvent  # noqa: TID251
from PySide6.QtWidgets import QApplication, QWidget  # noqa: TID251

from app.bootstrap.window import open_window
from app.core.downloads import Download, DownloadId, DownloadState, RemoteFile
from app.core.ids import ConversationId
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
from app.ui.settings.entries import TITLES, Part, Section
from app.ui.settings.page import SettingsPage
from app.ui.settings.transfer import Import, TransferDialog
from app.ui.theme import Mode
from scripts.hub_stand_in import Content, StandIn
from scripts.pages_models import MANY, QWEN_4B, Kind, write_model

_TITLES = ("Attention and the KV cache", "SQL window functions", "Trip to Lisbon")
_IMPORTED = (
    "Which tea for the evening?", "A birthday in the garden", "Regular expressions, explained",
    "Reading list for the summer",
)  # fmt: skip
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
# Of the hub: the model, its parameters, and what people think of it.
_OFFERED = (
    ("Qwen3-4B", 4_022_468_096, 182_345, 812), ("Qwen3-8B", 8_190_735_360, 96_210, 655),
    ("Qwen3-14B", 14_768_307_200, 45_000, 430), ("Qwen3-32B", 32_762_123_264, 30_120, 390),
    ("Qwen3-0.6B", 596_049_920, 22_500, 211), ("Qwen3-1.7B", 1_720_574_976, 18_900, 170),
)  # fmt: skip
_BITS = {"Q4_K_M": 4.97, "Q5_K_M": 5.75, "Q8_0": 8.52, "F16": 16.03}  # of a parameter


class PagesScene:
    """Holds the app until `close`; without models it is a first start."""

    def __init__(self, mode: Mode, models: Mapping[str, Kind]) -> None:
        self.home = Path(mkdtemp())
        os.environ["LLAMA_CHAT_HOME"] = str(self.home)
        os.environ["HF_HOME"] = str(self.home / "hf")
        self._closing = ExitStack()
        hub = StandIn()
        self._fill_hub(hub)
        os.environ["HF_ENDPOINT"] = self._closing.enter_context(hub.serving()).endpoint
        if models:
            self._fill_home(models)
        self.window = self._closing.enter_context(open_window(None))
        self.window.look.choose(mode)
        self.window.show()
        if models:
            self._say_ready()

    def _fill_hub(self, hub: StandIn) -> None:
        header = write_model(self.home / "hub.gguf", QWEN_4B)
        for name, parameters, downloads, likes in _OFFERED:
            files: dict[str, bytes | Content] = {
                f"{name}-{quantization}.gguf": _weightless(header, int(parameters * bits / 8))
                for quantization, bits in _BITS.items()
            }
            files["README.md"] = _README.encode()
            hub.add(
                f"Qwen/{name}-GGUF", files, downloads=downloads, likes=likes, licence="apache-2.0",
                architecture="qwen3", parameters=parameters, context=32_768,
            )  # fmt: skip

    def _fill_home(self, models: Mapping[str, Kind]) -> None:
        for name, kind in models.items():
            write_model(self.home / "models" / f"{name}.gguf", kind)
        path = self.home / "data" / "chats.sqlite3"
        db = Database(path)
        db.write(_fill).result()
        db.close()
        backup.make(path, "manual")
        settings = Settings(
            general=GeneralSettings(load_at_start=False), models=ModelSettings(last="none")
        )
        config = self.home / "config" / "settings.json"
        config.parent.mkdir(parents=True)
        config.write_bytes(msgspec.json.encode(settings))

    def _say_ready(self) -> None:
        path = str(self.home / "models" / "gemma-3-4b-it-Q4_K_M.gguf")
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


def _weightless(header: bytes, size: int) -> Content:
    content = Content(header, size)
    # Nobody fetches it, and summing gigabytes would take longer than all the pictures.
    content.sha256 = hashlib.sha256(f"{size}".encode()).hexdigest()
    return content


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


def _template(scene: PagesScene) -> None:
    """Of one that is not in use: nothing is asked of an engine."""
    page = scene.models()
    page.stock.list.choose(str(scene.home / "models" / "Llama-3.2-3B-Instruct-Q4_K_M.gguf"))
    page.installed.own.template_tab.click()


def _many(scene: PagesScene) -> None:
    page = scene.models()
    _until(lambda: len(page.stock.fits) == len(MANY))
    page.stock.list.choose_first()


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


def _part(part: Part) -> Callable[[PagesScene], None]:
    return lambda scene: scene.settings().show_part(part)


def _found(scene: PagesScene) -> None:
    """One refused, another marked to go to."""
    page = scene.settings()
    page.search.setText("context")
    _until(lambda: not page._waiting)
    page.rows["models.chat_ctx"].control.edited.emit("512")
    for _ in range(2):
        down = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(page.search, down)


def _trigger(scene: PagesScene, keys: str) -> None:
    keyed = {each.shortcut().toString(): each for each in scene.window.actions()}
    keyed[keys].trigger()


def _dialog(keys: str) -> Callable[[PagesScene], TransferDialog]:
    def opened(scene: PagesScene) -> TransferDialog:
        scene.window.current.open(ConversationId(1))
        _trigger(scene, keys)
        dialog = scene.window.findChild(TransferDialog)
        assert isinstance(dialog, TransferDialog)
        return dialog

    return opened


def _import(scene: PagesScene) -> QWidget:
    """A look into a file before it is saved."""
    dialog = _dialog("Ctrl+Shift+O")(scene)
    assert isinstance(dialog.what, Import)
    file = scene.home / "conversations.json"
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello!"}]
    file.write_bytes(
        msgspec.json.encode([{"title": title, "messages": said} for title in _IMPORTED])
    )
    dialog.what.look(file)
    _until(dialog.what.start.isVisible)
    return dialog


def _palette(scene: PagesScene) -> None:
    _trigger(scene, "Ctrl+K")
    palette = scene.window.findChild(Palette)
    assert palette is not None
    palette.field.setText("model")


def _narrow(scene: PagesScene) -> None:
    scene.window.resize(720, 480)
    scene.settings().show_section("models")


def _nothing(_: PagesScene) -> None:
    """The window as it opens."""


# Each gives what is to be pictured, where it is not the whole window.
SCENES: dict[str, Callable[[PagesScene], QWidget | None]] = {
    "first-run": _nothing,
    "models": _models,
    "models-discover": _discover,
    "models-loading": _loading,
    "models-many": _many,
    "models-template": _template,
    "export": _dialog("Ctrl+Shift+E"),
    "import": _import,
    "palette": _palette,
    "settings-search": _found,
    "settings-account": _part("account"),
    "settings-narrow": _narrow,
} | {f"settings-{section}": _section(section) for section in TITLES}

# What is on the computer; three models where nothing is said.
MODELS: dict[str, Mapping[str, Kind]] = {"first-run": {}, "models-many": MANY}
