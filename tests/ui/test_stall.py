"""The window answers at all times: 10,000 chats, typing, search, a reply at speed."""

import gc
import time

import pytest
from PySide6.QtCore import Qt

from app.chat.events import ConversationChanged, ReplyDelta
from app.core.ids import FolderId
from app.core.messages import Message
from app.storage import conversations, folders, messages
from app.ui.stall import Watchdog

# Timed: they run alone, not among two thousand other tests.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("young_heap")]

LIMIT_MS = 16  # thread time: other work on the machine is not the window's
DAY = 86_400_000


@pytest.fixture
def young_heap():
    """A collection of what earlier tests left behind is no stall of the window."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def crowd(desk):
    """10,000 chats, a tenth of them in a folder."""

    def fill(tx):
        now = conversations.now_ms()
        folder = folders.create(tx, "Work")
        for number in range(10_000):
            conversations.create(
                tx,
                f"Chat number {number} about something",
                folder_id=folder.id if number % 10 == 0 else None,
                created_ms=now - number * DAY // 20,
            )
        return folder.id

    folder: FolderId = desk.db.write(fill).result(60)
    desk.window.sidebar.model.reload()
    desk.settle()
    return folder


def test_the_watchdog_notices_work_and_forgives_waiting(qtbot):
    watchdog = Watchdog()
    watchdog.start()
    qtbot.wait(50)
    until = time.thread_time() + 0.06
    while time.thread_time() < until:
        pass
    qtbot.wait(20)
    watchdog.stop()
    assert watchdog.worst.cpu_ms >= 55
    assert len(watchdog.stalls) >= 1


def test_ten_thousand_chats_scroll_refresh_and_search_without_a_stutter(desk, crowd):
    sidebar = desk.window.sidebar
    watchdog = Watchdog(LIMIT_MS)
    watchdog.start()
    bar = sidebar.list.verticalScrollBar()
    while sidebar.model.canFetchMore(sidebar.list.rootIndex()):
        bar.setValue(bar.maximum())
        sidebar.model.fetchMore(sidebar.list.rootIndex())
        desk.settle()
    sidebar.model.open_folder(crowd, True)
    desk.settle()
    assert sidebar.model.rowCount() > 9_000
    newest, oldest = (
        desk.db.read(
            lambda tx, way=way: tx.value(
                f"SELECT id FROM conversation WHERE folder_id IS NULL ORDER BY updated_ms {way}"
            )
        ).result(5)
        for way in ("DESC", "ASC")
    )
    bar.setValue(0)
    desk.settle()
    for change in (
        lambda tx: conversations.pin(tx, oldest),
        lambda tx: conversations.rename(tx, oldest, "Renamed"),
        lambda tx: conversations.pin(tx, oldest, False),
        lambda tx: messages.add(tx, oldest, None, Message(role="user", content="news")),
    ):
        desk.db.write(change).result(5)
        desk.bridge.post(ConversationChanged(conversation=oldest))
        desk.settle()
    assert sidebar.model.index_of(("chat", oldest)).data() == "Renamed"
    desk.window.current.open(newest)
    reply = desk.begin_reply(newest)
    desk.end_reply(reply, "Hello.")
    bar.setValue(bar.maximum() // 2)
    desk.settle()
    sidebar.search.setFocus()
    desk.qtbot.keyClicks(sidebar.search, "number 77", delay=10)
    found = sidebar.model.index
    desk.qtbot.waitUntil(lambda: found(0).data() == "Chat number 77 about something", timeout=5000)
    desk.qtbot.keyClick(sidebar.search, Qt.Key.Key_Escape)
    desk.settle()
    watchdog.stop()
    assert watchdog.stalls == ()


def test_typing_while_a_reply_streams_does_not_stutter(desk):
    chat = desk.chat("Tea", "Which tea?")
    desk.window.current.open(chat.id)
    desk.settle()
    reply = desk.begin_reply(chat.id)
    watchdog = Watchdog(LIMIT_MS)
    watchdog.start()
    text_at = 0
    for number in range(120):
        word = f"word{number} " + ("\n\n" if number % 20 == 19 else "")
        desk.bridge.post(
            ReplyDelta(
                conversation=chat.id, reply=reply.id, text=word, reasoning="", text_at=text_at,
                reasoning_at=0,
            )
        )  # fmt: skip
        text_at += len(word)
        desk.qtbot.keyClick(desk.window.composer.editor, Qt.Key.Key_A)
        desk.qtbot.wait(4)
    watchdog.stop()
    desk.end_reply(reply, "done")
    assert len(desk.window.composer.editor.toPlainText()) == 120
    assert watchdog.stalls == ()
