"""Which model is loaded when the window opens: the one named, else the one used last, else the
built-in guide, else one that is found. Main thread; names are looked up and folders looked
through elsewhere.

Always true: where the guide answers for want of any other, the first model that comes is loaded by
itself; and a model that was chosen is still the one remembered.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from PySide6.QtCore import QObject

from app.core.errors import to_info
from app.core.paths import starter
from app.hub.library import Library
from app.ui.bridge import Answers, Bridge
from app.ui.events import (
    Event,
    LibraryChanged,
    ModelChanged,
    ModelChoice,
    ModelFailed,
    ModelState,
    NoModel,
)
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
        self._waiting = False  # for a model to come
        self._guided = False  # meanwhile
        self._seen_none = False  # of people's own
        bridge.arrived.connect(self._follow)

    def begin(self, named: Path | None, lane: Executor, find: Callable[[str], Path]) -> None:
        settings = self._preferences.value
        last = settings.models.last
        if Path(last).name == starter().name and not Path(last).is_file():
            last = str(starter())  # the app may lie elsewhere than it did
        if named is not None:
            self._answers.take(lane.submit(find, str(named)), self._load, self._not_found)
        elif not settings.general.load_at_start and last:
            return
        elif last and last != str(starter()) and Path(last).is_file():
            self._load(Path(last))
        else:
            self._waiting = True
            self._guided = last in ("", str(starter())) and starter().is_file()
            if self._guided:
                self._load(starter())

    def _follow(self, event: Event) -> None:
        if not self._waiting:
            return
        match event:
            case LibraryChanged(library=library):
                self._choose(library)  # there may be none yet: the first that comes is taken
            case ModelChanged(state=state):
                self._waiting = self._guided and _of_the_guide(state)  # else somebody was quicker
            case _:
                pass

    def _choose(self, library: Library) -> None:
        own = [model for model in library.of_kind("chat") if model.source != "starter"]
        if not own:
            self._seen_none = True
            if not self._guided and starter().is_file():  # what was chosen is away
                self._guided = True
                self._load(starter())
        elif self._guided and not self._seen_none:
            self._waiting = False  # they were there before: which of them is for people to say
        else:
            self._waiting = False
            self._models.load(choice_of_model(own[0]))

    def _load(self, path: Path) -> None:
        self._models.load(choice_of(path))

    def _not_found(self, error: BaseException) -> None:
        failed = ModelFailed(ModelChoice("", "No model"), to_info(error))
        self._bridge.post(ModelChanged(failed))


def _of_the_guide(state: ModelState) -> bool:
    return not isinstance(state, NoModel) and state.choice.built_in
