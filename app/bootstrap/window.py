"""The desktop app put together: the window first, the model while it already shows. Main thread."""

from contextlib import closing
from pathlib import Path

import msgspec

from app.bootstrap.pages import offer_pages
from app.bootstrap.rooms import Rooms, open_rooms
from app.core.errors import AlreadyRunning, KnownError, to_info
from app.core.paths import find_folders
from app.core.protocol import CHAT
from app.core.settings import Settings
from app.storage.instance import raise_first
from app.ui.bridge import Bridge
from app.ui.events import (
    Event,
    MemoryReported,
    ModelChanged,
    ModelChoice,
    ModelFailed,
    ModelReady,
    Raised,
)
from app.ui.header.switch import ModelSwitch, choice_of
from app.ui.keeping import Chats, Keeping
from app.ui.notice import Notice
from app.ui.preferences import Preferences
from app.ui.window import Window, application
from app.workers.events import PoolEvent, PoolMeasured


def run_window(model: Path | None, *, verbose: bool = False) -> int:
    """The desktop app: the window first, the model while it already shows.

    A second start hands its model over to the first window and raises it.
    """
    app = application()
    bridge = Bridge()
    try:
        with (
            open_rooms(
                bridge.post,
                verbose=verbose,
                on_raise=lambda words: bridge.post(Raised(tuple(words))),
            ) as rooms,
            closing(Preferences(rooms.settings)) as preferences,
        ):
            window = _fill_window(rooms, bridge, preferences, model)
            window.show()
            return app.exec()
    except AlreadyRunning:
        if raise_first(find_folders().data, [str(model.absolute())] if model else []):
            return 0
        raise


def _fill_window(
    rooms: Rooms, bridge: Bridge, preferences: Preferences, model: Path | None
) -> Window:
    models = ModelSwitch(rooms.models.load, rooms.pool, bridge.post)
    kept, passing = (Chats(each.db, each.turns, each.narrator) for each in (rooms, rooms.temporary))
    window = Window(
        bridge,
        Keeping(kept, passing),
        models,
        rooms.attachments,
        rooms.folders.config / "window.json",
        preferences,
    )
    offer_pages(window, rooms, preferences, models)
    Notice(bridge, window, lambda: preferences.value.general.notify)

    def follow(event: Event) -> None:
        match event:
            case ModelChanged(state=ModelReady(choice=choice)):
                preferences.change(lambda old: remember_model(old, choice.path))
            case Raised(words=words):
                window.showNormal()
                window.raise_()
                window.activateWindow()
                for word in words:
                    models.load(choice_of(Path(word)))
            case _:
                pass

    bridge.arrived.connect(follow)
    rooms.pool.subscribe(lambda event: _report_memory(event, bridge))
    for problem in rooms.settings.problems:
        window.notes.warn(f"The setting {problem.where} {problem.reason}.")
    for problem in rooms.problems:
        window.notes.warn(problem)
    if rooms.recovered is not None:  # said last: it matters more
        window.notes.warn(rooms.recovered.sentence())
    models.list_folder(rooms.settings.value.models_folder(rooms.folders.models))
    try:
        path = rooms.find_model(str(model) if model else "default")
    except KnownError as error:
        bridge.post(ModelChanged(ModelFailed(ModelChoice("", "No model"), to_info(error))))
    else:
        if model is not None or preferences.value.general.load_at_start:
            models.load(choice_of(path))
    return window


def _report_memory(event: PoolEvent, bridge: Bridge) -> None:
    """On the pool's thread: what the engines that chat hold, for the memory panel."""
    if isinstance(event, PoolMeasured) and (stats := event.state.stats_of(CHAT)):
        bridge.post(MemoryReported(stats))


def remember_model(settings: Settings, path: str) -> Settings:
    models = msgspec.structs.replace(settings.models, last=path)
    return msgspec.structs.replace(settings, models=models)
