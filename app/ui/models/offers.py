"""Three models for someone who has none yet, on the empty page: one press fetches one.

Main thread. Shown only while there is nothing better here than the built-in guide; a fetched
model is loaded by itself, so that there is nothing to click through.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.downloads import DownloadId, DownloadRemoved, DownloadState
from app.core.errors import to_info
from app.hub.library import Library
from app.hub.suggestions import Suggestion
from app.ui.bridge import Answers, Bridge
from app.ui.controls import Elided, plain_tip
from app.ui.events import Event, LibraryChanged
from app.ui.models.figures import progress, size

if TYPE_CHECKING:
    from app.ui.models.shelf import Shelf

_NONE = "There is no model on this computer yet. These suit it; one press fetches one."
_GUIDE = "The built-in guide is small. These suit this computer and know far more."
_WORDS = 4  # times as wide as the button, which so is as wide as the others


class Offers(QWidget):
    turned = Signal()  # shown or hidden
    more_wanted = Signal()

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._answers = Answers(self)
        self._shelf: Shelf | None = None
        self._library: Library | None = None
        self.cards: list[_Offer] = []
        self.heading = QLabel(_NONE)
        self.heading.setProperty("kind", "small")
        self.heading.setWordWrap(True)
        self.more = QPushButton("See all models")
        self.more.setProperty("kind", "link")
        self.more.clicked.connect(self._more)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.more)
        self.hide()
        bridge.arrived.connect(self._follow)

    def open(self, shelf: "Shelf") -> None:
        self._shelf = shelf
        self._show()

    def _follow(self, event: Event) -> None:
        match event:
            case LibraryChanged(library=library):
                self._library = library
                for card in self.cards:
                    if card.done:  # it may be gone again, or broken
                        card.idle()
                self._show()
            case DownloadState():
                self._went_on(event)
            case DownloadRemoved(download_id=gone):
                for card in self.cards:
                    if card.download == gone:
                        card.idle()
            case _:
                pass

    def _show(self) -> None:
        if self._shelf is None or self._library is None:
            return
        chats = self._library.of_kind("chat")
        wanted = all(model.source == "starter" for model in chats)
        if wanted and not self.cards:
            self._answers.take(self._shelf.suggestions(), self._suggested)
        self.heading.setText(_GUIDE if chats else _NONE)
        if wanted == self.isHidden():
            self.setVisible(wanted)
            self.turned.emit()

    def _suggested(self, suggested: list[Suggestion]) -> None:
        if self.cards or self._shelf is None:
            return
        for number, one in enumerate(suggested):
            card = _Offer(one, best=number == 0)
            card.wanted.connect(self._fetch)
            self.cards.append(card)
            self._column.insertWidget(1 + number, card)
        for state in self._shelf.on_the_way():  # what an earlier run left
            self._went_on(state)
        self.turned.emit()

    def _fetch(self, suggestion: Suggestion) -> None:
        if self._shelf is not None:
            self._answers.take(
                self._shelf.fetch(suggestion),
                lambda _: None,
                lambda error: self._failed(suggestion, error),
            )

    def _failed(self, suggestion: Suggestion, error: BaseException) -> None:
        self.heading.setText(to_info(error).message)
        for card in self.cards:
            if card.suggestion == suggestion:
                card.idle()

    def _went_on(self, state: DownloadState) -> None:
        for card in self.cards:
            if card.suggestion.repository == state.download.repository:
                card.show_state(state)

    def _more(self) -> None:
        self.more_wanted.emit()


class _Offer(QWidget):
    wanted = Signal(object)

    def __init__(self, suggestion: Suggestion, *, best: bool) -> None:
        super().__init__()
        self.suggestion = suggestion
        self.download: DownloadId | None = None
        self.done = False
        title = QLabel(suggestion.title)
        title.setProperty("kind", "heading")
        self.words = Elided(self._about())
        self.words.setProperty("kind", "small")
        self.button = QPushButton(f"Get it · {size(suggestion.bytes)}")
        self.button.setProperty("kind", "primary" if best else "plain")
        self.button.setAccessibleName(f"Get {suggestion.title}, {size(suggestion.bytes)}")
        self.button.clicked.connect(self._press)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(title)
        words.addWidget(self.words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(words, _WORDS)
        row.addWidget(self.button, 1)

    def show_state(self, state: DownloadState) -> None:
        self.download, self.done = state.id, state.download.state == "done"
        failed = state.download.state == "failed"
        self.button.setEnabled(failed)
        self.button.setText("Try again" if failed else "On its way")
        self.words.setText(progress(state))
        self.words.setToolTip(plain_tip(progress(state)))

    def idle(self) -> None:
        self.done = False
        self.button.setEnabled(True)
        self.button.setText(f"Get it · {size(self.suggestion.bytes)}")
        self.words.setText(self._about())
        self.words.setToolTip("")

    def _about(self) -> str:
        return f"{self.suggestion.good_for} · {self.suggestion.licence}"

    def _press(self) -> None:
        self.button.setEnabled(False)
        self.words.setText("Asking the hub…")
        self.wanted.emit(self.suggestion)
