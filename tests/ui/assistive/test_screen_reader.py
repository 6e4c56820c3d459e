"""A real AT-SPI client finds the conversation: on a display, over a bus, as screen readers do."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.messages import Message
from app.core.paths import find_folders
from app.storage import conversations, messages
from app.storage.database import Database
from app.ui.remembered import Remembered, keep

ROOT = Path(__file__).parents[3]
CLIENT = Path(__file__).with_name("client.py")
SYSTEM_PYTHON = "/usr/bin/python3"
LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def missing() -> str:
    """What this machine lacks for the check."""
    for tool in ("Xvfb", "dbus-run-session", SYSTEM_PYTHON):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if not Path(LAUNCHER).exists():
        return "at-spi2-core is not installed"
    bindings = "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi"
    if subprocess.run([SYSTEM_PYTHON, "-c", bindings], capture_output=True, check=False).returncode:
        return "the AT-SPI bindings of the system's Python are not installed"
    return ""


@pytest.fixture
def chat(home: Path) -> None:
    """A home in which the window opens with one conversation."""
    folders = find_folders()
    folders.create()
    db = Database(folders.database)

    def say(tx):
        made = conversations.create(tx, "Tea")
        for role, text in (("user", "Which tea?"), ("assistant", "**Green** tea.")):
            leaf = messages.active_leaf(tx, made.id)
            messages.add(tx, made.id, leaf, Message(role=role, content=text))
        return made.id

    conversation = db.write(say).result(10)
    db.close()
    keep(folders.config / "window.json", Remembered(conversation=conversation))


@contextlib.contextmanager
def display() -> Iterator[str]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1200x900x24"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def seen_by_the_client(home: Path) -> list[tuple[int, str, str, list[str]]]:
    script = f"""
        {LAUNCHER} --launch-immediately & bus=$!
        {sys.executable} -m app & app=$!
        {SYSTEM_PYTHON} {CLIENT} "Llama Chat" 60; found=$?
        kill $app; wait $app; kill $bus
        exit $found
    """
    with display() as number:
        environment = os.environ | {
            "DISPLAY": number,
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "LLAMA_CHAT_HOME": str(home),
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            ["dbus-run-session", "--", "bash", "-c", script],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]


@pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")
def test_a_screen_reader_finds_the_conversation_and_every_control(home: Path, chat: None) -> None:
    tree = seen_by_the_client(home)
    at = next(n for n, (_, role, name, _) in enumerate(tree) if name == "Conversation")
    depth, role, _, _ = tree[at]
    assert role == "list"
    said = []
    for below, kind, name, _ in tree[at + 1 :]:
        if below <= depth:
            break
        if kind == "list item":
            said.append(name)
    assert said == ["You: Which tea?", "Assistant: **Green** tea."]
    names = {name for _, _, name, _ in tree}
    assert {"Message", "Chats", "Search chats", "New chat", "Attach files…"} <= names
    nameless = [
        role
        for _, role, name, states in tree
        if role in {"push button", "text", "entry"} and "focusable" in states and not name
    ]
    assert nameless == []
