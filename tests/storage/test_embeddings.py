"""Vectors of messages: every message once, and none of a text that is gone."""

import numpy as np
import pytest

from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.storage import conversations, copies, embeddings, messages, vectors
from app.storage.database import Database, Tx
from app.storage.embeddings import Standing, Unembedded
from app.storage.vectors import Vectors

MODEL = "nomic"


def say(tx: Tx, chat: ConversationId, *texts: str) -> list[MessageId]:
    return [
        messages.add(tx, chat, messages.active_leaf(tx, chat), Message(role="user", content=t)).id
        for t in texts
    ]


def unit(*values: float) -> bytes:
    vector = np.array(values, "<f4")
    return (vector / np.linalg.norm(vector)).tobytes()


def embed(tx: Tx, id_: MessageId, *vectors: bytes, model: str = MODEL) -> bool:
    text = tx.value("SELECT text FROM message WHERE id = ?", (id_,))
    return embeddings.store(tx, model, Unembedded(id_, text), vectors)


def missing_ids(tx: Tx, model: str = MODEL) -> list[MessageId]:
    return [item.id for item in embeddings.missing(tx, model, 100).items]


def near_ids(tx: Tx, vector: bytes, limit: int = 10):
    return [near.id for near in Vectors().nearest(tx, MODEL, vector, limit)]


def test_filling_in_goes_on_where_it_stopped(db: Database) -> None:
    def first(tx: Tx) -> list[MessageId]:
        ids = say(tx, conversations.create(tx).id, *map(str, range(10)))
        for item in embeddings.missing(tx, MODEL, 4).items:
            assert embeddings.store(tx, MODEL, item, [unit(1, 0)])
        return ids

    def later(tx: Tx) -> None:
        assert missing_ids(tx) == ids[5::-1]
        assert missing_ids(tx, "another model") == ids[::-1]

    ids = db.write(first).result()
    db.read(later).result()


def test_a_pass_over_everything_is_made_in_bounded_steps(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "_LOOKED_AT", 7)

    def job(tx: Tx) -> None:
        ids = say(tx, conversations.create(tx).id, *map(str, range(40)))
        for id_ in ids[10:]:
            embed(tx, id_, unit(1, 0))
        found: list[MessageId] = []
        steps, before = 0, None
        while True:
            step = embeddings.missing(tx, MODEL, 3, before)
            found += [item.id for item in step.items]
            steps += 1
            if step.next is None:
                break
            before = step.next
        assert found == ids[9::-1]
        assert 6 <= steps <= 10

    db.write(job).result()


def test_what_has_no_text_is_not_asked_for(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        said, _empty, gone = say(tx, chat, "said", "", "gone")
        messages.hide(tx, gone)
        reply = messages.start_reply(tx, chat, said).id
        assert missing_ids(tx) == [said]
        messages.finish_reply(tx, reply, "done")
        assert missing_ids(tx) == [reply, said]
        assert embed(tx, reply)  # the model had nothing to say about it
        assert missing_ids(tx) == [said]
        assert near_ids(tx, unit(1, 0)) == []

    db.write(job).result()


def test_a_changed_text_is_embedded_again_and_an_old_one_never(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        reply = messages.start_reply(tx, chat, None).id
        messages.finish_reply(tx, reply, "half", status="stopped")
        embed(tx, reply, unit(1, 0))
        old = embeddings.missing(tx, "other", 1).items[0]
        messages.reopen(tx, reply)
        messages.finish_reply(tx, reply, "half and whole")
        assert missing_ids(tx) == [reply]
        assert not embeddings.store(tx, "other", old, [unit(1, 0)])
        assert near_ids(tx, unit(1, 0)) == []

    db.write(job).result()


def test_vectors_go_with_their_message(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        first, second = say(tx, chat, "a", "b")
        embed(tx, first, unit(1, 0))
        embed(tx, second, unit(1, 0), unit(0, 1))
        messages.delete(tx, second)
        assert tx.rows("SELECT message_id FROM embedding") == [(first,)]
        assert not embeddings.store(tx, MODEL, Unembedded(second, "b"), [unit(1, 0)])
        conversations.purge(tx, chat)
        assert tx.value("SELECT count(*) FROM embedding") == 0

    db.write(job).result()


def test_a_copied_chat_need_not_be_embedded_again(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        first, second = say(tx, chat, "a", "b")
        embed(tx, first, unit(1, 0))
        copy = copies.duplicate(tx, chat).id
        copied_first, copied_second = (stored.id for stored in messages.path(tx, copy))
        assert missing_ids(tx) == [copied_second, second]
        (near,) = vectors.nearest(tx, MODEL, unit(1, 0), 10, copy)
        assert near.id == copied_first

    db.write(job).result()


def test_nothing_of_a_chat_in_the_trash_is_asked_for(db: Database) -> None:
    def job(tx: Tx) -> None:
        kept, thrown = conversations.create(tx).id, conversations.create(tx).id
        (mine,) = say(tx, kept, "mine")
        (gone,) = say(tx, thrown, "gone")
        conversations.trash(tx, thrown)
        assert missing_ids(tx) == [mine]
        conversations.restore(tx, thrown)
        assert missing_ids(tx) == [gone, mine]

    db.write(job).result()


def test_the_standing_counts_what_a_search_can_find(db: Database) -> None:
    def job(tx: Tx) -> None:
        kept, thrown = conversations.create(tx).id, conversations.create(tx).id
        first, _second, hidden, _empty = say(tx, kept, "a", "b", "c", "")
        (gone,) = say(tx, thrown, "d")
        for id_ in (first, hidden, gone):
            embed(tx, id_, unit(1, 0), unit(0, 1))
        messages.hide(tx, hidden)
        conversations.trash(tx, thrown)
        assert embeddings.standing(tx, MODEL) == Standing(1, 2)
        assert embeddings.standing(tx, "other") == Standing(0, 2)

    db.write(job).result()


def test_vectors_of_other_models_can_be_told_and_dropped(db: Database) -> None:
    def job(tx: Tx) -> None:
        first, second = say(tx, conversations.create(tx).id, "a", "b")
        embed(tx, first, unit(1, 0))
        embed(tx, first, unit(1, 0), model="old")
        embed(tx, second, unit(1, 0), model="older")
        assert set(embeddings.models(tx)) == {MODEL, "old", "older"}
        embeddings.drop(tx, embeddings.of_others(tx, MODEL))
        assert embeddings.models(tx) == [MODEL]
        assert embeddings.of_others(tx, MODEL) == []

    db.write(job).result()
