"""The schema as numbered steps; pure, run by `database` on the writer's thread.

Each step is one transaction together with its number in `user_version`; a released step is
never edited. A step is a tuple of single statements, so a kill between any two of them is
something a test can stage.
"""

from app.storage.connection import APPLICATION_ID, Tx
from app.storage.schema import STEPS


def latest() -> int:
    return len(STEPS)


def version(tx: Tx) -> int:
    return int(tx.value("PRAGMA user_version"))


def migrate_one(tx: Tx) -> None:
    """Take the next step; the caller has made the backup."""
    number = version(tx) + 1
    tx.begin(writing=True)
    try:
        for statement in STEPS[number - 1]:
            tx.run(statement)
        tx.run(f"PRAGMA application_id = {APPLICATION_ID}")
        tx.run(f"PRAGMA user_version = {number}")
        tx.commit()
    except BaseException:
        tx.roll_back()
        raise
