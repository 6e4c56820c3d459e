"""The engine builds section: which suit this machine, which are installed, which is used.

Main thread; looking, fetching and trying are done elsewhere. A build is used from the next load
of a model on, and only when a trial in a process of its own went well.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from app.core.errors import to_info
from app.ui.bridge import Answers
from app.ui.models.figures import size
from app.ui.models.rows import Mark, Row, RowList
from app.ui.settings.page import Panel
from app.ui.theme import Theme

OWN = "built-in"


class Build(msgspec.Struct, frozen=True):
    """One that suits this machine, or one that is installed."""

    name: str  # of an installed one, else of its kind
    title: str
    about: str
    installed: bool = False
    used: bool = False
    bytes: int = 0


class Builds(Protocol):
    def look(self) -> "Future[Sequence[Build]]": ...

    def install(self, name: str, report: Callable[[int, int], None]) -> "Future[str]":
        """Fetches, verifies and tries it; `report` is called on another thread."""
        ...

    def use(self, name: str) -> "Future[None]": ...

    def remove(self, name: str) -> "Future[None]": ...


class RuntimesPanel(Panel):
    words = "runtime build backend cuda vulkan metal rocm gpu engine llama.cpp"
    progressed = Signal(int, int)

    def __init__(self, builds: Builds, theme: Theme) -> None:
        super().__init__()
        self._builds = builds
        self._answers = Answers(self)
        self._known: dict[str, Build] = {}
        self.list = RowList("Engine builds", theme)
        self.take, self.drop = QPushButton("Use"), QPushButton("Delete")
        self.bar = QProgressBar()
        self.said = QLabel("Looking at this machine…")
        self._lay_out()
        self.list.chosen.connect(self._show_verbs)
        self.take.clicked.connect(self._take)
        self.drop.clicked.connect(self._remove)
        self.progressed.connect(self._went_on, Qt.ConnectionType.QueuedConnection)

    def _lay_out(self) -> None:
        self.said.setProperty("kind", "small")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the build")
        self.bar.hide()
        self.list.setFixedHeight(220)
        row = QHBoxLayout()
        for button in (self.take, self.drop):
            button.setProperty("kind", "plain")
            button.setEnabled(False)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.list)
        column.addLayout(row)
        column.addWidget(self.bar)
        column.addWidget(self.said)

    def set_theme(self, theme: Theme) -> None:
        self.list.set_theme(theme)

    def refresh(self) -> None:
        self._answers.take(self._builds.look(), self._looked, self._failed)

    def _looked(self, builds: Sequence[Build]) -> None:
        self._known = {build.name: build for build in builds}
        self.list.show_rows([_row(build) for build in builds])
        if self.said.text().startswith("Looking"):
            self.said.setText("A build is used from the next time a model is loaded.")
        self._show_verbs()

    def _show_verbs(self) -> None:
        build = self._known.get(self.list.key)
        self.take.setEnabled(build is not None and not build.used)
        self.take.setText("Install and use" if build and not build.installed else "Use")
        self.drop.setEnabled(build is not None and build.installed and build.name != OWN)

    def _take(self) -> None:
        build = self._known.get(self.list.key)
        if build is None:
            return
        self.take.setEnabled(False)
        if build.installed:
            self.said.setText("Trying it…")
            self._answers.take(self._builds.use(build.name), self._done, self._failed)
        else:
            self.said.setText("Fetching it…")
            self.bar.setRange(0, 0)
            self.bar.show()
            installing = self._builds.install(build.name, self.progressed.emit)
            self._answers.take(installing, self._done, self._failed)

    def _remove(self) -> None:
        self._answers.take(self._builds.remove(self.list.key), self._done, self._failed)

    def _went_on(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)

    def _done(self, _: object) -> None:
        self.bar.hide()
        self.said.setText("It holds from the next time a model is loaded.")
        self.refresh()

    def _failed(self, error: BaseException) -> None:
        self.bar.hide()
        self.said.setText(to_info(error).message)
        self._show_verbs()


def _row(build: Build) -> Row:
    marks = [Mark("in use", "accent")] if build.used else []
    if build.installed and not build.used:
        marks.append(Mark("installed"))
    about = f"{build.about} · {size(build.bytes)}" if build.bytes else build.about
    return Row(build.name, build.title, about or " ", tuple(marks))
