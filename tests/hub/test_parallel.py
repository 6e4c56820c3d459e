"""Several connections: when one is slow, through trouble of one of them, and resumed."""

import random
import threading
import time
from pathlib import Path

import httpx2
import pytest

from app.core.downloads import RemoteFile
from app.hub import lanes
from app.hub.control import Control, Stopped, Throttle
from app.hub.part import Part
from app.hub.patience import Patience
from app.hub.progress import Arrived
from app.hub.transfer import fetch
from scripts.hub_stand_in import Fault, Mode, StandIn

SIZE = 8_000_000
DATA = random.Random(6).randbytes(SIZE)
EAGER = Patience(stall_s=0.6, backoff_s=0.01, trial_s=0.2)


@pytest.fixture
def file(hub: StandIn) -> RemoteFile:
    content = hub.add("o/r", {"m.gguf": DATA}).files["m.gguf"]
    hub.rate = 4_000_000
    return RemoteFile(f"{hub.endpoint}/o/r/resolve/main/m.gguf", SIZE, sha256=content.sha256)


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections there were at once."""
    seen = [0]

    class Counting(lanes.Plan):
        def take(self) -> lanes.Piece | None:
            piece = super().take()
            seen[0] = max(seen[0], len(self._taken))
            return piece

    monkeypatch.setattr(lanes, "Plan", Counting)
    return seen


def test_a_slow_server_is_asked_over_several(
    hub: StandIn, client: httpx2.Client, file: RemoteFile, tmp_path: Path, most: list[int]
) -> None:
    began = time.monotonic()
    fetch(client, file, tmp_path / "m", patience=EAGER)
    assert (tmp_path / "m").read_bytes() == DATA
    assert most[0] >= 2
    assert time.monotonic() - began < SIZE / hub.rate  # what one alone must take
    assert hub.sent() <= 1.1 * SIZE


@pytest.mark.parametrize("mode", ["cut", "stall", "429", "range_ignored", "new_etag", "416"])
def test_trouble_of_one_connection_costs_little(
    hub: StandIn, client: httpx2.Client, file: RemoteFile, tmp_path: Path, mode: Mode
) -> None:
    faults = [Fault(mode, 0.3)]

    def spoil(arrived: Arrived) -> None:
        if arrived.received and faults:  # the first connection is at work already
            hub.faults.append(faults.pop())

    fetch(client, file, tmp_path / "m", patience=EAGER, report=spoil)
    assert (tmp_path / "m").read_bytes() == DATA
    assert hub.sent() <= 1.5 * SIZE


def test_stopped_with_several_it_goes_on_where_it_was(
    hub: StandIn, client: httpx2.Client, file: RemoteFile, tmp_path: Path, most: list[int]
) -> None:
    control = Control()

    def work() -> None:
        with pytest.raises(Stopped):
            fetch(client, file, tmp_path / "m", control=control, patience=EAGER)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 20
    while most[0] < 2 or hub.sent() < 0.6 * SIZE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    control.stop()
    thread.join(5)
    assert not thread.is_alive()
    kept, before = Part(tmp_path / "m", file).received, hub.sent()
    assert kept > 0.5 * SIZE
    fetch(client, file, tmp_path / "m", patience=EAGER)
    assert (tmp_path / "m").read_bytes() == DATA
    assert hub.sent() - before <= SIZE - kept + 1_500_000  # and what was on its way


def test_a_limit_of_bandwidth_needs_one_only(
    client: httpx2.Client, file: RemoteFile, tmp_path: Path, most: list[int]
) -> None:
    throttle = Throttle(5_000_000)
    fetch(client, file, tmp_path / "m", throttle=throttle, patience=EAGER)
    assert most[0] == 1
