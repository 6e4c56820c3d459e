"""The composition root: the only file that builds objects across rooms.

Everything it opens is closed in reverse order, whatever happens between.
"""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.chat.answering import Answering
from app.chat.attachments import Attachments
from app.chat.budget import Budget
from app.chat.events import ChatEvent
from app.chat.presets import Presets
from app.chat.titles import Titles
from app.chat.tools import Toolbox, built_in
from app.chat.turns import Turns
from app.chat.unkept import Unkept
from app.chat.wind import Wind
from app.core.errors import AlreadyRunning, KnownError, ModelLoadFailed, from_info, to_info
from app.core.generator import Sink
from app.core.ids import RequestId
from app.core.logs import start_logging
from app.core.paths import Folders, find_folders
from app.core.protocol import CHAT, Failed, Loaded, ModelInfo, ModelSpec, RequestEvent
from app.core.sampling import Sampling
from app.core.settings import Settings
from app.storage.database import Database
from app.storage.instance import Instance, raise_first
from app.storage.recovery import Report, open_database
from app.storage.settings_file import SettingsFile
from app.storage.upkeep import Upkeep
from app.workers.events import PoolEvent, WorkerReady
from app.workers.pool import Pool

if TYPE_CHECKING:  # the command line must not wait for Qt's widgets
    from app.ui.bridge import Bridge
    from app.ui.window import Window

_MIB = 1024 * 1024


class Chats(msgspec.Struct, frozen=True):
    """The verbs over one database of chats."""

    db: Database
    turns: Turns
    wind: Wind
    presets: Presets


class Models:
    """The model that chats are answered by; a chat that names another one has it loaded first.

    Any thread. One at a time: which models fit beside each other is not known here.
    """

    def __init__(self, pool: Pool, spec: Callable[[Path], ModelSpec]) -> None:
        self._pool = pool
        self._spec = spec
        self._lock = threading.Lock()
        self._current = ""

    def load(self, path: Path, sink: Sink) -> RequestId:
        """Load a model as the settings say."""

        def watch(event: RequestEvent) -> None:
            if isinstance(event, Failed):
                with self._lock:
                    self._current = ""
            sink(event)

        with self._lock:
            self._current = str(path)
            return self._pool.load(self._spec(path), sink=watch)

    def loaded(self, path: Path) -> "Future[ModelInfo]":
        """The same, for those who only wait for the end."""
        loading: Future[ModelInfo] = Future()

        def sink(event: RequestEvent) -> None:
            if isinstance(event, Loaded):
                loading.set_result(event.info)
            elif isinstance(event, Failed):
                loading.set_exception(from_info(event.error))

        self.load(path, sink)
        return loading

    def ready(self, model: str) -> None:
        """Waits until this model answers; what is loaded serves a chat that names none."""
        with self._lock:
            known = model in ("", self._current)
        if known:
            return
        if not Path(model).is_file():
            raise ModelLoadFailed(f"The model of this chat is gone ({model}). Choose another one.")
        self.loaded(Path(model)).result()


class Rooms(msgspec.Struct, frozen=True):
    """What a door needs: the verbs and the rooms behind them."""

    folders: Folders
    settings: SettingsFile
    db: Database
    pool: Pool
    models: Models
    turns: Turns
    wind: Wind
    presets: Presets
    attachments: Attachments
    temporary: Chats  # nothing of these reaches the disk; see `is_temporary`
    recovered: Report | None = None  # the database was damaged: what was saved

    def find_model(self, name: str) -> Path:
        return find_model(name, self.settings.value, self.folders)

    def load(self, path: Path) -> "Future[ModelInfo]":
        return self.models.loaded(path)


class _Window:
    """What the loaded models give: the size of a chat's window, and how each is best sampled."""

    def __init__(self, chat_ctx: int) -> None:
        self._chat_ctx = chat_ctx
        self._sampling: dict[str, Sampling] = {}

    def follow(self, event: PoolEvent) -> None:
        if isinstance(event, WorkerReady) and CHAT in event.roles:
            self._chat_ctx = event.info.chat_ctx
            # Without a name, the model that was loaded last is meant.
            self._sampling[event.model] = self._sampling[""] = event.info.recommended

    def budget(self) -> Budget:
        return Budget(self._chat_ctx)

    def sampling(self, model: str) -> Sampling:
        return self._sampling.get(model, Sampling())


class _ChatsBuilder(msgspec.Struct, frozen=True):
    """Puts the chat room together over a database; twice, for what is kept and what is not."""

    post: Callable[[ChatEvent], None]
    window: _Window
    models: Models
    toolbox: Toolbox
    closing: ExitStack
    sampling: Sampling | None
    max_tokens: int | None

    def over(self, db: Database, generator: Unkept | Pool) -> Chats:
        wind = Wind(db, generator, self.post, self.window.budget)
        self.closing.callback(wind.close)
        answering = Answering(
            db,
            generator,
            self.post,
            self.window.budget,
            wind=wind,
            titles=Titles(db, generator, self.post),
            max_tokens=self.max_tokens,
            ready=self.models.ready,
            toolbox=self.toolbox,
        )
        turns = Turns(
            db,
            answering,
            self.post,
            sampling=lambda model: self.sampling or self.window.sampling(model),
            toolbox=self.toolbox,
        )
        self.closing.callback(turns.close)
        return Chats(db, turns, wind, Presets(db, self.post))


