"""The nearest in meaning: exact over all there is, within the filters, never what is gone."""

import random

import numpy as np
import pytest

from app.core.ids import ConversationId, MessageId
from app.core.messages import Message
from app.storage import conversations, folders, messages, query, search, vectors
from app.storage.database import Database, Tx
from app.storage.vectors import Vectors

from .test_embeddings import MODEL, embed, say, unit


@pytest.fixture
def dice() -> random.Random:
    return random.Random(7)


def some(dice: random.Random, size: int = 24) -> bytes:
    return unit(*(dice.gauss(0, 1) for _ in range(size)))


def ids(found: list[vectors.Near]) -> list[MessageId]:
    return [near.id for near in found]


def test_a_kept_vector_is_four_times_smaller_and_says_the_same(dice: random.Random) -> None:
    for size in (24, 384, 1024):
        vector = some(dice, size)
        kept = vectors.pack(vector)
        assert len(kept) == size + 4
        values = np.frombuffer(kept[4:], np.int8) * np.frombuffer(kept[:4], "<f4")
        assert abs(float(values @ np.frombuffer(vector, "<f4")) - 1.0) < 0.002


def test_the_nearest_are_exact_over_many_blocks(
    db: Database, monkeypatch: pytest.MonkeyPatch, dice: random.Random
) -> None:
    monkeypatch.setattr(vectors, "_BLOCK", 16)
    monkeypatch.setattr(vectors, "_AT_ONCE", 5)

    def job(tx: Tx) -> None:
        chats = [conversations.create(tx).id for _ in range(3)]
        made: dict[MessageId, list[bytes]] = {}
        for number in range(150):
            (id_,) = say(tx, chats[number % 3], str(number))
            made[id_] = [some(dice) for _ in range(1 + number % 3)]
            embed(tx, id_, *made[id_])
        embed(tx, id_, unit(*[1.0] * 9))  # of another size: made by another file of that name
        del made[id_]
        wanted = some(dice)
        asked = np.frombuffer(wanted, "<f4")
        cosines = {
            i: [float(np.frombuffer(v, "<f4") @ asked) for v in parts] for i, parts in made.items()
        }

        def check(found: list[vectors.Near], among: list[MessageId], count: int) -> None:
            best = sorted((max(cosines[i]) for i in among), reverse=True)[:count]
            assert [near.score for near in found] == pytest.approx(best, abs=0.01)
            for near in found:
                assert near.score == pytest.approx(cosines[near.id][near.part], abs=0.01)
                assert cosines[near.id][near.part] == max(cosines[near.id])
            assert len(set(ids(found))) == count

        check(Vectors().nearest(tx, MODEL, wanted, 12), list(made), 12)
        mine = [i for i in made if messages.get(tx, i).conversation_id == chats[1]]
        check(vectors.nearest(tx, MODEL, wanted, 5, chats[1]), mine, 5)

    db.write(job).result()


def test_only_what_is_shown_is_found(db: Database) -> None:
    known = Vectors()

    def job(tx: Tx) -> None:
        kept, trashed = conversations.create(tx).id, conversations.create(tx).id
        first, hidden, deleted = say(tx, kept, "a", "b", "c")
        (thrown,) = say(tx, trashed, "c")
        for id_ in (first, hidden, deleted, thrown):
            embed(tx, id_, unit(1, 0))
        embed(tx, first, unit(0, 1), model="other")
        assert len(known.nearest(tx, MODEL, unit(1, 0), 10)) == 4
        messages.delete(tx, deleted)
        messages.hide(tx, hidden)
        conversations.trash(tx, trashed)
        for find in (known, Vectors()):
            (near,) = find.nearest(tx, MODEL, unit(1, 0), 10)
            assert (near.id, near.conversation_id) == (first, kept)
            assert near.score == pytest.approx(1.0, abs=0.001)
        assert vectors.nearest(tx, MODEL, unit(1, 0), 10, trashed) == []

    db.write(job).result()


def test_what_came_since_is_found_and_a_changed_text_is_not(db: Database) -> None:
    known = Vectors()

    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        (first,) = say(tx, chat, "a")
        embed(tx, first, unit(1, 0))
        assert ids(known.nearest(tx, MODEL, unit(1, 0), 10)) == [first]
        reply = messages.start_reply(tx, chat, first).id
        messages.finish_reply(tx, reply, "half", status="stopped")
        embed(tx, reply, unit(1, 0))
        assert set(ids(known.nearest(tx, MODEL, unit(1, 0), 10))) == {first, reply}
        messages.reopen(tx, reply)
        messages.finish_reply(tx, reply, "half and whole")
        assert ids(known.nearest(tx, MODEL, unit(1, 0), 10)) == [first]
        embed(tx, reply, unit(0, 1))
        near = known.nearest(tx, MODEL, unit(0, 1), 10)
        assert near[0].id == reply
        assert near[0].score == pytest.approx(1.0, abs=0.001)

    db.write(job).result()


