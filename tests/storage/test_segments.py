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
