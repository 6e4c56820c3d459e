"""Kill -9 at any point of a wind: nothing said or narrated is lost, and the next start goes on."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from app.chat.events import ReplyFinished, WindFinished
from app.core.ids import ConversationId
from app.core.settings import WindSettings
from app.storage import messages, segments
from app.storage.database import Database, Tx
from tests.storage.test_kill import is_sound

from .conftest import Chat, WordModel, price
from .winding_app import CTX, answer, question

APP = Path(__file__).with_name("winding_app.py")
HERE = ConversationId(1)


class Fate(msgspec.Struct):
    acknowledged: int
    lost: list[str]
    whole: bool  # every message is narrated once or seen as it is
    sound: bool
    at: str  # the last it said


def live_and_die(path: Path, after_lines: int, dice: random.Random, *flags: str) -> list[str]:
    process = subprocess.Popen(
        [sys.executable, str(APP), str(path), *flags],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(APP.parents[2])},
    )
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line.strip())
        if len(said) >= after_lines or ("careless" in flags and said[-1] == "between"):
            break
    if "careless" not in flags:
        time.sleep(dice.random() * 0.004)  # anywhere between two lines
    process.kill()
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    return said + rest[:-1]  # the last line may be half written


def autopsy(path: Path, said: list[str], expect_log: Callable[[str], None]) -> Fate:
    with closing(sqlite3.connect(path)) as left:
        if left.execute("SELECT 1 FROM message WHERE status = 'streaming'").fetchone():
            expect_log("interrupted by the last exit")
    db = Database(path)
    try:
        lost = db.read(lambda tx: _lost(tx, said)).result()
        whole = db.read(_whole).result()
        sound = db.write(is_sound).result()
    finally:
        db.close()
    return Fate(len(said), lost, whole, sound, said[-1])


def _lost(tx: Tx, said: list[str]) -> list[str]:
    known = {f"sent {row[0]}" for row in tx.rows("SELECT id FROM message WHERE role = 'user'")}
    known |= {
        f"finished {row[0]}"
        for row in tx.rows("SELECT id FROM message WHERE status = 'complete' AND text <> ''")
    }
    known |= {f"segment {segment.id}" for segment in segments.history(tx, HERE)}
    return [line for line in said if line[-1].isdigit() and line not in known]


def _whole(tx: Tx) -> bool:
    """The standing segments follow one another without a gap, from the first message on."""
    path = messages.path(tx, HERE)
    branch = [stored.id for stored in path if stored.message.text]  # what was interrupted is not
    place = 0
    for segment in segments.on_branch(tx, HERE, branch[-1]):
        if branch[place] != segment.first_message_id:
            return False
        place = branch.index(segment.last_message_id) + 1
    return True


def goes_on(path: Path) -> None:
    """The next start answers, winds and stays within its window."""
    db = Database(path)
    model = WordModel(CTX)
    model.reply = answer
    chat = Chat(db, model, WindSettings())
    try:
        for number in range(1, 8):
            chat.turns.send(HERE, question(number))
            finished = chat.wait_for(ReplyFinished, number)[-1]
            assert isinstance(finished, ReplyFinished)
            assert finished.message.status == "complete", finished.message.error
            chat.settle()
        winds = chat.wait_for(WindFinished)
        assert all(isinstance(e, WindFinished) and e.segment for e in winds)
        assert db.read(_whole).result()
        sent = [r for r in model.asked if r.priority == "interactive"]
        assert all(price(r.messages) <= chat.budget.limit for r in sent)
    finally:
        chat.close()
        db.close()


@pytest.mark.parametrize(
    "kills",
    [
        range(4),
        *[pytest.param(range(n, n + 10), marks=pytest.mark.slow) for n in range(4, 104, 10)],
    ],
)
def test_kill_9_at_any_point_of_a_wind(
    tmp_path: Path, kills: range, expect_log: Callable[[str], None]
) -> None:
    fates: list[Fate] = []
    for seed in kills:
        path = tmp_path / str(seed) / "chats.sqlite3"
        dice = random.Random(seed)
        said = live_and_die(path, dice.randint(12, 120), dice)
        fates.append(autopsy(path, said, expect_log))
        goes_on(path)
    assert sum(fate.acknowledged for fate in fates) > 12 * len(kills)
    assert [fate.lost for fate in fates] == [[]] * len(kills)
    assert all(fate.whole and fate.sound for fate in fates), fates


def test_control_a_careless_wind_is_caught(
    tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    path = tmp_path / "chats.sqlite3"
    said = live_and_die(path, 400, random.Random(1), "careless")
    assert "between" in said
    fate = autopsy(path, said, expect_log)
    assert not fate.whole or fate.lost
