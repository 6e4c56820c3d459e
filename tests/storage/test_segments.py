from app.core.messages import Message
from app.storage import conversations, messages, segments
from app.storage.database import Database, Tx
from app.storage.segments import LedgerEntry


def say(tx: Tx, conversation: conversations.ConversationId, parent: object, text: str):
    return messages.add(tx, conversation, parent, Message(role="user", content=text)).id  # type: ignore[arg-type]


def test_a_segment_counts_on_branches_that_contain_its_last_message(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        a = say(tx, chat, None, "a")
        b = say(tx, chat, a, "b")
        left, right = say(tx, chat, b, "left"), say(tx, chat, b, "right")
        edited_start = say(tx, chat, None, "other")
        ledger = (LedgerEntry("path", "/etc/hosts", a),)
        trunk = segments.add(tx, chat, a, b, "trunk", ledger=ledger, tokens=7)
        only_left = segments.add(tx, chat, left, left, "left")
        assert segments.on_branch(tx, chat, left) == [trunk, only_left]
        assert segments.on_branch(tx, chat, right) == [trunk]
        assert segments.on_branch(tx, chat, edited_start) == []
        assert trunk.ledger == ledger

    db.write(job).result()


def test_a_merge_on_one_branch_leaves_the_others_their_segments(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        a = say(tx, chat, None, "a")
        left, right = say(tx, chat, a, "left"), say(tx, chat, a, "right")
        trunk = segments.add(tx, chat, a, a, "trunk")
        tip = segments.add(tx, chat, left, left, "tip")
        merged = segments.add(tx, chat, a, left, "both", supersedes=(trunk.id, tip.id))
        assert [s.text for s in segments.on_branch(tx, chat, left)] == ["both"]
        assert [s.text for s in segments.on_branch(tx, chat, right)] == ["trunk"]
        segments.undo(tx, merged.id)
        assert [s.text for s in segments.on_branch(tx, chat, left)] == ["trunk", "tip"]

    db.write(job).result()


def test_an_edit_keeps_its_history(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        a = say(tx, chat, None, "a")
        first = segments.add(tx, chat, a, a, "first")
        second = segments.add(tx, chat, a, a, "second", origin="edited", supersedes=(first.id,))
        assert segments.on_branch(tx, chat, a) == [second]
        assert [s.text for s in segments.history(tx, chat)] == ["first", "second"]
        assert segments.get(tx, first.id).superseded_by == second.id

    db.write(job).result()


def test_merges_on_two_branches_do_not_disturb_each_other(db: Database) -> None:
    def job(tx: Tx) -> None:
        chat = conversations.create(tx).id
        a = say(tx, chat, None, "a")
        left, right = say(tx, chat, a, "left"), say(tx, chat, a, "right")
        trunk = segments.add(tx, chat, a, a, "trunk")
        segments.add(tx, chat, a, left, "left and trunk", supersedes=(trunk.id,))
        edited = segments.add(tx, chat, a, a, "edited", supersedes=(trunk.id,))
        assert [s.text for s in segments.on_branch(tx, chat, right)] == ["edited"]
        segments.add(tx, chat, a, right, "right and trunk", supersedes=(edited.id,))
        assert [s.text for s in segments.on_branch(tx, chat, left)] == ["left and trunk"]
        assert [s.text for s in segments.on_branch(tx, chat, right)] == ["right and trunk"]
        assert [s.text for s in segments.on_branch(tx, chat, a)] == ["edited"]

    db.write(job).result()


def test_a_copy_has_the_history_and_the_facts_of_its_own_messages(db: Database) -> None:
    def job(tx: Tx) -> None:
        source = conversations.create(tx).id
        a = say(tx, source, None, "a")
        first = segments.add(tx, source, a, a, "first", ledger=(LedgerEntry("path", "/x", a),))
        second = segments.add(tx, source, a, a, "second", supersedes=(first.id,))
        segments.add(tx, source, a, a, "third", supersedes=(second.id,))
        target = conversations.create(tx).id
        b = say(tx, target, None, "a")
        segments.copy(tx, source, target, {a: b})
        old, newer, newest = segments.history(tx, target)
        assert [s.text for s in (old, newer, newest)] == ["first", "second", "third"]
        assert (old.superseded_by, newer.superseded_by) == (newer.id, newest.id)
        assert old.ledger[0].message_id == b

    db.write(job).result()
