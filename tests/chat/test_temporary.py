"""Temporary chats: everything works, and nothing of them is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.chat.events import ReplyFinished
from app.chat.unkept import Unkept
from app.core.ids import session_of
from app.core.settings import WindSettings
from app.storage import conversations, search
from app.storage.database import Database, is_temporary

from .conftest import Chat, WordModel
from .test_wind import CTX, answer, talk


@pytest.fixture
def passing() -> Iterator[Chat]:
    db = Database(None)
    model = WordModel(CTX)
    model.reply = answer
    room = Chat(db, model, WindSettings(), generator=Unkept(model))
    yield room
    room.close()
    db.close()


def test_no_request_of_a_temporary_chat_may_reach_the_disk(passing: Chat) -> None:
    talk(passing, 12)  # replies, a title, winds
    assert {request.priority for request in passing.model.asked} == {"interactive", "background"}
    assert not any(request.persist for request in passing.model.asked)


def test_a_temporary_chat_is_in_no_file(passing: Chat, tmp_path: Path) -> None:
    conversation = passing.turns.start("The walrus question").result()
    passing.wait_for(ReplyFinished)
    found = passing.db.read(lambda tx: search.search(tx, "walrus")).result()
    assert [group.conversation_id for group in found.groups] == [conversation]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_its_ids_are_never_those_of_a_stored_chat(passing: Chat, db: Database) -> None:
    conversation = passing.turns.start("Hello").result()
    stored = db.write(lambda tx: conversations.create(tx, title="kept").id).result()
    assert is_temporary(conversation)
    assert not is_temporary(stored)


def test_closing_has_the_engines_forget_it(passing: Chat) -> None:
    conversation = passing.turns.start("Hello").result()
    passing.wait_for(ReplyFinished)
    unkept = passing.generator
    assert isinstance(unkept, Unkept)
    unkept.close()
    assert passing.model.purged == [session_of(conversation)]
