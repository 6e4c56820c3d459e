"""What is on its way here: one line each with progress and its verbs. Main thread.

Follows the bridge, so it shows what an earlier run left, too.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.core.downloads import DownloadId, DownloadRemoved, DownloadState
from app.ui.bridge import Bridge
from app.ui.controls import Elided, IconButton, plain_tip
from app.ui.events import Event
from app.ui.models.figures import progress
from app.ui.models.shelf import Shelf
from app.ui.theme import Theme

_STEPS = 1000


class DownloadStrip(QWidget):
    finished = Signal(object)  # the `Download` that is here now

    def __init__(self, shelf: Shelf, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._shelf = shelf
        self._theme = theme
        self.lines: dict[DownloadId, _Line] = {}
        heading = QLabel("Downloads")
        heading.setProperty("kind", "small")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(8, 6, 8, 6)
        self._column.setSpacing(6)
        self._column.addWidget(heading)
        self.hide()
        bridge.arrived.connect(self._follow)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for line in self.lines.values():
            line.set_theme(theme)

    def _follow(self, event: Event) -> None:
        match event:
            case DownloadState(download=download) if download.state == "done":
                self._drop(download.id)
                self.finished.emit(download)
            case DownloadState():
                self.show_state(event)
            case DownloadRemoved(download_id=gone):
                self._drop(gone)
            case _:
                pass

    def show_state(self, state: DownloadState) -> None:
        line = self.lines.get(state.id)
        if line is None:
            line = self.lines[state.id] = _Line(self._shelf, self._theme)
            self._column.addWidget(line)
        line.show_state(state)
        self.setVisible(True)

    def _drop(self, gone: DownloadId) -> None:
        line = self.lines.pop(gone, None)
        if line is not None:
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.setVisible(bool(self.lines))


class _Line(QWidget):
    def __init__(self, shelf: Shelf, theme: Theme) -> None:
        super().__init__()
        self._shelf = shelf
        self._state: DownloadState | None = None
        self.title = Elided()
        self.words = Elided()
        self.words.setProperty("kind", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _STEPS)
        self.go = IconButton("pause", "Pause", theme)
        self.drop = IconButton("close", "Cancel", theme)
        self.go.clicked.connect(self._turn)
        self.drop.clicked.connect(self._cancel)
        top = QHBoxLayout()
        top.setSpacing(2)
        top.addWidget(self.title, 1)
        top.addWidget(self.go)
        top.addWidget(self.drop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addWidget(self.words)

    def set_theme(self, theme: Theme) -> None:
        self.go.set_theme(theme)
        self.drop.set_theme(theme)

    def show_state(self, state: DownloadState) -> None:
        download = state.download
        changed = self._state is None or self._state.download.state != download.state
        self._state = state
        said = progress(state)
        self.title.setText(download.title)
        self.words.setText(said)
        self.words.setToolTip(plain_tip(said))
        self.words.setAccessibleName(f"{download.title}: {said}")
        self.bar.setValue(round(_STEPS * state.received / max(download.size, 1)))
        self.bar.setAccessibleName(f"Progress of {download.title}")
        if changed:
            self._show_verbs(download.title)

    def _show_verbs(self, title: str) -> None:
        state = self._state.download.state if self._state else "queued"
        icon, verb = {
            "running": ("pause", "Pause"),
            "queued": ("pause", "Pause"),
            "paused": ("continue", "Resume"),
            "failed": ("reload", "Try again"),
            "done": ("check", "Done"),
        }[state]
        self.go.show_icon(icon)
        self.go.label(f"{verb}: {title}")
        self.drop.label(f"Cancel: {title}")

    def _turn(self) -> None:
        if self._state is None:
            return
        match self._state.download.state:
            case "running" | "queued":
                self._shelf.pause(self._state.id)
            case "paused":
                self._shelf.resume(self._state.id)
            case "failed":
                self._shelf.retry(self._state.id)
            case "done":
                pass

    def _cancel(self) -> None:
        if self._state is not None:
            self._shelf.cancel(self._state.id)
