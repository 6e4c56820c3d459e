"""How far search by meaning has come, and a model for it by one press where there is none.

Main thread; the count is made elsewhere, again every few seconds while it is looked at.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app.core.downloads import DownloadId, DownloadRemoved, DownloadState
from app.core.errors import to_info
from app.hub.suggestions import EMBEDDER, Suggestion
from app.storage.embeddings import Standing
from app.ui.bridge import Answers, Bridge
from app.ui.events import Event, LibraryChanged
from app.ui.models.figures import progress, size
from app.ui.settings.page import Panel

_EVERY_MS = 3_000
_NONE = "Chats are searched by words alone. With a small model they are found by meaning too."
_OFF = "Chats are searched by words alone."


class MeaningPanel(Panel):
    def __init__(
        self,
        standing: Callable[[], "Future[Standing] | None"],
        is_wanted: Callable[[], bool],
        fetch: Callable[[Suggestion], "Future[Any]"],
        bridge: Bridge,
    ) -> None:
        """`is_wanted`: whether no model on this machine could do it."""
        super().__init__()
        self._standing = standing
        self._is_wanted = is_wanted
        self._fetch = fetch
        self._told = ""
        self._download: DownloadId | None = None
        self._done = False
        self._answers = Answers(self)
        self.title, self.said = QLabel("Search by meaning"), QLabel()
        self.title.setProperty("kind", "heading")
        self.title.setContentsMargins(0, 12, 0, 0)
        self.said.setProperty("kind", "small")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.get = QPushButton()
        self.get.setProperty("kind", "plain")
        self.get.clicked.connect(self._press)
        self._again = QTimer(self, interval=_EVERY_MS, singleShot=True)
        self._again.timeout.connect(self._look_again)
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.get)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addLayout(row)
        self._offer()
        bridge.arrived.connect(self._follow)

    def refresh(self) -> None:
        standing = self._standing()
        if standing is not None:
            self.get.hide()
            self._answers.take(standing, self._show, lambda _: self._again.start())
            return
        self._again.start()
        wanted = self._is_wanted()
        self.get.setVisible(wanted)
        self.said.setText((self._told or _NONE) if wanted else _OFF)

    def _show(self, standing: Standing) -> None:
        self._again.start()  # only now: on a slow disk counts must not pile up
        done, total = min(standing.done, standing.total), standing.total
        if done < total:
            self.said.setText(f"{done:,} of {total:,} messages can be found by meaning.")
        else:
            self.said.setText(f"All {total:,} messages can be found by meaning.")

    def _look_again(self) -> None:
        if self.isVisible():
            self.refresh()

    def _follow(self, event: Event) -> None:
        match event:
            case DownloadState() if event.download.repository == EMBEDDER.repository:
                self._download, self._done = event.id, event.download.state == "done"
                self._tell(progress(event), may_press=event.download.state == "failed")
            case DownloadRemoved() if event.download_id == self._download:
                self._tell("", may_press=True)
            case LibraryChanged() if self._done:  # it may be gone again
                self._tell("", may_press=True)
            case _:
                pass

    def _tell(self, text: str, *, may_press: bool) -> None:
        """What becomes of the press; empty: what could be had by one."""
        self._told = text
        self.get.setEnabled(may_press)
        if not self.get.isHidden():
            self.said.setText(text or _NONE)

    def _offer(self) -> None:
        self.get.setText(f"Get it · {size(EMBEDDER.bytes)}")
        self.get.setAccessibleName(f"Get {EMBEDDER.title}, {size(EMBEDDER.bytes)}")
        self.get.setToolTip(f"{EMBEDDER.title}: {EMBEDDER.good_for} ({EMBEDDER.licence})")

    def _press(self) -> None:
        self._tell("Asking the hub…", may_press=False)
        self._answers.take(self._fetch(EMBEDDER), lambda _: None, self._failed)

    def _failed(self, error: BaseException) -> None:
        self._tell(to_info(error).message, may_press=True)
