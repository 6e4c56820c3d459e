from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import _built
from tests.engine.worker import Worker


@pytest.fixture(scope="session")
def built_model() -> Callable[[str], Path]:
    """Any generated model, by its kind."""
    return _built


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    assert worker.end() == 0


@pytest.fixture
def fresh_tiny(worker: Worker, tiny_model: Path) -> Worker:
    """A process of its own, with nothing cached yet."""
    worker.load(tiny_model, chat_ctx=2048)
    return worker


@pytest.fixture(scope="module")
def shared_tiny(tiny_model: Path) -> Iterator[Worker]:
    worker = Worker()
    worker.load(tiny_model, chat_ctx=2048)
    yield worker
    assert worker.end() == 0


@pytest.fixture
def tiny(shared_tiny: Worker) -> Worker:
    """A process that other tests of the module use too."""
    shared_tiny.seen.clear()
    shared_tiny.frames.clear()
    return shared_tiny
