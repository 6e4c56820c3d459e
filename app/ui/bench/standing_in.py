"""Nobody behind the window: every verb is taken and nothing comes of it."""

from collections.abc import Callable
from typing import Any


class Nobody:
    def __getattr__(self, verb: str) -> Callable[..., Any]:
        return _nothing


def _nothing(*_: object, **__: object) -> None:
    return None
