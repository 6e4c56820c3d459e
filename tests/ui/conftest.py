"""What every test of the window needs."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def _empty_clipboard(qapp: QApplication) -> Iterator[None]:
    """The hidden screen frees its clipboard after Python has gone, which crashes the exit."""
    yield
    QGuiApplication.clipboard().clear()
