"""A session as people have it, on a display of its own: real keys, the real engine, a restart.

Types, streams, stops, edits, branches, searches, jumps, winds, restarts; what is on disk is looked
at after every step. `SESSION_PICTURES` names a folder that keeps a picture of each.
"""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from PySide6.QtGui import QImage

from app.core.ids import ConversationId
from app.core.paths import find_folders
from app.core.settings import ModelSettings, Settings
from app.storage import conversations, messages, segments
from app.storage.connection import Tx
from app.storage.database import Database, Reader
from app.storage.settings_file import SettingsFile
from app.ui.remembered import Remembered, keep, recall
from tests.path.endless import endless

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
_TOOLS = ("Xvfb", "xdotool")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        not all(map(shutil.which, _TOOLS)), reason=f"{' or '.join(_TOOLS)} is not installed"
    ),
]


class Session:
    def __init__(self, display: str, home: Path, model: Path) -> None:
        self._environment = os.environ | {
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "LLAMA_CHAT_HOME": str(home),
            "PYTHONPATH": str(ROOT),
        }
        self._model = model
        self._app: subprocess.Popen[bytes] | None = None
        self._pictures = os.environ.get("SESSION_PICTURES", "")

    def start(self) -> None:
        command = [sys.executable, "-m", "app", str(self._model)]
        self._app = subprocess.Popen(command, env=self._environment, cwd=ROOT)
        until(self._window, 60)
        time.sleep(1)  # a display without a window manager says nothing of a mapped window
        self._xdotool("windowfocus", "--sync", self._window())

    def keys(self, *keys: str) -> None:
        for key in keys:
            self._xdotool("key", key)

    def write(self, text: str) -> None:
        self._xdotool("type", "--delay", "15", text)

    def picture(self, name: str) -> None:
        if self._pictures:
            shot = subprocess.run(
                ["xwd", "-root", "-silent"], env=self._environment, capture_output=True, check=True
            )
            image_of(shot.stdout).save(str(Path(self._pictures) / f"session-{name}.png"))

    def quit(self) -> int:
        self.keys("ctrl+q")
        assert self._app is not None
        return self._app.wait(30)

    def end(self) -> None:
        if self._app is not None and self._app.poll() is None:
            self._app.terminate()
            self._app.wait(30)

    def _window(self) -> str:
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "^Llama Chat$"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return next(iter(done.stdout.split()), "")

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self._environment, check=True)


def image_of(dump: bytes) -> QImage:
    """An X window dump: a header of big-endian words, a palette, rows of 32-bit pixels."""
    words = struct.unpack(">25I", dump[:100])
    header, width, height, row, colours = (words[n] for n in (0, 4, 5, 12, 19))
    start = header + colours * 12
    pixels = dump[start : start + row * height]
    return QImage(pixels, width, height, row, QImage.Format.Format_RGB32).copy()


def until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


@contextlib.contextmanager
def display() -> Iterator[str]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1120x800x24"], pass_fds=[write],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def session(home: Path, tiny_model: Path) -> Iterator[Session]:
    """The app with a small window, in a chat whose replies never end by themselves."""
    folders = find_folders()
    folders.create()
    small = Settings(models=ModelSettings(chat_ctx=2048))
    SettingsFile(folders.settings).change(lambda _: small)
    sampling = endless(tiny_model)
    never = dict.fromkeys(sampling.logit_bias, -1_000.0)  # infinity is no JSON
    talkative = msgspec.structs.replace(sampling, logit_bias=never)
    db = Database(folders.database)
    chat = db.write(lambda tx: conversations.create(tx, "Stories", sampling=talkative)).result(10)
    db.close()
    keep(folders.config / "window.json", Remembered(conversation=chat.id))
    with display() as number:
        made = Session(number, home, tiny_model)
        yield made
        made.end()


