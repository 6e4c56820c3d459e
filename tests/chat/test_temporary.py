"""Temporary chats: everything works, and nothing of them is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.chat.events import ReplyFinished
from app.chat.presets import kept_in
from app.chat.unkept import Unkept
from app.core.ids import session_of
from app.core.sampling import Sampling
from app.core.settings import WindSettings
from app.storage import conversations, search
from app.storage.database import Database, is_temporary
from app.storage.presets import Preset, set_for_model

from .conftest import Chat, WordModel
from .test_wind import CTX, answer, talk


@pytest.fixture
def passing(db: Database) -> Iterator[Chat]:
    """Beside chats that are kept, in `db`."""
    passing_db = Database(None)
    model = WordModel(CTX)
    model.reply = answer
    room = Chat(passing_db, model, WindSettings(), Unkept(model), kept_in(db))
    yield room
    room.close()
    passing_db.close()


def test_no_request_of_a_temporary_chat_may_reach_the_disk(passing: Chat) -> None:
    talk(passing, 12)  # replies, a title, winds
    assert {request.priority for request in passing.model.asked} == {"interactive", "background"}
    assert not any(request.persist for request in passing.model.asked)


def test_it_begins_as_its_model_was_set_for_the_chats_that_are_kept(
    passing: Chat, db: Database
) -> None:
    warm = Sampling(temperature=1.5)
    own = Preset(system_prompt="Be brief.", sampling=warm)
    db.write(lambda tx: set_for_model(tx, "m.gguf", own)).result()
    passing.default_model = "m.gguf"
    passing.turns.start("Hello").result()
    passing.wait_for(ReplyFinished)
    asked = next(each for each in passing.model.asked if each.priority == "interactive")
    assert asked.messages[0].text == "Be brief."
    assert asked.sampling == warm
    calm = Preset(system_prompt="Take your time.")
    passing.turns.start("Hello", preset=calm).result()  # its own choice wins
    passing.wait_for(ReplyFinished, 2)
    asked = [each for each in passing.model.asked if each.priority == "interactive"][-1]
    assert asked.messages[0].text == "Take your time."


def test_a_temporary_chat_is_in_no_file(passing: Chat, tmp_path: Path) -> None:
    conversation = passing.turns.start("The walrus question").result()
    passing.wait_for(ReplyFinished)
    found = passing.db.read(lambda tx: search.search(tx, "walrus")).result()
    assert [group.conversation_id for group in found.groups] == [conversation]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files  # those of the chats that are kept
    assert [path for path in files if b"walrus" in path.read_bytes()] == []


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
