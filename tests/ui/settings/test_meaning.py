"""How far search by meaning has come, and the way to a model for it."""

from concurrent.futures import Future

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt

from app.core.downloads import (
    Download,
    DownloadId,
    DownloadRemoved,
    DownloadState,
    RemoteFile,
)
from app.core.errors import HubError
from app.hub.library import Library
from app.hub.suggestions import EMBEDDER
from app.storage.embeddings import Standing
from app.ui.events import LibraryChanged
from app.ui.settings import meaning
from app.ui.settings.meaning import MeaningPanel


class Rooms:
    """What the panel asks."""

    def __init__(self):
        self.standing: Standing | None = None
        self.wanted = True
        self.fetched = []

    def asked(self):
        if self.standing is None:
            return None
        done: Future[Standing] = Future()
        done.set_result(self.standing)
        return done

    def fetch(self, suggestion):
        fetching: Future[str] = Future()
        self.fetched.append((suggestion, fetching))
        return fetching


@pytest.fixture
def rooms():
    return Rooms()


@pytest.fixture
def panel(desk, rooms, monkeypatch):
    monkeypatch.setattr(meaning, "_EVERY_MS", 20)
    made = MeaningPanel(rooms.asked, lambda: rooms.wanted, rooms.fetch, desk.bridge)
    desk.qtbot.addWidget(made)
    made.show()
    made.refresh()
    return made


def test_the_count_is_followed_while_it_is_looked_at(desk, rooms, panel):
    rooms.standing = Standing(12_400, 20_000)
    said = "12,400 of 20,000 messages can be found by meaning."
    desk.qtbot.waitUntil(lambda: panel.said.text() == said, timeout=2000)
    assert panel.get.isHidden()
    rooms.standing = Standing(20_000, 20_000)
    said = "All 20,000 messages can be found by meaning."
    desk.qtbot.waitUntil(lambda: panel.said.text() == said, timeout=2000)
    panel.hide()
    desk.qtbot.wait(60)
    rooms.standing = Standing(0, 20_000)
    desk.qtbot.wait(60)
    assert panel.said.text() == said


def test_one_press_fetches_a_model_where_there_is_none(desk, rooms, panel):
    assert panel.get.accessibleName() == "Get all-MiniLM-L6-v2, 25 MB"
    desk.qtbot.mouseClick(panel.get, Qt.MouseButton.LeftButton)
    ((suggestion, fetching),) = rooms.fetched
    assert suggestion == EMBEDDER
    assert not panel.get.isEnabled()
    fetching.set_result("id")
    file = RemoteFile("http://x/y.gguf", 25_000_000, sha256="0" * 64)
    files = (("all-MiniLM-L6-v2-Q8_0.gguf", file),)
    download = Download(DownloadId("1"), EMBEDDER.repository, "all-MiniLM-L6-v2", files, "running")
    desk.bridge.post(DownloadState(download, received=5_000_000))
    desk.qtbot.waitUntil(lambda: panel.said.text() == "5 MB of 25 MB", timeout=2000)
    desk.qtbot.wait(60)  # it is looked at again meanwhile
    assert panel.said.text() == "5 MB of 25 MB"
    desk.bridge.post(DownloadRemoved(DownloadId("another")))
    desk.settle()
    assert not panel.get.isEnabled(), "it is still on its way"
    desk.bridge.post(DownloadRemoved(download.id))
    desk.qtbot.waitUntil(panel.get.isEnabled, timeout=2000)
    desk.bridge.post(DownloadState(replace(download, state="done"), received=25_000_000))
    rooms.standing = Standing(0, 7)
    desk.qtbot.waitUntil(panel.get.isHidden, timeout=2000)
    desk.bridge.post(LibraryChanged(Library()))
    rooms.standing = None  # it was thrown away
    desk.qtbot.waitUntil(panel.get.isVisible, timeout=2000)
    assert panel.get.isEnabled()
    assert panel.said.text().startswith("Chats are searched by words alone. With")


def test_a_count_that_takes_long_is_not_asked_for_again_meanwhile(desk, rooms, panel):
    asked: list[Future[Standing]] = []

    def slow():
        asked.append(Future())
        return asked[-1]

    panel._standing = slow
    desk.qtbot.waitUntil(lambda: bool(asked), timeout=2000)
    desk.qtbot.wait(80)
    assert len(asked) == 1
    asked[0].set_result(Standing(1, 2))
    desk.qtbot.waitUntil(lambda: len(asked) == 2, timeout=2000)
    asked[1].set_exception(HubError("The disk fails."))
    desk.qtbot.waitUntil(lambda: len(asked) == 3, timeout=2000)


def test_a_hub_that_does_not_answer_is_said_and_may_be_asked_again(desk, rooms, panel):
    desk.qtbot.mouseClick(panel.get, Qt.MouseButton.LeftButton)
    rooms.fetched[0][1].set_exception(HubError("The hub cannot be reached. Try again later."))
    desk.qtbot.waitUntil(panel.get.isEnabled, timeout=2000)
    assert panel.said.text() == "The hub cannot be reached. Try again later."


def test_who_wants_none_is_offered_none(desk, rooms, panel):
    rooms.wanted = False
    desk.qtbot.waitUntil(panel.get.isHidden, timeout=2000)
    assert panel.said.text() == "Chats are searched by words alone."
