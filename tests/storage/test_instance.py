import errno
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Client
from pathlib import Path

import msgspec
import pytest

from app.core.errors import AlreadyRunning, StorageError
from app.storage import instance
from app.storage.instance import Instance, raise_first

HOLD = """
import sys, pathlib
from app.storage import instance
from app.storage.instance import Instance
from app.core.errors import AlreadyRunning
if "bug" in sys.argv:
    instance._try_lock = lambda file: None
sys.stdin.readline()
try:
    held = Instance(pathlib.Path(sys.argv[1]), lambda arguments: None)
except AlreadyRunning:
    print("refused", flush=True)
else:
    print("held", flush=True)
    sys.stdin.readline()
    held.close()
"""


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=20)


def test_only_one_holds_the_folder(tmp_path: Path) -> None:
    with Instance(tmp_path), pytest.raises(AlreadyRunning, match="already open"):
        Instance(tmp_path)
    Instance(tmp_path).close()


def test_a_second_start_hands_over_its_arguments(tmp_path: Path) -> None:
    heard: queue.Queue[list[str]] = queue.Queue()
    with Instance(tmp_path, heard.put):
        assert raise_first(tmp_path, ["model with space.gguf", "ü"])
        assert heard.get(timeout=5) == ["model with space.gguf", "ü"]
        assert raise_first(tmp_path)
    assert not raise_first(tmp_path)


def test_a_stranger_without_the_key_is_refused_and_the_owner_goes_on(
    tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("not understood")
    heard: queue.Queue[list[str]] = queue.Queue()
    with Instance(tmp_path, heard.put):
        channel = msgspec.json.decode((tmp_path / "instance.json").read_bytes())
        with pytest.raises(Exception, match="digest"):
            Client(channel["address"], authkey=b"wrong")
        with Client(channel["address"], authkey=bytes.fromhex(channel["key"])) as peer:
            peer.send_bytes(b"\x80\x04not json")
        assert raise_first(tmp_path, ["ok"])
    assert heard.get(timeout=5) == ["ok"]


def test_a_folder_that_cannot_be_used_is_not_called_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be used"):
        Instance(tmp_path / "file" / "data")

    def no_locks(_file: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(instance, "_try_lock", no_locks)
    with pytest.raises(StorageError, match="cannot be locked"):
        Instance(tmp_path / "data")


def test_a_folder_with_a_very_long_name_works(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    with Instance(folder, lambda arguments: None):
        assert raise_first(folder)


def test_the_lock_survives_no_kill(tmp_path: Path) -> None:
    first = start(tmp_path)
    say(first)
    assert hear(first) == "held"
    with pytest.raises(AlreadyRunning):
        Instance(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    end(first)
    with Instance(tmp_path, lambda arguments: None):
        assert raise_first(tmp_path)


def started_at_once(folder: Path, *words: str) -> list[str]:
    processes = [start(folder, *words) for _ in range(3)]
    for process in processes:
        say(process)
    answers = sorted(hear(process) for process in processes)
    for process in processes:
        if words:
            process.kill()  # those that hold one folder together cannot leave it
        end(process)
    return answers


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_simultaneous_starts_leave_one(tmp_path: Path, rounds: int) -> None:
    for number in range(rounds):
        assert started_at_once(tmp_path / str(number)) == ["held", "refused", "refused"]


def test_control_a_lock_that_locks_nothing_is_noticed(tmp_path: Path) -> None:
    assert started_at_once(tmp_path, "bug").count("held") > 1
