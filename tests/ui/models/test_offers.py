"""The models offered on the empty page: each follows its own download."""

from concurrent.futures import Future

from PySide6.QtCore import Qt

from app.core.downloads import (
    Download,
    DownloadId,
    DownloadRemoved,
    DownloadState,
    RemoteFile,
    State,
)
from app.hub.library import Library
from app.hub.suggestions import Suggestion
from app.ui.events import LibraryChanged
from app.ui.models.offers import Offers

SUGGESTED = [
    Suggestion(f"leaf/{name}-GGUF", "Q4_K_M", name, 1_000_000_000, "mit", "tests")
    for name in ("large", "small")
]


class Shelf:
    """Stands where `Shelf` stands: nothing is fetched, the press is noted."""

    def __init__(self, *left):
        self.fetched = []
        self.left = left

    def on_the_way(self):
        return self.left

    def suggestions(self):
        return _done(SUGGESTED)

    def fetch(self, suggestion):
        self.fetched.append(suggestion)
        return _done(DownloadId(suggestion.title))


def _done(value):
    done: Future = Future()
    done.set_result(value)
    return done


def state_of(suggestion: Suggestion, state: State) -> DownloadState:
    files = (("x.gguf", RemoteFile("http://x/x.gguf", suggestion.bytes, sha256="0" * 64)),)
    name = suggestion.title
    return DownloadState(Download(DownloadId(name), suggestion.repository, name, files, state))


def test_a_cancelled_one_is_offered_again_and_the_other_stays_on_its_way(desk):
    offers, shelf = Offers(desk.bridge), Shelf()
    desk.qtbot.addWidget(offers)
    offers.open(shelf)
    desk.bridge.post(LibraryChanged(Library()))
    desk.qtbot.waitUntil(lambda: len(offers.cards) == 2)
    for card in offers.cards:
        desk.qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    assert shelf.fetched == SUGGESTED
    for suggestion in SUGGESTED:
        desk.bridge.post(state_of(suggestion, "queued"))
    desk.settle()
    assert [card.button.text() for card in offers.cards] == ["On its way"] * 2
    desk.bridge.post(DownloadRemoved(DownloadId("small")))
    desk.settle()
    assert [card.button.text() for card in offers.cards] == ["On its way", "Get it · 1.0 GB"]
    assert [card.button.isEnabled() for card in offers.cards] == [False, True]
    assert [bool(card.words.toolTip()) for card in offers.cards] == [True, False]


def test_one_that_came_is_offered_again_when_it_is_gone_or_broken(desk):
    offers, shelf = Offers(desk.bridge), Shelf()
    desk.qtbot.addWidget(offers)
    offers.open(shelf)
    desk.bridge.post(LibraryChanged(Library()))
    desk.qtbot.waitUntil(lambda: len(offers.cards) == 2)
    for suggestion, state in zip(SUGGESTED, ("done", "running"), strict=True):
        desk.bridge.post(state_of(suggestion, state))
    desk.settle()
    assert not any(card.button.isEnabled() for card in offers.cards)
    desk.bridge.post(LibraryChanged(Library()))
    desk.settle()
    assert [card.button.isEnabled() for card in offers.cards] == [True, False]


def test_what_an_earlier_run_left_is_followed_from_the_start(desk):
    offers = Offers(desk.bridge)
    desk.qtbot.addWidget(offers)
    offers.open(Shelf(state_of(SUGGESTED[1], "paused")))
    desk.bridge.post(LibraryChanged(Library()))
    desk.qtbot.waitUntil(lambda: len(offers.cards) == 2)
    assert [card.button.isEnabled() for card in offers.cards] == [True, False]
    assert offers.cards[1].words.text() == "paused · 0 kB of 1.0 GB"