def test_vectors_of_two_models_are_never_compared(db: Database) -> None:
    known = Vectors()

    def job(tx: Tx) -> None:
        first, second = say(tx, conversations.create(tx).id, "a", "b")
        embed(tx, first, unit(1, 0))
        embed(tx, second, unit(1, 0), model="other")
        assert ids(known.nearest(tx, MODEL, unit(1, 0), 10)) == [first]
        assert ids(known.nearest(tx, "other", unit(1, 0), 10)) == [second]
        assert ids(known.nearest(tx, MODEL, unit(1, 0), 10)) == [first]

    db.write(job).result()


def test_the_filters_of_a_search_hold_for_meaning_too(db: Database) -> None:
    def job(tx: Tx) -> None:
        work = folders.create(tx, "Work").id
        inside = conversations.create(tx, folder_id=work).id
        outside = conversations.create(tx).id
        day_ms = 86_400_000
        made: dict[str, MessageId] = {}
        for name, chat, role, model, when in (
            ("a", inside, "user", "", 1_000 * day_ms),
            ("b", inside, "assistant", "Tea-4B", 20_000 * day_ms),
            ("c", outside, "assistant", "Cup-7B", 20_001 * day_ms),
        ):
            said = Message(role=role, content=name)
            leaf = messages.active_leaf(tx, chat)
            made[name] = messages.add(tx, chat, leaf, said, model=model, created_ms=when).id
            embed(tx, made[name], unit(1, 0))

        def found(text: str) -> str:
            near = known.nearest(tx, MODEL, unit(1, 0), 10, asked=query.parse(text))
            return "".join(name for name, id_ in made.items() if id_ in ids(near))

        assert found("words") == "abc"
        assert found("in:work words") == "ab"
        assert found("role:assistant words") == "bc"
        assert found("model:tea words") == "b"
        assert found("before:2000 words") == "a"
        assert found("after:2000 words") == "bc"
        assert found("in:nowhere words") == ""

    known = Vectors()
    db.write(job).result()


def test_what_is_further_than_the_floor_is_about_something_else(db: Database) -> None:
    def job(tx: Tx) -> None:
        near, far = say(tx, conversations.create(tx).id, "a", "b")
        embed(tx, near, unit(3, 1))
        embed(tx, far, unit(1, 3))
        assert ids(Vectors().nearest(tx, MODEL, unit(1, 0), 10, floor=0.5)) == [near]
        assert ids(Vectors().nearest(tx, MODEL, unit(1, 0), 10)) == [near, far]

    db.write(job).result()


# ---------------------------------------------------------------- beside words


class Chats:
    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.known = Vectors()

    def chat(self, title: str, *said: str) -> ConversationId:
        chat = conversations.create(self.tx, title).id
        say(self.tx, chat, *said)
        return chat

    def near(self, chat: ConversationId, place: int, part: int = 0, score: float = 0.9):
        id_ = messages.path(self.tx, chat)[place].id
        return vectors.Near(id_, chat, part, score)


def test_both_rankings_together_and_what_meaning_alone_found_is_told(db: Database) -> None:
    def job(tx: Tx) -> None:
        chats = Chats(tx)
        worded = chats.chat("Tides", "The sea is rough today.")
        both = chats.chat("Plans", "We go to the sea in July.", "Pack the tent.")
        meant = chats.chat("Cottage", "We rented a place on the beach.")
        near = [chats.near(meant, 0), chats.near(both, 1), chats.near(both, 0)]
        found = search.search(tx, "sea", near=near)
        assert [group.conversation_id for group in found.groups] == [both, worded, meant]
        first, second = found.groups[0].hits
        assert (first.meant, first.snippet.text) == (False, "We go to the sea in July.")
        assert (second.meant, second.snippet.text) == (True, "Pack the tent.")
        assert not found.groups[1].hits[0].meant
        assert found.groups[2].hits[0].meant
        assert found.groups[0].total == 2

    db.write(job).result()


def test_the_snippet_of_a_long_message_is_the_passage_that_is_near(db: Database) -> None:
    def job(tx: Tx) -> None:
        chats = Chats(tx)
        long = "\n\n".join(f"Part {number}. " + "filler " * 100 for number in range(4))
        chat = chats.chat("Long", long)
        (group,) = search.search(tx, "seaside", near=[chats.near(chat, 0, part=2)]).groups
        assert group.hits[0].snippet.text.startswith("Part 2. filler")
        (group,) = search.search(tx, "seaside", near=[chats.near(chat, 0, part=99)]).groups
        assert group.hits[0].snippet.text.startswith("Part 0.")

    db.write(job).result()
