"""A text that is only read, such as a README: shown from its top, a piece at a time.

Main thread. Until the viewport is full each block is laid out in a turn of its own, so that no
text holds the window up; what lies below is laid out when it is scrolled to.
"""

import re
from collections.abc import Iterator

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.ui.theme import Theme
from app.ui.transcript.caps import link_definitions, parts
from app.ui.transcript.items import ItemId, MessageItem
from app.ui.transcript.view import Transcript

_LABEL = re.compile(r"\[([^\[\]]+)\]")


class Reader(Transcript):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._left: list[MessageItem] = []
        self._soon = QTimer(self, interval=0)
        self._soon.timeout.connect(self._show_more)

    def show_text(self, text: str) -> None:
        """Markdown."""
        self.set_items(())
        self._list.following = False
        self._left = _pieces(text)
        self._soon.start()

    def _show_more(self) -> None:
        if self._idle.isActive():
            return  # the one before is still being laid out
        at, unseen = len(self._list.rows), self._list.way > 0
        count = len(self._left) if unseen else 1  # those out of sight are not laid out yet
        self._list.insert(at, self._left[:count], self._means)
        self._left = self._left[count:]
        self._settle()
        if at < len(self._list.rows):
            self._paint_from(at, 0.0, self._list.top)
        if not self._left:
            self._soon.stop()


def _pieces(text: str) -> list[MessageItem]:
    defined: dict[str, str] = {}
    for line in link_definitions(text).split("\n"):
        for label in _labels(line)[:1]:
            defined.setdefault(label, line)
    return [
        MessageItem(
            id=ItemId(f"piece-{number}"),
            role="assistant",
            text=_with_its_links(piece, defined),
            footer=False,
            continues=number > 0,
        )
        for number, piece in enumerate(_blocks(text))
    ]


def _with_its_links(piece: str, defined: dict[str, str]) -> str:
    """Only what it names: a changelog may define a thousand."""
    named = (defined.get(label) for label in dict.fromkeys(_labels(piece)))
    return "\n\n".join([*(line for line in named if line and line not in piece), piece])


def _labels(text: str) -> list[str]:
    return [" ".join(label.casefold().split()) for label in _LABEL.findall(text)]


def _blocks(text: str) -> Iterator[str]:
    """A heading stays with what it is above."""
    held = ""
    for part in parts(text, length=1) if text else ():
        held += part.text
        if not held.rstrip().rpartition("\n")[2].startswith("#"):
            yield held
            held = ""
    if held:
        yield held
