"""Reading what can still be read of a damaged database into a sound one.

Works on connections of its own while no one else has the files. Rows keep their ids, so what
a backup already brought is completed rather than doubled. Afterwards every reference holds.
"""

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from app.storage import search_index
from app.storage.connection import Tx

_TABLES = (
    ("folder", "id"),
    ("conversation", "id"),
    ("message", "id"),
    ("segment", "id"),
    ("recall", "message_id"),
    ("partial", "message_id"),
    ("queued", "id"),
    ("preset", "id"),
    ("document", "id"),
    ("attachment", "id"),
    ("excerpt", "message_id"),
    ("download", "id"),
)
_BLOCK = 100
_JSON_COLUMNS = ("sampling", "tool_calls", "stats", "error", "ledger", "quotes", "value")

_MEND = (
    """INSERT INTO conversation (id, uid, title, created_ms, updated_ms)
        SELECT conversation_id, 'recovered-' || conversation_id, 'Recovered chat',
            min(created_ms), max(created_ms)
        FROM message WHERE conversation_id NOT IN (SELECT id FROM conversation)
        GROUP BY conversation_id""",
    # A parent is older than its child; anything else would be a circle.
    """UPDATE message SET parent_id = NULL WHERE parent_id IS NOT NULL AND (
        parent_id >= id OR conversation_id IS NOT
            (SELECT p.conversation_id FROM message p WHERE p.id = message.parent_id))""",
    """UPDATE conversation SET active_leaf =
        (SELECT max(id) FROM message
            WHERE conversation_id = conversation.id AND deleted_ms IS NULL)
        WHERE active_leaf IS NULL OR id IS NOT
            (SELECT conversation_id FROM message WHERE id = active_leaf)""",
    """UPDATE folder SET parent_id = NULL
        WHERE parent_id >= id OR parent_id NOT IN (SELECT id FROM folder)""",
    """UPDATE conversation SET folder_id = NULL WHERE folder_id NOT IN (SELECT id FROM folder)""",
    """DELETE FROM segment WHERE conversation_id NOT IN (SELECT id FROM conversation)
        OR first_message_id NOT IN (SELECT id FROM message)
        OR last_message_id NOT IN (SELECT id FROM message)""",
    """UPDATE segment SET superseded_by = NULL
        WHERE superseded_by <= id OR superseded_by NOT IN (SELECT id FROM segment)""",
    """DELETE FROM recall WHERE message_id NOT IN (SELECT id FROM message)""",
    """DELETE FROM queued WHERE conversation_id NOT IN (SELECT id FROM conversation)""",
    """UPDATE attachment SET message_id = NULL
        WHERE message_id NOT IN (SELECT id FROM message)""",
    """UPDATE attachment SET queued_id = NULL WHERE queued_id NOT IN (SELECT id FROM queued)""",
    """DELETE FROM attachment WHERE document_id NOT IN (SELECT id FROM document)
        OR (message_id IS NULL AND queued_id IS NULL)""",
    """DELETE FROM excerpt WHERE message_id NOT IN (SELECT id FROM message)""",
    """DELETE FROM partial WHERE message_id NOT IN (SELECT id FROM message)""",
    """UPDATE conversation SET messages =
        (SELECT count(*) FROM message
            WHERE conversation_id = conversation.id AND deleted_ms IS NULL)""",
    """DELETE FROM tally""",
    """INSERT INTO tally SELECT place, ifnull(folder_id, 0), count(*)
        FROM conversation GROUP BY 1, 2""",
)


class Salvaged(msgspec.Struct, frozen=True):
    conversations: int
    messages: int


def salvage(damaged: Tx, fresh: Tx) -> Salvaged:
    """One transaction on `fresh`, which may already hold a backup's rows."""
    counts: dict[str, int] = {}
    fresh.rows("PRAGMA foreign_keys = off")
    fresh.begin(writing=True)
    try:
        for table, key in _TABLES:
            counts[table] = sum(
                _keep(fresh, table, key, row) for row in _readable(damaged, fresh, table, key)
            )
        for statement in _MEND:
            fresh.run(statement)
        search_index.rebuild(fresh)
        fresh.commit()
    except BaseException:
        fresh.roll_back()
        raise
    finally:
        fresh.rows("PRAGMA foreign_keys = on")
    return Salvaged(counts["conversation"], counts["message"])


def _readable(damaged: Tx, fresh: Tx, table: str, key: str) -> Iterator[dict[str, Any]]:
    """Rows in the order of their keys; where reading fails, ever larger steps ahead."""
    columns = _shared_columns(damaged, fresh, table)
    if key not in columns:
        return
    names = ", ".join(columns)
    query = f"SELECT {names} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"
    last, end, step, block = 0, _last_key(damaged, table), 1, _BLOCK
    while last < end:
        try:
            rows = damaged.rows(query, (last, block))
        except (apsw.Error, UnicodeDecodeError):
            if block > 1:
                block = 1
                continue
            last, step = last + step, step * 2
            continue
        if not rows:
            return
        yield from (dict(zip(columns, row, strict=True)) for row in rows)
        # A key past the end, or not ahead, is damage too: it would end or repeat the reading.
        last, step = max(last + 1, min(rows[-1][columns.index(key)], end)), 1
        block = min(_BLOCK, block * 2)


def _keep(fresh: Tx, table: str, key: str, row: dict[str, Any]) -> bool:
    names, places = ", ".join(row), ", ".join("?" * len(row))
    updates = ", ".join(f"{name} = excluded.{name}" for name in row if name != key)
    try:
        fresh.run(
            f"""INSERT INTO {table} ({names}) VALUES ({places})
                ON CONFLICT ({key}) DO UPDATE SET {updates}""",
            [_sound(name, value) for name, value in row.items()],
        )
    except (apsw.ConstraintError, apsw.MismatchError, apsw.TooBigError):
        return False
    return True


def _sound(name: str, value: Any) -> Any:
    """Text stays text even where a flipped bit made it bytes; broken JSON becomes nothing."""
    if isinstance(value, bytes) and name not in {"parts", "data"}:
        value = value.decode("utf-8", "replace")
    if value is None or name not in (*_JSON_COLUMNS, "parts"):
        return value
    try:
        (msgspec.msgpack if name == "parts" else msgspec.json).decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, RecursionError):
        return "[]" if name in ("ledger", "quotes") else None
    return value


def _shared_columns(damaged: Tx, fresh: Tx, table: str) -> list[str]:
    try:
        there = {row[1] for row in damaged.rows(f"PRAGMA table_info({table})")}
    except (apsw.Error, UnicodeDecodeError):
        return []
    return [row[1] for row in fresh.rows(f"PRAGMA table_info({table})") if row[1] in there]


def _last_key(damaged: Tx, table: str) -> int:
    """The largest key that was ever given out, as far as that can be read."""
    guesses = [0]
    for query in (
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",
        f"SELECT max(rowid) FROM {table}",
    ):
        try:
            guess = damaged.value(query)
        except (apsw.Error, UnicodeDecodeError):
            continue
        guesses.append(guess if isinstance(guess, int) else 0)
    return max(guesses) or 2**40
