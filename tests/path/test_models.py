"""Which model answers, while models load, fail and change places."""

import threading
from pathlib import Path
from typing import Any

from app.bootstrap.models import Models
from app.chat.traffic import Traffic
from app.core.errors import ErrorInfo
from app.core.generator import Sink
from app.core.ids import RequestId
from app.core.protocol import Failed, Loaded, ModelInfo, ModelSpec
from tests.core.test_calibration import info

A, B = Path("/a.gguf"), Path("/b.gguf")


class Pool:
    """Loads when it is told to."""

    def __init__(self) -> None:
        self.sinks: dict[str, Sink] = {}

    def load(self, spec: ModelSpec, *, sink: Sink, **_: Any) -> RequestId:
        self.sinks[spec.path] = sink
        return RequestId(spec.path)

    def end(self, path: Path, *, well: bool) -> None:
        id_ = RequestId(str(path))
        error = ErrorInfo("known", "No.")
        loaded = Loaded(request_id=id_, info=info(0))
        self.sinks[str(path)](loaded if well else Failed(request_id=id_, error=error))


def made() -> tuple[Models, Pool, list[str]]:
    pool, told = Pool(), list[str]()

    def answering(path: str, _: ModelInfo) -> None:
        told.append(path)

    traffic: Any = Traffic(pool)  # pyright: ignore
    models = Models(
        pool,  # pyright: ignore
        traffic,
        lambda path: ModelSpec(path=str(path)),
        lambda: 1,
        answering,
    )
    return models, pool, told


def test_a_load_that_fails_does_not_take_the_place_of_a_later_one() -> None:
    models, pool, told = made()
    for path in (A, B):
        models.load(path, lambda _: None)
    pool.end(A, well=False)
    pool.end(B, well=True)
    assert (models.current, told) == (str(B), [str(B)])


def test_when_a_load_fails_the_model_before_answers_again() -> None:
    models, pool, _ = made()
    models.load(A, lambda _: None)
    pool.end(A, well=True)
    models.load(B, lambda _: None)
    pool.end(B, well=False)
    assert models.current == str(A)


def test_whoever_needs_the_model_waits_for_its_load_and_then_knows_its_window() -> None:
    models, pool, told = made()
    models.ready("")  # nothing loads: whoever asks is told so
    models.load(A, lambda _: None)
    known: list[list[str]] = []

    def ask() -> None:
        models.ready("")
        known.append([*told])

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.05)
    assert not known
    pool.end(A, well=True)
    asking.join(5)
    assert known == [[str(A)]]


def test_a_model_that_was_loaded_all_along_is_the_one_that_answers_again() -> None:
    models, pool, told = made()
    for path in (A, B, A):
        models.load(path, lambda _: None)
        pool.end(path, well=True)
    assert (models.current, told) == (str(A), [str(A), str(B), str(A)])
