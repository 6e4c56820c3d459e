"""Switching the model that answers: loads, cancels, unloads, and tells the window what came of it.

Verbs on the main thread; the pool answers on its own, and what changed is posted. An answer to
a load that was given up or replaced meanwhile is dropped.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from app.core.generator import Sink
from app.core.ids import RequestId
from app.core.paths import shipped_models
from app.core.protocol import CHAT, Failed, Loaded, LoadProgress, RequestEvent
from app.hub.models import Model
from app.hub.names import GUIDE, read_name
from app.ui.events import (
    Event,
    ModelChanged,
    ModelChoice,
    ModelFailed,
    ModelLoading,
    ModelReady,
    NoModel,
)
from app.workers.pool import Pool


class LoadFile(Protocol):
    def __call__(self, path: Path, sink: Sink, *, fresh: bool = False) -> RequestId: ...


class ModelSwitch:
    def __init__(self, load: LoadFile, pool: Pool, post: Callable[[Event], None]) -> None:
        self._load_file = load
        self._pool = pool
        self._post = post
        self._load = 0  # which load is the newest
        self._request: RequestId | None = None
        self._answering: ModelReady | None = None  # again, when another load is cancelled

    def reload(self, choice: ModelChoice) -> None:
        """In a new process, as the settings are now; what it is answering is stopped."""
        self.load(choice, fresh=True)

    def load(self, choice: ModelChoice, *, fresh: bool = False) -> None:
        self._load += 1
        load = self._load

        def sink(event: RequestEvent) -> None:
            if load != self._load:
                return
            match event:
                case LoadProgress(fraction=fraction, step=step):
                    self._post(ModelChanged(ModelLoading(choice, fraction, step)))
                case Loaded(info=info):
                    self._answering = ModelReady(choice, info)
                    self._post(ModelChanged(self._answering))
                case Failed(error=error):
                    self._post(ModelChanged(ModelFailed(choice, error)))
                case _:
                    pass

        if self._answering and self._answering.choice == choice:
            self._answering = None  # it is loaded anew
        self._post(ModelChanged(ModelLoading(choice)))
        self._request = self._load_file(Path(choice.path), sink, fresh=fresh)

    def cancel_load(self) -> None:
        self._load += 1
        if self._request is not None:
            self._pool.cancel(self._request)
        self._post(ModelChanged(self._answering or NoModel()))

    def unload(self) -> None:
        self._load += 1
        self._answering = None
        self._pool.unload(CHAT)
        self._post(ModelChanged(NoModel()))


def choice_of(path: Path) -> ModelChoice:
    if path.parent == shipped_models():
        return _guide(path)
    name = read_name(path.name)
    return ModelChoice(str(path), name.title, name.quantization)


def choice_of_model(model: Model) -> ModelChoice:
    if model.source == "starter":
        return _guide(model.path)
    return ModelChoice(str(model.path), model.title, model.quantization)


def _guide(path: Path) -> ModelChoice:
    """The model that comes with the app: small, and good for a first look around."""
    return ModelChoice(str(path), GUIDE, "comes with the app")
