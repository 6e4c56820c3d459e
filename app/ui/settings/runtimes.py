"""The engine builds section: which suit this machine, which are installed, which is used.

Main thread; looking, fetching, compiling and trying are done elsewhere, one at a time. A build is
used from the next load of a model on, and only when a trial in a process of its own went well.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout

from app.core.errors import to_info
from app.hub.control import Stopped
from app.ui.bridge import Answers
from app.ui.controls import Elided, Flow, plain_tip
from app.ui.models.figures import size
from app.ui.models.rows import Mark, Row, RowList
from app.ui.settings.page import Panel
from app.ui.theme import Theme

OWN = "built-in"
_STEPS = 1000
_ROWS = 5  # before the list scrolls


class Build(msgspec.Struct, frozen=True):
    """One that suits this machine, or one that is installed."""

    name: str  # of an installed one, else of its kind
    title: str
    about: str
    installed: bool = False
    used: bool = False
    bytes: int = 0


# What is being said, how much is done, of how much; called on another thread.
Report = Callable[[str, int, int], None]


class Builds(Protocol):
    can_compile: bool

    def look(self) -> "Future[Sequence[Build]]": ...

    def install(self, name: str, report: Report) -> "Future[str]":
        """Fetches, verifies and tries it."""
        ...

    def compile(self, name: str, report: Report) -> "Future[str]":
        """Makes it on this machine, which takes minutes, and tries it."""
        ...

    def stop(self) -> None:
        """What is being fetched or compiled is given up."""
        ...

    def use(self, name: str) -> "Future[None]": ...

    def remove(self, name: str) -> "Future[None]": ...


class RuntimesPanel(Panel):
    progressed = Signal(str, object, object)

    def __init__(self, builds: Builds, theme: Theme) -> None:
        super().__init__()
        self._builds = builds
        self._theme = theme
        self._answers = Answers(self)
        self._known: dict[str, Build] = {}
        self._busy = False  # one is being fetched, compiled or tried
        self.list = RowList("Engine builds", theme)
        self.take, self.drop = QPushButton("Use"), QPushButton("Delete")
        self.compile, self.stop = QPushButton("Compile here"), QPushButton("Cancel")
        self.bar = QProgressBar()
        self.said = QLabel("Looking at this machine…")
        self.log = Elided()
        self._lay_out()
        self.list.chosen.connect(self._show_verbs)
        self.take.clicked.connect(self._take)
        self.compile.clicked.connect(self._compile)
        self.drop.clicked.connect(self._remove)
        self.stop.clicked.connect(self._stop)
        self.progressed.connect(self._went_on, Qt.ConnectionType.QueuedConnection)

    def _lay_out(self) -> None:
        self.said.setProperty("kind", "small")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.log.setProperty("kind", "small")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the build")
        self.compile.setToolTip("Built from source for this machine; needs a compiler and minutes")
        row = Flow()
        for button in (self.take, self.compile, self.drop, self.stop):
            button.setProperty("kind", "plain")
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.list)
        column.addLayout(row)
        for part in (self.said, self.bar, self.log):
            column.addWidget(part)
        self._fit()
        self._show_verbs()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.list.set_theme(theme)
        self._fit()

    def _fit(self) -> None:
        rows = min(max(len(self._known), 1), _ROWS)
        self.list.setFixedHeight(round(rows * self._theme.px(50) + 4))

    def refresh(self) -> None:
        self._answers.take(self._builds.look(), self._looked, self._failed)

    def shutdown(self) -> None:
        self._builds.stop()

    def _looked(self, builds: Sequence[Build]) -> None:
        self._known = {build.name: build for build in builds}
        self.list.show_rows([_row(build) for build in builds])
        self._fit()
        if self.said.text().startswith("Looking"):
            self.said.setText("A build is used from the next time a model is loaded.")
        self._show_verbs()

    def _show_verbs(self) -> None:
        build, free = self._known.get(self.list.key), not self._busy
        offered = build is not None and not build.installed
        self.take.setEnabled(free and build is not None and not build.used)
        self.take.setText("Install and use" if offered else "Use")
        self.compile.setVisible(self._builds.can_compile)
        self.compile.setEnabled(free and offered)
        removable = build is not None and build.installed and build.name != OWN
        self.drop.setEnabled(free and removable)
        for part in (self.stop, self.bar, self.log):
            part.setVisible(self._busy)

    # -- what can be done

    def _take(self) -> None:
        build = self._known.get(self.list.key)
        if build is None:
            return
        if build.installed:
            self._begin("Trying it…", self._builds.use(build.name))
        else:
            fetching = self._builds.install(build.name, self.progressed.emit)
            self._begin(f"Fetching {build.title}…", fetching)

    def _compile(self) -> None:
        build = self._known.get(self.list.key)
        if build is not None:
            compiling = self._builds.compile(build.name, self.progressed.emit)
            self._begin(f"Compiling {build.title}: this takes some minutes.", compiling)

    def _begin(self, said: str, making: "Future[Any]") -> None:
        self._busy = True
        self.said.setText(said)
        self.log.clear()
        self.bar.setRange(0, 0)
        self._show_verbs()
        self._answers.take(making, self._done, self._failed)

    def _remove(self) -> None:
        self._answers.take(self._builds.remove(self.list.key), self._done, self._failed)

    def _stop(self) -> None:
        self.said.setText("Stopping…")
        self._builds.stop()

    def _went_on(self, line: str, done: int, total: int) -> None:
        self.log.setText(line)
        self.log.setToolTip(plain_tip(line))
        self.bar.setRange(0, _STEPS if total else 0)
        self.bar.setValue(_STEPS * done // max(total, 1))

    def _done(self, _: object) -> None:
        self._busy = False
        self.said.setText("It holds from the next time a model is loaded.")
        self._show_verbs()
        self.refresh()

    def _failed(self, error: BaseException) -> None:
        self._busy = False
        stopped = isinstance(error, Stopped)
        self.said.setText("It was stopped." if stopped else to_info(error).message)
        self._show_verbs()


def _row(build: Build) -> Row:
    marks = [Mark("in use", "accent")] if build.used else []
    if build.installed and not build.used:
        marks.append(Mark("installed"))
    about = f"{build.about} · {size(build.bytes)}" if build.bytes else build.about
    return Row(build.name, build.title, about or " ", tuple(marks))
