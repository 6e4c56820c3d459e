from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    assert worker.end() == 0


@pytest.fixture
def tiny(worker: Worker, tiny_model: Path) -> Worker:
    worker.load(tiny_model, chat_ctx=2048)
    return worker
