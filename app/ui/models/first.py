"""Which model is loaded when the window opens: the one named, else the one used last, else one
that is found. Main thread; names are looked up and folders looked through elsewhere.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from PySide6.QtCore import QObject

from app.core.errors import to_info
from app.hub.library import Library
from app.ui.bridge import Answers, Bridge
from app.ui.events import Event, LibraryChanged, ModelChanged, ModelChoice, ModelFailed
from app.ui.header.panel import Models
from app.ui.header.switch import choice_of, choice_of_model
from app.ui.preferences import Preferences


class FirstModel(QObject):
    def __init__(self, models: Models, bridge: Bridge, preferences: Preferences) -> None:
        super().__init__(bridge)
        self._models = models
        self._bridge = bridge
        self._preferences = preferences
        self._answers = Answers(self)
        self._waiting = False  # for the first look at what is there
        bridge.arrived.connect(self._follow)

    def begin(self, named: Path | None, lane: Executor, find: Callable[[str], Path]) -> None:
        settings = self._preferences.value
        if named is not None:
            self._answers.take(lane.submit(find, str(named)), self._load, self._not_found)
        elif not settings.general.load_at_start and settings.models.last:
            return
        elif settings.models.last and Path(settings.models.last).is_file():
            self._load(Path(settings.models.last))
        else:
            self._waiting = True

    def _follow(self, event: Event) -> None:
        if not self._waiting:
            return
        match event:
            case LibraryChanged(library=library):
                self._choose(library)  # there may be none yet: the first that comes is taken
            case ModelChanged():
                self._waiting = False  # somebody was quicker
            case _:
                pass

    def _choose(self, library: Library) -> None:
        """The one that ships answers at once; else the first there is."""
        chats = library.of_kind("chat")
        found = next((model for model in chats if model.source == "starter"), None)
        found = found or next(iter(chats), None)
        if found is not None:
            self._waiting = False
            self._models.load(choice_of_model(found))

    def _load(self, path: Path) -> None:
        self._models.load(choice_of(path))

    def _not_found(self, error: BaseException) -> None:
        failed = ModelFailed(ModelChoice("", "No model"), to_info(error))
        self._bridge.post(ModelChanged(failed))
