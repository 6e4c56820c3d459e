from datetime import date, datetime

import pytest

from app.core.errors import InvalidRequest, StorageError
from app.core.ids import ConversationId
from app.core.messages import Message
from app.core.sampling import Sampling
from app.storage import conversations, copies, dates, folders, messages, segments
from app.storage.database import Database, Tx


def titles(page: conversations.Page) -> list[str]:
    return [item.title for item in page.items]


def test_pages_are_pinned_first_then_newest_and_miss_nothing(db: Database) -> None:
    def job(tx: Tx) -> None:
        for number in range(10):
            conversations.create(tx, str(number), created_ms=1000 + number // 3)
        conversations.pin(tx, ConversationId(3))
        seen: list[str] = []
        after = None
        while True:
            page = conversations.page(tx, after=after, limit=3)
            seen += titles(page)
            after = page.next
            if after is None:
                break
        assert seen == ["2", "9", "8", "7", "6", "5", "4", "3", "1", "0"]

    db.write(job).result()


def test_pages_walk_an_index_in_every_place(db: Database) -> None:
    plans = db.read(
        lambda tx: tx.rows(
            """EXPLAIN QUERY PLAN SELECT * FROM conversation
            WHERE place = 'chats' AND (pinned, updated_ms, id) < (1, 2, 3)
            ORDER BY pinned DESC, updated_ms DESC, id DESC LIMIT 9"""
        )
    ).result()
    text = " ".join(str(row[3]) for row in plans)
    assert "conversation_by_place" in text
    assert "TEMP B-TREE" not in text


def test_places_counts_and_undo(db: Database) -> None:
    def job(tx: Tx) -> None:
        work = folders.create(tx, "Work")
        first = conversations.create(tx, "a", folder_id=work.id).id
        second = conversations.create(tx, "b").id
        assert conversations.count(tx) == 2
        assert conversations.count(tx, folder_id=work.id) == 1
        conversations.archive(tx, first)
        conversations.trash(tx, first)
        conversations.trash(tx, second)
        assert [conversations.count(tx, p) for p in ("chats", "archive", "trash")] == [0, 0, 2]
        restored = conversations.restore(tx, first)
        assert (restored.place, restored.folder_id) == ("archive", work.id)
        conversations.archive(tx, first, False)
        assert titles(conversations.page(tx, folder_id=work.id)) == ["a"]
        conversations.move(tx, first, None)
        assert conversations.count(tx, folder_id=work.id) == 0
        conversations.purge(tx, second)
        assert [conversations.count(tx, p) for p in ("chats", "archive", "trash")] == [1, 0, 0]

    db.write(job).result()


def test_settings_of_a_conversation_are_kept(db: Database) -> None:
    def job(tx: Tx) -> conversations.Conversation:
        made = conversations.create(tx, "t", "m1", system_prompt="be brief")
        conversations.set_sampling(tx, made.id, Sampling(temperature=0.1, logit_bias={5: -1.0}))
        conversations.set_model(tx, made.id, "m2")
        conversations.set_draft(tx, made.id, "half a thou")
        return conversations.set_system_prompt(tx, made.id, "be kind")

    made = db.write(job).result()
    assert (made.model, made.system_prompt, made.draft) == ("m2", "be kind", "half a thou")
    assert made.sampling == Sampling(temperature=0.1, logit_bias={5: -1.0})


def test_a_long_chat_is_purged_in_small_steps(db: Database) -> None:
    def fill(tx: Tx) -> ConversationId:
        conversation = conversations.create(tx).id
        parent = None
        for number in range(2500):  # deeper than SQLite's trigger depth
            message = Message(role="user", content=f"word{number}")
            parent = messages.add(tx, conversation, parent, message).id
        conversations.trash(tx, conversation)
        return conversation

    conversation = db.write(fill).result()
    later = conversations.now_ms() + 1
    steps = 0
    while db.write(lambda tx: conversations.purge_trashed(tx, later, 1000)).result():
        steps += 1
    assert steps == 3
    with pytest.raises(StorageError, match="no longer exists"):
        db.read(lambda tx: conversations.get(tx, conversation)).result()
    assert db.read(lambda tx: tx.value("SELECT count(*) FROM message")).result() == 0


def test_purging_at_once_survives_any_depth(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversation = conversations.create(tx).id
        parent = None
        for _ in range(1500):
            parent = messages.add(tx, conversation, parent, Message(role="user")).id
        conversations.purge(tx, conversation)
        assert tx.value("SELECT count(*) FROM message") == 0

    db.write(job).result()


def test_folders_nest_and_refuse_cycles(db: Database) -> None:
    def job(tx: Tx) -> None:
        outer = folders.create(tx, "Outer")
        inner = folders.create(tx, "Inner", outer.id)
        conversation = conversations.create(tx, folder_id=inner.id).id
        with pytest.raises(InvalidRequest):
            folders.move(tx, outer.id, inner.id)
        assert set(folders.within(tx, "outer")) == {outer.id, inner.id}
        folders.delete(tx, outer.id)
        assert folders.all_folders(tx) == []
        assert conversations.get(tx, conversation).folder_id is None
        assert conversations.count(tx) == 1

    db.write(job).result()


def two_branches(tx: Tx) -> tuple[ConversationId, list[messages.StoredMessage]]:
    conversation = conversations.create(tx, "Trip", "m", system_prompt="s").id
    root = messages.add(tx, conversation, None, Message(role="user", content="hello"))
    left = messages.add(tx, conversation, root.id, Message(role="assistant", content="left"))
    right = messages.add(tx, conversation, root.id, Message(role="assistant", content="right"))
    messages.set_active_leaf(tx, conversation, left.id)
    return conversation, [root, left, right]


def test_a_duplicate_has_all_branches_and_shows_the_same_one(db: Database) -> None:
    def job(tx: Tx) -> None:
        source, said = two_branches(tx)
        segments.add(tx, source, said[0].id, said[1].id, "narrative")
        copy = copies.duplicate(tx, source)
        branch = messages.path(tx, copy.id)
        assert [m.message.text for m in branch] == ["hello", "left"]
        assert branch[-1].sibling_count == 2
        assert (copy.messages, copy.system_prompt) == (3, "s")
        carried = segments.on_branch(tx, copy.id, branch[-1].id)
        assert [(s.text, s.last_message_id) for s in carried] == [("narrative", branch[-1].id)]
        messages.add(tx, copy.id, branch[-1].id, Message(role="user", content="more"))
        assert conversations.get(tx, source).messages == 3

    db.write(job).result()


def test_a_branch_becomes_a_chat_that_ends_there(db: Database) -> None:
    def job(tx: Tx) -> None:
        _, said = two_branches(tx)
        copy = copies.branch_off(tx, said[2].id)
        assert [m.message.text for m in messages.path(tx, copy.id)] == ["hello", "right"]
        assert copy.messages == 2

    db.write(job).result()


def test_deleting_a_message_takes_what_followed_and_shows_what_is_left(db: Database) -> None:
    def job(tx: Tx) -> None:
        conversation, said = two_branches(tx)
        assert messages.delete(tx, said[1].id) == said[2].id
        assert [m.message.text for m in messages.path(tx, conversation)] == ["hello", "right"]
        assert messages.delete(tx, said[0].id) is None
        assert messages.path(tx, conversation) == []

    db.write(job).result()


def test_revealing_a_message_switches_branch_only_when_needed(db: Database) -> None:
    def job(tx: Tx) -> None:
        _, said = two_branches(tx)
        assert messages.reveal(tx, said[0].id) == said[1].id
        assert messages.reveal(tx, said[2].id) == said[2].id
        found = messages.get_many(tx, [said[2].id, said[0].id])
        assert [m.message.text for m in found] == ["right", "hello"]

    db.write(job).result()


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ((2026, 11, 21, 0, 1), "Today"),
        ((2026, 11, 20, 23, 59), "Yesterday"),
        ((2026, 11, 14, 0, 0), "Previous 7 days"),
        ((2026, 11, 13, 23, 59), "Previous 30 days"),
        ((2026, 10, 22, 0, 0), "Previous 30 days"),
        ((2026, 3, 2, 0, 0), "March"),
        ((2024, 3, 2, 0, 0), "2024"),
    ],
)
def test_date_groups(then: tuple[int, ...], expected: str) -> None:
    then_ms = int(datetime(*then).astimezone().timestamp() * 1000)  # type: ignore[arg-type]
    assert dates.group(then_ms, date(2026, 11, 21)) == expected
