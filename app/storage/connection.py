"""One SQLite connection as this app opens them; the only place that calls apsw.Connection.

Every connection carries the search tokenizer, so a trigger or a rebuild on any of them writes
the same terms. A connection is used by one thread at a time. apsw runs statements lazily:
Tx exhausts each one, so nothing it was given is left half run.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import apsw

from app.core.errors import StorageError
from app.storage import ranking, tokenizer

Value = int | float | str | bytes | None
Values = Sequence[Value] | Mapping[str, Value]

# Older ones corrupt a WAL database when several connections checkpoint.
MIN_SQLITE = 3_051_003
APPLICATION_ID = 0x4C4C4348  # "LLCH"

_log = logging.getLogger(__name__)

_BUSY_MS = 5_000
_CACHE_KIB = 32 * 1024
_OPERATIONS_BETWEEN_ASKING = 10_000


class _Rows(Protocol):
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Tx:
    """What verbs are given: statements of the transaction they run in."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        # apsw's annotations name collections.abc.Buffer, which Python 3.11 lacks, hence the cast.
        self._execute = cast(
            Callable[[str, Values], _Rows],
            connection.execute,  # pyright: ignore[reportUnknownMemberType]
        )

    def rows(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        return self._execute(statement, values).fetchall()

    def row(self, statement: str, values: Values = ()) -> tuple[Any, ...] | None:
        found = self.rows(statement, values)
        return found[0] if found else None

    def value(self, statement: str, values: Values = ()) -> Any:
        """The single value of the first row; None when there is no row."""
        found = self.row(statement, values)
        return None if found is None else found[0]

    def run(self, statement: str, values: Values = ()) -> int:
        """Run a change; returns how many rows it changed."""
        self.rows(statement, values)
        return self.connection.changes()

    def insert(self, statement: str, values: Values = ()) -> int:
        """Run one INSERT; returns the new row's id."""
        self.rows(statement, values)
        return self.connection.last_insert_rowid()

    def begin(self, *, writing: bool) -> None:
        self.roll_back()  # of a transaction that a failing disk did not let go
        self.rows("BEGIN IMMEDIATE" if writing else "BEGIN")

    def commit(self) -> None:
        self.rows("COMMIT")

    def roll_back(self) -> None:
        with contextlib.suppress(apsw.Error):
            if not self.connection.get_autocommit():
                self.rows("ROLLBACK")

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """Ask now and then while statements run; those still running then fail."""
        self.connection.set_progress_handler(stop, _OPERATIONS_BETWEEN_ASKING)

    def close(self) -> None:
        try:
            self.connection.close()
        except apsw.Error as error:
            # Closing folds the log into the database. On a failing disk it stays a log: what
            # was committed is in it, and the next start reads it.
            _log.info("the log was not folded into the database: %s", error)


def open_writer(path: Path | None) -> Tx:
    """None: in memory."""
    tx = _open(path or ":memory:", apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    tx.rows("PRAGMA journal_mode = wal")
    tx.rows("PRAGMA synchronous = full")
    tx.rows("PRAGMA foreign_keys = on")
    tx.rows("PRAGMA journal_size_limit = 67108864")
    return tx


def open_reader(path: Path) -> Tx:
    tx = _open(path, apsw.SQLITE_OPEN_READONLY)
    tx.rows("PRAGMA query_only = on")
    return tx


def _open(path: Path | str, flags: int) -> Tx:
    if apsw.SQLITE_VERSION_NUMBER < MIN_SQLITE:
        raise StorageError(
            f"SQLite {apsw.sqlite_lib_version()} can damage chats. Reinstall the app."
        )
    connection = apsw.Connection(str(path), flags)
    connection.set_busy_timeout(_BUSY_MS)
    tx = Tx(connection)
    # Asked first: a schema that another program holds looks like a library without FTS5 below,
    # and that in turn like a damaged database.
    tx.rows("SELECT 1 FROM sqlite_schema LIMIT 1")
    connection.register_fts5_tokenizer("chat", _tokenizer)
    register = cast(
        Callable[[str, Callable[..., float]], None],
        connection.register_fts5_function,  # pyright: ignore[reportUnknownMemberType]
    )
    register("relevance", ranking.relevance)
    tx.rows(f"PRAGMA cache_size = -{_CACHE_KIB}")
    tx.rows("PRAGMA temp_store = memory")
    return tx


def _tokenizer(
    _connection: apsw.Connection, _args: list[str]
) -> Callable[[bytes, int, str | None], list[tokenizer.Term]]:
    def tokenize(utf8: bytes, reason: int, _locale: str | None) -> list[tokenizer.Term]:
        return tokenizer.terms(utf8, for_index=not tokenizer.is_query(reason))

    return tokenize


def read_stamp(path: Path) -> tuple[int, int] | None:
    """Application id and schema version from the file's header, without opening the database.

    None for what is no database; an empty file is one that has not begun.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if header and not header.startswith(b"SQLite format 3\0"):
        return None
    return int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
