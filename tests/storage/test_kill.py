"""Rows 1 to 3: kill -9 while streaming loses nothing acknowledged and little of the reply."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.storage import search_index
from app.storage.database import Database, Tx

pytestmark = pytest.mark.timeout(900)  # the slow forms, on a busy machine

APP = Path(__file__).with_name("streaming_app.py")
# The app flushes after 25 tokens' time here; one more such time for a flush under way.
MOST_LOST_TOKENS = 50


class Fate(msgspec.Struct):
    acknowledged: int
    lost: int
    reply_lost_tokens: int
    sound: bool


def live_and_die(path: Path, after_lines: int, *flags: str) -> list[str]:
    """Everything the process said before kill -9."""
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
        if len(said) >= after_lines:
            break
    process.kill()
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    # The last line may be half written.
    return said + rest[:-1]


def autopsy(path: Path, said: list[str]) -> Fate:
    db = Database(path)
    try:
        rows = db.read(lambda tx: tx.rows("SELECT role, text, status FROM message")).result()
        sound = db.write(is_sound).result()
    finally:
        db.close()
    texts = {text for role, text, _ in rows if role == "user"}
    sent = [line.removeprefix("sent ") for line in said if line.startswith("sent ")]
    finished = [line.split()[1] for line in said if line.startswith("finished ")]
    replies = [text for role, text, _ in rows if role == "assistant"]
    lost = sum(question not in texts for question in sent)
    lost += sum(not any(f"word{n}x199 " in text for text in replies) for n in finished)
    return Fate(len(sent) + len(finished), lost, _reply_lost(said, replies), sound)


def _reply_lost(said: list[str], replies: list[str]) -> int:
    """Tokens of the last reply that had been streamed and are gone."""
    streamed = [line.split()[1:] for line in said if line.startswith("streamed ")]
    if not streamed:
        return 0
    number = streamed[-1][0]
    kept = max((len(text) for text in replies if f"word{number}x" in text), default=0)
    return sum(int(length) > kept for n, length in streamed if n == number)


def is_sound(tx: Tx) -> bool:
    return (
        tx.value("PRAGMA integrity_check") == "ok"
        and not tx.rows("PRAGMA foreign_key_check")
        and search_index.is_sound(tx)
        and not tx.rows("SELECT 1 FROM partial")
        and not tx.rows("SELECT 1 FROM message WHERE status = 'streaming'")
    )


@pytest.mark.parametrize(
    "kills",
    [
        range(4),
        *[pytest.param(range(n, n + 10), marks=pytest.mark.slow) for n in range(4, 204, 10)],
    ],
)
def test_kill_9_while_streaming(
    tmp_path: Path, kills: range, expect_log: Callable[[str], None]
) -> None:
    expect_log("interrupted by the last exit")
    fates: list[Fate] = []
    for seed in kills:
        path = tmp_path / str(seed) / "chats.sqlite3"
        said = live_and_die(path, random.Random(seed).randint(5, 600))
        fates.append(autopsy(path, said))
    assert sum(fate.acknowledged for fate in fates) > len(kills)
    assert [fate.lost for fate in fates] == [0] * len(kills)
    assert all(fate.sound for fate in fates)
    assert max(fate.reply_lost_tokens for fate in fates) <= MOST_LOST_TOKENS


def test_control_a_careless_app_is_caught(
    tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("interrupted by the last exit")
    early = live_and_die(tmp_path / "a" / "chats.sqlite3", 2, "careless")
    assert autopsy(tmp_path / "a" / "chats.sqlite3", early).lost == 1
    late = live_and_die(tmp_path / "b" / "chats.sqlite3", 170, "careless")
    fate = autopsy(tmp_path / "b" / "chats.sqlite3", late)
    assert fate.reply_lost_tokens > MOST_LOST_TOKENS
