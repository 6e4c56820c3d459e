"""kill -9 in the middle of a download, at many points, and a download far larger than memory."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core.downloads import Download, DownloadId, RemoteFile
from app.hub.part import Part
from app.hub.verify import is_right
from scripts import bench_download
from scripts.hub_stand_in import Content, StandIn
from tests.hub.file_store import FileStore

ROOT = Path(__file__).parents[2]
BLOCK = random.Random(2).randbytes(1_000_003)


def start(folder: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.hub.download_child", str(folder), str(store)]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})


def kill_on_the_way(hub: StandIn, folder: Path, size: int, kills: int) -> None:
    """Killed again and again, the file arrives whole and hardly anything comes twice."""
    content = hub.add("maker/a", {"a.gguf": Content(BLOCK, size)}).files["a.gguf"]
    url = f"{hub.endpoint}/maker/a/resolve/main/a.gguf"
    file = RemoteFile(url, size, sha256=content.sha256)
    store, target = folder / "store.json", folder / "Models" / "maker" / "a" / "a.gguf"
    FileStore(store).save(Download(DownloadId("x"), "maker/a", "a", (("a.gguf", file),)))
    rng = random.Random(3)
    for index in range(kills):
        child = start(folder / "Models", store)
        goal = size * (index + rng.random()) / (kills + 0.5)
        while Part(target, file).received < goal:
            assert child.poll() is None
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not target.exists()
    assert start(folder / "Models", store).wait(timeout=120) == 0
    assert is_right(target, file, lambda: None)
    assert hub.sent() <= 1.15 * size
    assert list(folder.rglob("*.gguf*")) == [target]


def test_kill_9_on_the_way(hub: StandIn, tmp_path: Path) -> None:
    hub.rate = 20_000_000
    kill_on_the_way(hub, tmp_path, 15_000_000, kills=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_at_twenty_points(hub: StandIn, tmp_path: Path) -> None:
    hub.rate = 50_000_000
    kill_on_the_way(hub, tmp_path, 400_000_000, kills=20)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_gigabytes_take_no_memory(tmp_path: Path) -> None:
    figures = bench_download.measure(2_000_000_000, 1, 100_000_000, tmp_path)
    assert figures["memory_grown_mib"] < 24
    speed = figures["mb_per_s"]
    # Nothing that verifies is faster than SHA-256 is on this machine right now.
    assert speed["ours"] >= 0.8 * min(speed["curl"], speed["SHA-256 alone"])
