"""The same path through the window: real keys, a real engine process, text on screen, a row."""

import os
import queue
import signal
import subprocess
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.bootstrap.rooms import Rooms, open_rooms
from app.chat.events import ReplyDelta, ReplyFinished
from app.core.sampling import GREEDY
from app.storage import conversations, messages
from app.ui.bridge import Bridge
from app.ui.events import Event, ModelChoice
from app.ui.keeping import Chats, Keeping
from app.ui.preferences import Preferences
from app.ui.window import Window
from app.workers.events import PoolEvent, WorkerReady
from tests.path.endless import endless

ROOT = Path(__file__).parents[2]


class NoModels:
    """Nobody touches the model menu here."""

    def load(self, choice: ModelChoice) -> None: ...

    def reload(self, choice: ModelChoice) -> None: ...

    def cancel_load(self) -> None: ...

    def unload(self) -> None: ...


def streaming(window: Window) -> bool:
    return window.composer.stop_action.isEnabled()


def type_and_send(qtbot: QtBot, window: Window, text: str) -> None:
    qtbot.keyClicks(window.composer.editor, text)
    qtbot.keyClick(window.composer.editor, Qt.Key.Key_Return)


def shown(window: Window) -> str:
    """What a screen reader finds in the transcript."""
    spoken = window.transcript.spoken
    return "\n".join(spoken.text(number) for number in range(spoken.count()))


def open_window(qtbot: QtBot, rooms: Rooms, bridge: Bridge) -> Window:
    kept, passing = (Chats(r.db, r.turns, r.narrator) for r in (rooms, rooms.temporary))
    keeping = Keeping(kept, passing)
    memory, preferences = rooms.folders.config / "w.json", Preferences(rooms.settings)
    window = Window(bridge, keeping, NoModels(), rooms.attachments, memory, preferences)
    qtbot.addWidget(window, before_close_func=lambda _: preferences.close())
    window.show()
    return window


def test_typed_text_is_answered_on_screen_and_kept(qtbot: QtBot, tiny_model: Path) -> None:
    bridge = Bridge()
    with open_rooms(bridge.post, sampling=GREEDY, max_tokens=30) as rooms:
        rooms.load(tiny_model).result(30)
        window = open_window(qtbot, rooms, bridge)
        with qtbot.waitSignal(
            bridge.arrived, timeout=25000, check_params_cb=lambda it: isinstance(it, ReplyFinished)
        ):
            type_and_send(qtbot, window, "Tell me about the garden.")
        qtbot.waitUntil(lambda: not streaming(window), timeout=5000)
        page = rooms.db.read(conversations.page).result(5)
        (conversation,) = page.items
        kept = rooms.db.read(lambda tx: messages.path(tx, conversation.id)).result(5)
        assert kept[0].message.text == "Tell me about the garden."
        assert kept[1].status in {"complete", "length"}
        assert kept[1].message.text[:20] in shown(window)
        window.close()


def test_a_killed_engine_shows_a_sentence_and_the_next_prompt_works(
    qtbot: QtBot, tiny_model: Path, expect_log
) -> None:
    expect_log("engine")
    bridge = Bridge()
    pids: queue.Queue[int] = queue.Queue()

    def watch(event: PoolEvent) -> None:
        if isinstance(event, WorkerReady):
            pids.put(event.pid)

    with open_rooms(bridge.post, sampling=endless(tiny_model), max_tokens=4000) as rooms:
        rooms.pool.subscribe(watch)
        rooms.load(tiny_model).result(30)
        window = open_window(qtbot, rooms, bridge)
        pid = pids.get(timeout=10)
        killed: list[int] = []
        answered: set[int] = set()

        def kill_at_the_first_word(event: Event) -> None:
            if isinstance(event, ReplyDelta):
                answered.add(event.reply)
                if not killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

        bridge.arrived.connect(kill_at_the_first_word)
        type_and_send(qtbot, window, "Count on.")
        qtbot.waitUntil(lambda: bool(killed), timeout=20000)
        qtbot.waitUntil(lambda: not streaming(window), timeout=20000)
        assert "engine" in shown(window).lower()
        type_and_send(qtbot, window, "Are you there?")
        qtbot.waitUntil(lambda: len(answered) > 1, timeout=30000)
        window.close()


def test_a_second_start_raises_the_first_window(tiny_model: Path, home: Path) -> None:
    environment = os.environ | {"LLAMA_CHAT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app"]
    first = subprocess.Popen([*command, str(tiny_model)], env=environment, cwd=ROOT)
    try:
        address = home / "data" / "instance.json"
        end = time.monotonic() + 30
        while not address.exists():
            assert first.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        second = subprocess.run(command, env=environment, cwd=ROOT, timeout=30, check=False)
        assert second.returncode == 0
        assert first.poll() is None
    finally:
        first.terminate()
        first.wait(20)
