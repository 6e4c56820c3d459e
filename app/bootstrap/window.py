"""The desktop app put together: the window first, the model while it already shows. Main thread."""

import gc
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

from app.bootstrap.embedder import SETTLED_S
from app.bootstrap.pages import Surroundings
from app.bootstrap.rooms import Rooms, forget_gone_chats, open_rooms
from app.bootstrap.shelf import open_shelf
from app.core.errors import AlreadyRunning, KnownError
from app.core.paths import find_folders
from app.core.protocol import CHAT
from app.core.settings import Settings
from app.storage.instance import raise_first
from app.ui.bridge import Bridge
from app.ui.events import (
    Event,
    FoldersChanged,
    LibraryChanged,
    MemoryReported,
    ModelChanged,
    ModelChoice,
    ModelReady,
    ModelsListed,
    Raised,
)
from app.ui.header.switch import ModelSwitch, choice_of, choice_of_model
from app.ui.keeping import Chats, Keeping
from app.ui.models.first import FirstModel
from app.ui.notice import Notice
from app.ui.preferences import Preferences
from app.ui.refusal import show_refusal
from app.ui.settings.stores import Stores
from app.ui.window import Window, application
from app.workers.events import PoolEvent, PoolMeasured


def run_window(model: Path | None, *, verbose: bool = False) -> int:
    """The desktop app: the window first, the model while it already shows.

    A second start hands its model over to the first window and raises it.
    """
    app = application()
    try:
        with open_window(model, verbose=verbose) as window:
            window.show()
            # A full collection over all that was imported and built would stall the window.
            gc.freeze()
            return app.exec()
    except AlreadyRunning as error:
        if raise_first(find_folders().data, [str(model.absolute())] if model else []):
            return 0
        show_refusal(error.message)
        raise
    except KnownError as error:
        show_refusal(error.message)
        raise


@contextmanager
def open_window(model: Path | None, *, verbose: bool = False) -> Generator[Window]:
    """The window over all its rooms; they are closed after it, in reverse order."""
    bridge = Bridge()
    with ExitStack() as closers:
        rooms = closers.enter_context(
            open_rooms(
                bridge.post,
                verbose=verbose,
                on_raise=lambda words: bridge.post(Raised(tuple(words))),
            )
        )
        preferences = closers.enter_context(closing(Preferences(rooms.settings)))
        models = ModelSwitch(rooms.models.load, rooms.pool, bridge.post)
        window = _make_window(rooms, bridge, preferences, models)

        def changed() -> None:
            bridge.post(FoldersChanged())
            forget_gone_chats(rooms.db, rooms.folders)

        stores = Stores(rooms.db, rooms.folders, changed)
        closers.enter_context(closing(stores))
        shelves = closers.enter_context(open_shelf(rooms, bridge.post, lambda: preferences.value))
        Surroundings(window, rooms, bridge, preferences, models, shelves, stores).offer()
        _follow(window, rooms, bridge, preferences, models)
        rooms.meaning.catch_up(SETTLED_S)
        FirstModel(models, bridge, preferences).begin(model, shelves.lane, rooms.find_model)
        yield window


def _make_window(
    rooms: Rooms, bridge: Bridge, preferences: Preferences, models: ModelSwitch
) -> Window:
    kept, passing = (Chats(each.db, each.turns, each.narrator) for each in (rooms, rooms.temporary))
    memory = rooms.folders.config / "window.json"
    keeping = Keeping(kept, passing, rooms.meaning.senses)
    return Window(bridge, keeping, models, rooms.attachments, memory, preferences)


def _follow(
    window: Window,
    rooms: Rooms,
    bridge: Bridge,
    preferences: Preferences,
    models: ModelSwitch,
) -> None:
    Notice(bridge, window, lambda: preferences.value.general.notify)

    def follow(event: Event) -> None:
        match event:
            case ModelChanged(state=ModelReady(choice=choice)):
                preferences.change(lambda old: remember_model(old, choice))
            case LibraryChanged(library=library):
                bridge.post(ModelsListed(tuple(map(choice_of_model, library.of_kind("chat")))))
            case FoldersChanged():  # chats were brought in, perhaps
                rooms.meaning.catch_up(SETTLED_S)
            case Raised(words=words):
                window.showNormal()
                window.raise_()
                window.activateWindow()
                for word in words:
                    models.load(choice_of(Path(word)))
            case _:
                pass

    bridge.arrived.connect(follow)
    preferences.failed.connect(window.notes.warn)
    rooms.pool.subscribe(lambda event: _report_memory(event, bridge))
    for problem in rooms.settings.problems:
        window.notes.warn(f"The setting {problem.where} {problem.reason}.")
    for problem in rooms.problems:
        window.notes.warn(problem)
    if rooms.restored:
        window.notes.say(rooms.restored)
    if rooms.recovered is not None:  # said last: it matters more
        window.notes.warn(rooms.recovered.sentence())


def _report_memory(event: PoolEvent, bridge: Bridge) -> None:
    """On the pool's thread: what the engines that chat hold, for the memory panel."""
    if isinstance(event, PoolMeasured) and (stats := event.state.stats_of(CHAT)):
        bridge.post(MemoryReported(stats))


def remember_model(settings: Settings, choice: ModelChoice) -> Settings:
    if choice.built_in and settings.models.last:  # it stands in for what is away
        return settings
    models = msgspec.structs.replace(settings.models, last=choice.path)
    return msgspec.structs.replace(settings, models=models)