class Disk:
    """What is stored, read beside the running app."""

    def __init__(self) -> None:
        self._folders = find_folders()
        self._reader = Reader(self._folders.database)

    def read(self, job: Callable[[Tx], T]) -> T:
        return self._reader.read(job).result(10)

    def chats(self) -> list[ConversationId]:
        return [chat.id for chat in self.read(conversations.page).items]

    def statuses(self, chat: ConversationId) -> list[str]:
        return [each.status for each in self.read(lambda tx: messages.path(tx, chat))]

    def said(self, chat: ConversationId) -> list[str]:
        return [each.message.text for each in self.read(lambda tx: messages.path(tx, chat))]

    def has_answer(self, chat: ConversationId) -> bool:
        said = self.said(chat)
        return len(said) > 1 and bool(said[-1])

    def narrative(self, chat: ConversationId) -> int:
        return len(self.read(lambda tx: segments.history(tx, chat)))

    def remembered(self) -> ConversationId | None:
        return recall(self._folders.config / "window.json").conversation

    def model_is_ready(self) -> bool:
        """The window notes the model that was used last when it has loaded."""
        return bool(SettingsFile(self._folders.settings).value.models.last)

    def close(self) -> None:
        self._reader.close()


@pytest.fixture
def disk(session: Session) -> Iterator[Disk]:
    read = Disk()
    yield read
    read.close()


def test_a_session_from_the_first_word_to_the_second_start(session: Session, disk: Disk) -> None:
    session.start()
    until(disk.model_is_ready, 90)
    session.write("Tell me a story about a lighthouse")
    session.picture("1-typed")
    session.keys("Return")
    (chat,) = disk.chats()
    until(lambda: disk.has_answer(chat))  # a reply stopped before its first word is no reply
    session.picture("2-streaming")
    session.keys("Escape")
    until(lambda: disk.statuses(chat)[-1] in {"stopped", "length"})
    session.picture("3-stopped")

    session.keys("Up")
    session.write(" by the sea")
    session.keys("Return")
    until(lambda: disk.said(chat)[0].endswith("by the sea") and disk.has_answer(chat))
    session.keys("Escape")
    until(lambda: disk.statuses(chat)[-1] in {"stopped", "length"})
    versions = disk.read(lambda tx: messages.path(tx, chat))[0].sibling_count
    assert versions == 2
    session.picture("4-edited")

    session.keys("shift+Tab", "alt+Down", "shift+F10")
    session.keys("Down", "Down", "Down", "Down", "Down")
    session.picture("5-branching")
    session.keys("Return")
    until(lambda: len(disk.chats()) == 2)
    branch = next(each for each in disk.chats() if each != chat)
    assert disk.said(branch)[0] == disk.said(chat)[0]

    session.keys("ctrl+shift+f")
    session.write("lighthouse sea")
    time.sleep(1)
    session.picture("6-searching")
    session.keys("Down", "Down", "Return")
    time.sleep(1)
    session.picture("7-jumped")

    session.keys("ctrl+l")
    for _ in range(3):
        session.write("Go on with it")
        session.keys("Return")
        time.sleep(1)
        until(lambda: not _streams(disk), 60)
        time.sleep(3)  # the wind waits for two idle seconds
        if any(disk.narrative(each) for each in disk.chats()):
            break
    until(lambda: any(disk.narrative(each) for each in disk.chats()), 60)
    session.picture("8-wound")
    session.keys("ctrl+shift+i")
    time.sleep(1)
    session.picture("9-narrative")
    session.keys("Escape")

    before = {each: disk.said(each) for each in disk.chats()}
    assert session.quit() == 0
    last = disk.remembered()
    assert last in before
    session.start()
    time.sleep(2)
    session.picture("10-restarted")
    assert {each: disk.said(each) for each in disk.chats()} == before
    assert session.quit() == 0
    assert disk.remembered() == last


def _streams(disk: Disk) -> bool:
    return any("streaming" in disk.statuses(chat) for chat in disk.chats())
