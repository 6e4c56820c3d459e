"""The log file: what our rooms say, and none of the addresses that libraries would note."""

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.core.logs import start_logging


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield tmp_path / "app.log"
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize("verbose", [False, True])
def test_no_address_is_logged(file: Path, *, verbose: bool) -> None:
    """Those of a file host open it to whoever reads them; a search says what someone looks for."""
    start_logging(file, verbose=verbose)
    logging.getLogger("app.hub").info("here")
    answers = httpx2.MockTransport(lambda request: httpx2.Response(200))
    with httpx2.Client(transport=answers) as client:
        client.get("https://files.example/x?Signature=secret")
    text = file.read_text("utf-8")
    assert "here" in text
    assert "files.example" not in text
