"""The app ends in two seconds, whatever its engines are doing just then."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.bootstrap.rooms import Rooms, open_rooms
from app.core.errors import KnownError
from app.core.protocol import CHAT
from app.storage.database import Database
from app.storage.messages import Status
from tests.workers.asking import Until

MOST_S = 2.5


@contextmanager
def closing_s() -> Iterator[tuple[Rooms, Callable[[], float]]]:
    """The rooms, and afterwards how long they took to close."""
    began = 0.0

    def taken() -> float:
        return time.monotonic() - began

    with open_rooms(lambda _: None) as rooms:
        yield rooms, taken
        began = time.monotonic()


def hang() -> None:
    """Every engine stops where it is, and will not hear a Stop either.

    Not before its own program runs: a process stopped between the two holds the thread that
    starts it, which no engine can do.
    """
    until = time.monotonic() + 10
    while not (engines := psutil.Process().children()) and time.monotonic() < until:
        time.sleep(0.001)
    for engine in engines:
        while "worker" not in engine.cmdline() and time.monotonic() < until:
            time.sleep(0.001)
        engine.suspend()


def wait_for_phase(rooms: Rooms, phase: str) -> None:
    for _ in range(200):
        Until.ticks(rooms.pool, 1)
        if [each.phase for each in rooms.pool.state.workers if CHAT in each.roles] == [phase]:
            return
    pytest.fail(f"never {phase}")


def statuses(home: Path) -> list[Status]:
    db = Database(home / "data" / "chats.sqlite3")
    rows = db.read(lambda tx: tx.rows("SELECT status FROM message WHERE role = 'assistant'"))
    found = [row[0] for row in rows.result()]
    db.close()
    return found


def test_closing_while_a_model_loads_that_a_message_waits_for(home: Path, tiny_model: Path) -> None:
    with closing_s() as (rooms, taken):
        rooms.load(tiny_model)
        hang()
        rooms.turns.start("Are you there?").result(5)
    assert taken() < MOST_S
    assert statuses(home) != ["streaming"]


def test_closing_while_the_model_of_a_chat_loads(home: Path, tiny_model: Path) -> None:
    with closing_s() as (rooms, taken):
        hang()
        rooms.turns.start("Are you there?", str(tiny_model)).result(5)
        wait_for_phase(rooms, "starting")
    assert taken() < MOST_S
    assert statuses(home) != ["streaming"]


def test_closing_with_a_hung_engine_keeps_what_it_said(home: Path, tiny_model: Path) -> None:
    with closing_s() as (rooms, taken):
        rooms.load(tiny_model).result(30)
        hang()
        rooms.turns.start("Are you there?").result(5)
    assert taken() < MOST_S
    assert statuses(home) != ["streaming"]


def test_a_load_that_comes_too_late_is_refused(tiny_model: Path) -> None:
    with open_rooms(lambda _: None) as rooms:
        models = rooms.models
    refused: list[BaseException | None] = []
    asking = threading.Thread(
        target=lambda: refused.append(models.loaded(tiny_model).exception(5)), daemon=True
    )
    asking.start()
    asking.join(10)
    (error,) = refused
    assert isinstance(error, KnownError)
