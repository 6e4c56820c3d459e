"""Files that only the hub library can fetch: by its own Xet client, verified as all others."""

import random
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.control import Control, Stopped
from app.hub.transfer import fetch
from app.hub.xet import fetch_by_library
from scripts.hub_stand_in import Repository, StandIn

DATA = random.Random(8).randbytes(1_000_000)


@pytest.fixture
def only_xet(hub: StandIn) -> Repository:
    return hub.add("o/r", {"m.gguf": DATA}, xet_only=True)


def file_of(hub: StandIn, repository: Repository) -> RemoteFile:
    url = f"{hub.endpoint}/o/r/resolve/{repository.commit}/m.gguf"
    return RemoteFile(url, len(DATA), sha256=repository.files["m.gguf"].sha256)


def test_it_arrives_by_the_librarys_own_way(
    hub: StandIn, client: httpx2.Client, only_xet: Repository, tmp_path: Path
) -> None:
    fetch(client, file_of(hub, only_xet), tmp_path / "m.gguf", token=hub.token)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["m.gguf"]
    assert (tmp_path / "m.gguf").read_bytes() == DATA
    assert any(entry.path.startswith("/xorb/") for entry in hub.log)


def test_what_it_brings_is_verified(
    hub: StandIn, client: httpx2.Client, only_xet: Repository, tmp_path: Path
) -> None:
    file = file_of(hub, only_xet)
    content = only_xet.files["m.gguf"]
    content._block = DATA[:-1] + bytes([DATA[-1] ^ 1])
    target = tmp_path / "m.gguf"
    target.write_bytes(b"old")
    with pytest.raises(HubError, match="damaged"):
        fetch(client, file, target)
    assert target.read_bytes() == b"old"
    assert not list(tmp_path.glob(".m.gguf*.xet"))


def test_a_child_that_dies_is_said(hub: StandIn, only_xet: Repository, tmp_path: Path) -> None:
    file, target = file_of(hub, only_xet), tmp_path / "m.gguf"
    dying = [sys.executable, "-c", "raise SystemExit(1)"]
    with pytest.raises(HubError, match="failed"):
        fetch_by_library(file, target, "", Control(), lambda arrived: None, dying)


def test_stop_ends_its_process(hub: StandIn, only_xet: Repository, tmp_path: Path) -> None:
    control, ended = Control(), list[float]()
    sleeping = [sys.executable, "-c", "import sys, time; sys.stdin.read(); time.sleep(60)"]

    file, target = file_of(hub, only_xet), tmp_path / "m.gguf"

    def work() -> None:
        with pytest.raises(Stopped):
            fetch_by_library(file, target, "", control, lambda arrived: None, sleeping)
        ended.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    began = time.monotonic()
    control.stop()
    thread.join(10)
    assert ended
    assert ended[0] - began < 5
