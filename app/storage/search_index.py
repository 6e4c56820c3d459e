"""The search index itself: whether it tells the truth, and building it anew.

Verbs on a writing transaction. Triggers keep the index; this is for when they could not have:
a tokenizer with other rules, or damage.
"""

import apsw

from app.storage import tokenizer
from app.storage.connection import Tx

_INDEXES = ("message_fts", "conversation_fts")


def prepare(tx: Tx) -> None:
    """Build the index anew when it was built by other rules than ours."""
    if tx.value("SELECT value FROM meta WHERE key = 'tokenizer'") == tokenizer.VERSION:
        return
    if tx.value("SELECT EXISTS (SELECT 1 FROM conversation)"):
        rebuild(tx)
    tx.run("INSERT OR REPLACE INTO meta VALUES ('tokenizer', ?)", (tokenizer.VERSION,))


def rebuild(tx: Tx) -> None:
    for index in _INDEXES:
        tx.run(f"INSERT INTO {index}({index}) VALUES ('rebuild')")


def is_sound(tx: Tx) -> bool:
    """Compare the index with the text it stands for; needs a writing transaction.

    Rank 1 is what makes it look at the text: without it, and in PRAGMA integrity_check, an
    index of other words passes.
    """
    try:
        for index in _INDEXES:
            tx.run(f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)")
    except apsw.CorruptError:
        return False
    return True