def _open_stored(
    folders: Folders, on_raise: Callable[[list[str]], None] | None, closing: ExitStack
) -> tuple[Database, Report | None]:
    """The user's chats, ours alone while they are open, whatever state they were left in.

    Opened before the pool and closed after it: its last answers are still stored.
    """
    closing.enter_context(Instance(folders.data, on_raise))
    db, recovered = open_database(folders.database)
    closing.callback(db.close)
    closing.callback(Upkeep(db, folders.database).close)
    return db, recovered


@contextmanager
def open_rooms(
    post: Callable[[ChatEvent], None],
    *,
    temporary: bool = False,
    sampling: Sampling | None = None,
    max_tokens: int | None = None,
    verbose: bool = False,
    on_raise: Callable[[list[str]], None] | None = None,
) -> Generator[Rooms]:
    folders = find_folders()
    folders.create()
    start_logging(folders.log, verbose=verbose)
    with ExitStack() as closing:
        settings_file = SettingsFile(folders.settings)
        passing_db = Database(None)
        closing.callback(passing_db.close)
        db, recovered = passing_db, None
        if not temporary:
            db, recovered = _open_stored(folders, on_raise, closing)
        pool = Pool(log=folders.logs / "engine.log")
        closing.callback(pool.close)
        pool.warm()  # its process starts and imports while the rest is still being opened
        window = _Window(settings_file.value.models.chat_ctx)
        pool.subscribe(window.follow)
        toolbox = Toolbox(built_in(), lambda: settings_file.value.tools)
        models = Models(pool, lambda path: model_spec(path, settings_file.value, folders))

        attachments = Attachments(pool, window.budget)
        closing.callback(attachments.close)
        unkept = Unkept(pool)
        closing.callback(unkept.close)
        build = _ChatsBuilder(post, window, models, toolbox, closing, sampling, max_tokens)
        passing = build.over(passing_db, unkept)
        kept = passing if temporary else build.over(db, pool)
        yield Rooms(
            folders,
            settings_file,
            kept.db,
            pool,
            models,
            kept.turns,
            kept.wind,
            kept.presets,
            attachments,
            passing,
            recovered,
        )


def run_window(model: Path | None, *, verbose: bool = False) -> int:
    """The desktop app: the window first, the model while it already shows.

    A second start hands its model over to the first window and raises it.
    """
    from app.ui.bridge import Bridge
    from app.ui.events import Raised
    from app.ui.window import application

    app = application()
    bridge = Bridge()
    try:
        with open_rooms(
            bridge.post, verbose=verbose, on_raise=lambda words: bridge.post(Raised(tuple(words)))
        ) as rooms:
            window = _fill_window(rooms, bridge, model)
            window.show()
            return app.exec()
    except AlreadyRunning:
        if raise_first(find_folders().data, [str(model.absolute())] if model else []):
            return 0
        raise


def _fill_window(rooms: Rooms, bridge: "Bridge", model: Path | None) -> "Window":
    from app.ui.events import Event, ModelChanged, ModelChoice, ModelFailed, ModelReady, Raised
    from app.ui.header.switch import ModelSwitch, choice_of
    from app.ui.window import Window

    models = ModelSwitch(rooms.models.load, rooms.pool, bridge.post)
    window = Window(bridge, rooms.db, rooms.turns, models, rooms.folders.config / "window.json")

    def follow(event: Event) -> None:
        match event:
            case ModelChanged(state=ModelReady(choice=choice)):
                rooms.settings.change(lambda old: remember_model(old, choice.path))
            case Raised(words=words):
                window.showNormal()
                window.raise_()
                window.activateWindow()
                for word in words:
                    models.load(choice_of(Path(word)))
            case _:
                pass

    bridge.arrived.connect(follow)
    for problem in rooms.settings.problems:
        window.notes.warn(f"The setting {problem.where} {problem.reason}.")
    if rooms.recovered is not None:  # said last: it matters more
        window.notes.warn(rooms.recovered.sentence())
    models.list_folder(rooms.settings.value.models_folder(rooms.folders.models))
    try:
        path = model or rooms.find_model("default")
    except KnownError as error:
        bridge.post(ModelChanged(ModelFailed(ModelChoice("", "No model"), to_info(error))))
    else:
        models.load(choice_of(path))
    return window


def remember_model(settings: Settings, path: str) -> Settings:
    models = msgspec.structs.replace(settings.models, last=path)
    return msgspec.structs.replace(settings, models=models)


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
