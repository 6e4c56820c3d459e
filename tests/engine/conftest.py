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
def tiny(worker: Worker, tiny_model: Path) -> Worker:
    worker.load(tiny_model, chat_ctx=2048)
    return worker
