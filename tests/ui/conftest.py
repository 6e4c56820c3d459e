"""A window over a real database, with recorders where the engine would be."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.chat.events import MessageAdded, ReplyFinished
from app.chat.narrator import Part
from app.chat.seen import Account
from app.chat.sense import Senses
from app.core.errors import InvalidRequest
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.storage import conversations, messages
from app.storage.conversations import Conversation
from app.storage.database import Database
from app.storage.documents import Document
from app.storage.messages import StoredMessage
from app.storage.settings_file import SettingsFile
from app.ui.bridge import Bridge
from app.ui.events import ModelChoice
from app.ui.keeping import Chats, Keeping
from app.ui.preferences import Preferences
from app.ui.window import Window

T = TypeVar("T")


class Verbs:
    """Stands where `Turns` stands: notes what was asked; `start` makes a real row."""

    def __init__(self, db: Database) -> None:
        self.asked: list[tuple[object, ...]] = []
        self._db = db

    def start(self, text: str, preset=None, carried=()) -> "Future[ConversationId]":
        self.asked.append(("start", text, *([preset] if preset else []), *carried))
        return self._db.write(lambda tx: conversations.create(tx, text).id)

    def so_far(self, conversation: ConversationId) -> tuple[str, str]:
        return "", ""

    def send(self, conversation: ConversationId, text: str, carried=()) -> None:
        self.asked.append(("send", conversation, text, *carried))

    def __getattr__(self, verb: str):
        return lambda *values, **named: self.asked.append((verb, *values, *named.values()))


class Told:
    """Stands where `Narrator` stands."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.parts: tuple[Part, ...] = ()
        self.counted: Account | None = None

    def read(self, conversation: ConversationId) -> "Future[tuple[Part, ...]]":
        return _done(self.parts)

    def account(self, conversation: ConversationId) -> "Future[Account]":
        if self.counted is None:
            failed: Future[Account] = Future()
            failed.set_exception(InvalidRequest("No model is loaded."))
            return failed
        return _done(self.counted)

    def __getattr__(self, verb: str):
        return lambda *values: self.asked.append((verb, *values))


def _done(value: T) -> "Future[T]":
    done: Future[T] = Future()
    done.set_result(value)
    return done


class Models:
    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def load(self, choice: ModelChoice) -> None:
        self.asked.append(("load", choice.name))

    def reload(self, choice: ModelChoice) -> None:
        self.asked.append(("reload", choice.name))

    def cancel_load(self) -> None:
        self.asked.append(("cancel",))

    def unload(self) -> None:
        self.asked.append(("unload",))


class Papers:
    """Reads at once: a token for four characters. What is named `broken` cannot be read."""

    def read(self, path: Path) -> "Future[Document]":
        done: Future[Document] = Future()
        if "broken" in path.name:
            done.set_exception(InvalidRequest("It is damaged. Choose another file."))
        else:
            done.set_result(Document(name=path.name, text="text", tokens=1))
        return done

    def read_text(self, name: str, text: str) -> "Future[Document]":
        done: Future[Document] = Future()
        done.set_result(Document(name=name, text=text, tokens=len(text) // 4))
        return done

    def read_image(self, name: str, png: bytes) -> "Future[Document]":
        done: Future[Document] = Future()
        note = "Kept with the message; the model cannot see it."
        done.set_result(Document(name=name, kind="image", mime="image/png", data=png, note=note))
        return done


class Desk:
    """The window under test and everything a test needs to act on it and to look behind it."""

    def __init__(self, qtbot: QtBot, db: Database, passing: Database, memory: Path) -> None:
        self.qtbot = qtbot
        self.db = db
        self.passing = passing
        self.memory = memory
        self.verbs = Verbs(db)
        self.passing_verbs = Verbs(passing)
        self.told = Told()
        self.models = Models()
        self.senses: Senses | None = None
        self.bridge = Bridge()
        self.preferences = Preferences(SettingsFile(memory.with_name("settings.json"), {}))
        self.window: Window = self.open()

    def open(self) -> Window:
        self.bridge = Bridge()
        keeping = Keeping(
            Chats(self.db, self.verbs, self.told),
            Chats(self.passing, self.passing_verbs, Told()),
            self.senses,
        )
        window = Window(self.bridge, keeping, self.models, Papers(), self.memory, self.preferences)
        self.qtbot.addWidget(window)
        window.look.choose("light")
        window.show()
        self.window = window
        self.settle()
        return window

    def chat(self, title: str, *said: str, updated_ms: int | None = None) -> Conversation:
        """A stored chat; what was said alternates between the reader and the model."""

        def make(tx):
            made = conversations.create(tx, title, created_ms=updated_ms)
            for number, text in enumerate(said):
                leaf = messages.active_leaf(tx, made.id)
                role = "assistant" if number % 2 else "user"
                messages.add(tx, made.id, leaf, Message(role=role, content=text))
            return conversations.get(tx, made.id)

        return self.db.write(make).result(5)

    def begin_reply(self, conversation: ConversationId) -> StoredMessage:
        reply = self.db.write(
            lambda tx: messages.start_reply(
                tx, conversation, messages.active_leaf(tx, conversation)
            )
        ).result(5)
        self.bridge.post(MessageAdded(conversation=conversation, message=reply))
        self.settle()
        return reply

    def end_reply(self, reply: StoredMessage, text: str) -> None:
        done = self.db.write(lambda tx: messages.finish_reply(tx, reply.id, text)).result(5)
        self.bridge.post(ReplyFinished(conversation=reply.conversation_id, message=done))
        self.settle()

    def get(self, conversation: ConversationId) -> Conversation:
        return self.db.read(lambda tx: conversations.get(tx, conversation)).result(5)

    def said(self, message: MessageId) -> str:
        return self.db.read(lambda tx: messages.get(tx, message)).result(5).message.text

    def titles(self) -> list[str]:
        model = self.window.sidebar.model
        return [str(model.data(model.index(at))) for at in range(model.rowCount())]

    def settle(self) -> None:
        """Until the database has answered what was asked and the window has taken it in."""
        for _ in range(3):
            self.db.write(lambda tx: None).result(5)
            self.passing.write(lambda tx: None).result(5)
            self.db.read(lambda tx: None).result(5)
            self.qtbot.wait(1)


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    db, passing = Database(tmp_path / "chats.sqlite3"), Database(None)
    desk = Desk(qtbot, db, passing, tmp_path / "window.json")
    yield desk
    desk.window.close()
    desk.preferences.close()
    db.close()
    passing.close()


@pytest.fixture(autouse=True)
def _empty_clipboard(qapp: QApplication) -> Iterator[None]:
    """The hidden screen frees its clipboard after Python has gone, which crashes the exit."""
    yield
    QGuiApplication.clipboard().clear()
