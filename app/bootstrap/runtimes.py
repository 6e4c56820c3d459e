"""Engines on another build of llama.cpp: how they are started with it, and how it is tried.

Any thread; a trial blocks for seconds. Always true: only what `Runtimes` verified is handed to
an engine, and what cannot be loaded there leaves the engine on the app's own build.
"""

import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import closing
from pathlib import Path

import msgspec

from app.core.errors import KnownError, from_info
from app.core.ids import new_request_id
from app.core.protocol import Failed, Finished, Generate, Loaded, ModelSpec, RequestEvent
from app.core.sampling import GREEDY
from app.hub.library import Library
from app.hub.runtimes import Runtimes, Trial
from app.workers.greeting import greet
from app.workers.pool import Pool
from app.workers.process import Launch, engine_launch

_TRIAL_CTX, _TRIAL_TOKENS = 2048, 4
_TRIAL_S = 120.0
_TRIAL_MODEL_BYTES = 4 << 30  # larger ones take too long to load for a trial


def runtime_launch(runtimes: Runtimes) -> Launch:
    """The engine's start, with the runtime that is in use."""
    active = runtimes.active()
    launch = engine_launch()
    if active.libraries is None:
        return launch
    return _launch(launch, active.name, active.libraries, runtimes.refusal_note)


def _launch(launch: Launch, name: str, libraries: Path, note: Path) -> Launch:
    runtime = {
        "LLAMA_CHAT_RUNTIME": str(libraries),
        "LLAMA_CHAT_RUNTIME_NAME": name,
        "LLAMA_CHAT_RUNTIME_NOTE": str(note),
    }
    return msgspec.structs.replace(launch, environment=launch.environment | runtime)


def make_trial(library: Callable[[], Library]) -> Trial:
    """Starts an engine on it and, where there is a model small enough, has it say something:
    builds for other processors start well and die of the first computation."""

    def trial(libraries: Path) -> str:
        name = libraries.parents[1].name
        with tempfile.TemporaryDirectory(prefix="llama-chat-") as folder:
            note = Path(folder) / "note"
            launch = _launch(engine_launch(), name, libraries, note)
            try:
                hello = greet(launch)
                if hello.versions.get("runtime") != name:
                    return _noted(note)
                if model := _small_model(library()):
                    _speak(launch, model)
            except KnownError as error:
                return _noted(note) if note.exists() else error.message.rstrip(".")
        return ""

    return trial


def _noted(note: Path) -> str:
    lines = note.read_text("utf-8").splitlines() if note.exists() else []
    return lines[1] if len(lines) > 1 else "it cannot be loaded"


def _small_model(library: Library) -> Path | None:
    found = [one for one in library.of_kind("chat") if one.size < _TRIAL_MODEL_BYTES]
    smallest = min(found, key=lambda model: model.size, default=None)
    return smallest.path if smallest else None


def _speak(launch: Launch, model: Path) -> None:
    with closing(Pool(launch=launch)) as pool:
        loaded: Future[RequestEvent] = Future()
        pool.load(ModelSpec(path=str(model), chat_ctx=_TRIAL_CTX), sink=_ending(loaded))
        said: Future[RequestEvent] = Future()
        try:
            loaded.result(_TRIAL_S)
            request = Generate(
                request_id=new_request_id(),
                prompt="Hello",
                sampling=GREEDY,
                max_tokens=_TRIAL_TOKENS,
                persist=False,
            )
            pool.submit(request, _ending(said))
            said.result(_TRIAL_S)
        except FutureTimeout as error:
            raise KnownError("it gave no answer in time") from error


def _ending(future: "Future[RequestEvent]") -> Callable[[RequestEvent], None]:
    def sink(event: RequestEvent) -> None:
        match event:
            case Loaded() | Finished():
                future.set_result(event)
            case Failed(error=error):
                future.set_exception(from_info(error))
            case _:
                pass

    return sink
