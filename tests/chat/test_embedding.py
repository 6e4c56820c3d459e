"""Messages get their vectors in idle time: all of them, the newest first, in nobody's way."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.chat import meaning as meaning_module
from app.chat.events import ReplyFinished
from app.chat.meaning import Meaning
from app.chat.traffic import Traffic
from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.core.protocol import Embed
from app.core.settings import WindSettings
from app.storage import conversations, embeddings, messages
from app.storage.database import Database, Tx
from app.storage.embeddings import Standing
from app.storage.vectors import Near, Vectors

from .conftest import Chat, WordModel
from .embedding_app import BAD, MODEL, Encoder, sense

APP = Path(__file__).with_name("embedding_app.py")


def say(db: Database, *texts: str) -> list[MessageId]:
    def job(tx: Tx) -> list[MessageId]:
        chat = conversations.create(tx).id
        said: list[MessageId] = []
        for text in texts:
            leaf = messages.active_leaf(tx, chat)
            said.append(messages.add(tx, chat, leaf, Message(role="user", content=text)).id)
        return said

    return db.write(job).result()


class Room:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.encoder = Encoder()
        self.model = MODEL
        self.quiet = True
        self.meaning = Meaning(db, self.encoder, lambda: self.model, self._is_quiet)

    def _is_quiet(self, wait_s: float) -> bool:
        if not self.quiet:
            time.sleep(0.01)
        return self.quiet

    def embed(self) -> None:
        self.meaning.catch_up()
        self.settle()

    def settle(self) -> None:
        self.meaning._thread.submit(lambda: None).result(20)  # pyright: ignore

    def standing(self) -> Standing | None:
        standing = self.meaning.standing()
        return standing and standing.result()

    def near(self, text: str, model: str = MODEL) -> list[Near]:
        return self.db.read(
            lambda tx: Vectors().nearest(tx, model, sense(text), 10, floor=0.5)
        ).result()


@pytest.fixture
def room(db: Database) -> Iterator[Room]:
    made = Room(db)
    yield made
    made.meaning.close()


def test_everything_is_read_the_newest_first_many_at_a_time(room: Room) -> None:
    texts = [f"message {number}" for number in range(200)]
    say(room.db, *texts)
    assert room.standing() == Standing(0, 200)
    room.embed()
    assert room.encoder.texts == texts[::-1]
    assert {request.priority for request in room.encoder.asked} == {"background"}
    assert len(room.encoder.asked) < 40
    assert room.standing() == Standing(200, 200)


def test_what_is_new_or_changed_is_read_and_nothing_twice(room: Room) -> None:
    say(room.db, "one", "two")
    room.embed()
    chat = ConversationId(1)

    def more(tx: Tx) -> None:
        reply = messages.start_reply(tx, chat, messages.active_leaf(tx, chat)).id
        messages.finish_reply(tx, reply, "half", status="stopped")

    room.db.write(more).result()
    room.embed()

    def change(tx: Tx) -> None:
        leaf = messages.active_leaf(tx, chat)
        assert leaf is not None
        messages.reopen(tx, leaf)
        messages.finish_reply(tx, leaf, "half and whole")

    room.db.write(change).result()
    room.embed()
    assert room.encoder.texts == ["two", "one", "half", "half and whole"]


def test_after_everything_was_read_only_the_newest_are_looked_through(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "_LOOKED_AT", 10)
    looked: list[MessageId | None] = []
    missing = room.meaning._missing  # pyright: ignore

    def look(model: str, before: MessageId | None):
        looked.append(before)
        return missing(model, before)

    monkeypatch.setattr(room.meaning, "_missing", look)
    say(room.db, *map(str, range(50)))
    room.embed()
    assert len(looked) >= 5
    looked.clear()
    room.embed()
    assert looked == [None]


def test_an_old_chat_that_came_back_from_the_trash_is_read_in_a_while(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "_LOOKED_AT", 5)
    say(room.db, "old")
    chat = room.db.write(lambda tx: conversations.trash(tx, ConversationId(1)).id).result()
    say(room.db, *(f"message {number}" for number in range(20)))
    room.embed()
    room.db.write(lambda tx: conversations.restore(tx, chat)).result()
    room.embed()
    assert room.standing() == Standing(20, 21)
    monkeypatch.setattr(meaning_module, "_WHOLE_EVERY_S", 0)
    room.embed()
    assert room.standing() == Standing(21, 21)
    assert room.encoder.texts.count("old") == 1


def test_a_long_message_is_found_by_the_passage_that_says_it(room: Room) -> None:
    filler = "Nothing of interest happened on that day. " * 15
    say(room.db, "\n\n".join([filler, filler, "We swam in the sea. " * 20, filler]))
    room.embed()
    (near,) = room.near("sea")
    assert near.part == 2


def test_what_the_model_cannot_read_keeps_nothing_else_from_being_read(room: Room) -> None:
    room.encoder.longest = 100
    texts = ["first", "sea " * 60, f"an {BAD} thing", " \n\t", "last"]
    ids = say(room.db, *texts)
    room.embed()
    assert room.standing() == Standing(5, 5)
    assert [near.id for near in room.near("sea")] == [ids[1]]
    kept = room.db.read(
        lambda tx: tx.rows("SELECT message_id, length(vector) FROM embedding ORDER BY 1")
    ).result()
    assert kept == [(ids[0], 6), (ids[1], 6), (ids[2], 0), (ids[3], 0), (ids[4], 6)]
    room.encoder.asked.clear()
    room.embed()
    assert room.encoder.asked == []


def test_a_passage_in_halves_has_a_vector_of_length_one(room: Room) -> None:
    room.encoder.longest = 20
    made = room.meaning._vectors(["sea " * 5 + "land " * 8])  # pyright: ignore
    (vector,) = (np.frombuffer(each, "<f4") for each in made)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert 0 < vector[0] < 1


def test_an_embedder_that_fails_is_tried_again_at_the_next_occasion(room: Room) -> None:
    say(room.db, "one", "two")
    room.encoder.fails = True
    room.embed()
    assert room.standing() == Standing(0, 2)
    assert len(room.encoder.asked) == 2  # these two, and whether anything can be read at all
    room.encoder.fails = False
    room.embed()
    assert room.standing() == Standing(2, 2)


def test_another_embedder_reads_everything_and_then_the_old_vectors_go(room: Room) -> None:
    first, second = say(room.db, "by the sea", "on land")
    room.embed()
    room.model = "another"
    assert room.standing() == Standing(0, 2)
    assert room.near("sea", "another") == []
    room.embed()
    assert [near.id for near in room.near("sea", "another")] == [first]
    kept = room.db.read(
        lambda tx: tx.rows("SELECT DISTINCT message_id, model FROM embedding ORDER BY 1")
    ).result()
    assert kept == [(first, "another"), (second, "another")]


def test_what_one_embedder_was_asked_is_not_kept_as_anothers(room: Room) -> None:
    say(room.db, "by the sea")
    room.encoder.holds = True
    room.meaning.catch_up()
    while not room.encoder.asked:
        time.sleep(0.001)
    room.model = "another"  # in the middle of the request
    room.encoder.release()
    room.settle()
    assert room.db.read(embeddings.models).result() == []


def test_without_an_embedder_nothing_is_asked(room: Room) -> None:
    room.model = ""
    say(room.db, "one")
    room.embed()
    assert room.encoder.asked == []
    assert room.standing() is None


def test_it_stops_at_once_when_somebody_needs_the_engines(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning_module, "_STEP_S", 0.0)  # one text a request
    say(room.db, *map(str, range(30)))
    asked_at_first = 5
    submit = room.encoder.submit

    def submit_some(request, sink) -> None:
        if len(room.encoder.asked) == asked_at_first:
            room.quiet = False
        submit(request, sink)

    monkeypatch.setattr(room.encoder, "submit", submit_some)
    room.meaning.catch_up()
    while room.quiet:
        time.sleep(0.001)
    time.sleep(0.1)
    assert len(room.encoder.asked) == asked_at_first + 1
    room.quiet = True
    room.settle()
    assert room.standing() == Standing(30, 30)


def test_nothing_is_embedded_while_a_chat_is_answered(db: Database) -> None:
    """With real turns: the reply streams, and no text is embedded until it has ended."""
    model = WordModel()
    model.sense = sense
    model.reply = lambda request: "a reply of some words"
    embedded: list[str] = []
    submit = model.submit

    def note(request, sink) -> None:
        if isinstance(request, Embed):
            embedded.extend(request.texts)
        submit(request, sink)

    model.submit = note  # type: ignore[method-assign]
    traffic = Traffic(model)
    chat = Chat(db, model, WindSettings(threshold=2.0), traffic)
    quiet = Meaning(db, traffic, lambda: MODEL, traffic.is_quiet)
    try:
        say(db, *map(str, range(50)))
        model.gate.clear()
        chat.turns.start("Hello?").result()
        while not model.asked:
            time.sleep(0.001)
        quiet.catch_up()
        time.sleep(0.2)
        assert not traffic.is_quiet()
        assert embedded == []
        model.gate.set()
        chat.wait_for(ReplyFinished)
        quiet._thread.submit(lambda: None).result(20)  # pyright: ignore
        assert set(map(str, range(50))) <= set(embedded)
    finally:
        quiet.close()
        chat.close()


def test_the_next_start_goes_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    db = Database(path)
    say(db, *(f"message {number}" for number in range(3_000)))
    db.close()
    process = subprocess.Popen(
        [sys.executable, str(APP), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(APP.parents[2])},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) > 200:
            break
    process.kill()
    process.stdout.close()
    process.wait()
    db = Database(path)
    room = Room(db)
    try:
        left = room.standing()
        assert left is not None
        assert 200 < left.done < 3_000
        room.embed()
        assert room.standing() == Standing(3_000, 3_000)
        assert len(room.encoder.texts) == 3_000 - left.done  # nothing was read twice
    finally:
        room.meaning.close()
        db.close()
