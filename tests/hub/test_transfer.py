"""One file's download against every fault: never an unverified file, never a good one lost."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import msgspec
import pytest

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub import transfer
from app.hub.control import Control, Stopped, Throttle
from app.hub.part import Part
from app.hub.patience import Patience
from app.hub.progress import Arrived
from app.hub.transfer import fetch
from app.hub.verify import block_size
from scripts.hub_stand_in import MODES, Fault, Mode, StandIn

SIZE = 3_000_000
DATA = random.Random(1).randbytes(SIZE)
EAGER = Patience(stall_s=0.4, backoff_s=0.01)
# All five by --slow: twelve faults at one point tell most of what breaks.
POINTS = [0.5, *(pytest.param(at, marks=pytest.mark.slow) for at in (0.0, 0.1, 0.9, 0.999))]


def offer(hub: StandIn, data: bytes = DATA, **traits: bool) -> RemoteFile:
    content = hub.add("owner/repo", {"model.gguf": data}, **traits).files["model.gguf"]
    url = f"{hub.endpoint}/owner/repo/resolve/main/model.gguf"
    return RemoteFile(url, content.size, sha256=content.sha256)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "model.gguf")


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("mode", MODES)
def test_every_fault_ends_in_the_right_file(
    hub: StandIn, client: httpx2.Client, tmp_path: Path, mode: Mode, at: float
) -> None:
    file, target = offer(hub), tmp_path / "model.gguf"
    target.write_bytes(b"the good old version")
    hub.faults.append(Fault(mode, at))
    seen: list[bytes] = []

    def look(_: Arrived) -> None:
        if not seen or target.stat().st_size != len(seen[-1]):
            seen.append(target.read_bytes())

    fetch(client, file, target, patience=EAGER, report=look)
    assert target.read_bytes() == DATA
    assert all(content in (b"the good old version", DATA) for content in seen)
    assert leftovers(tmp_path) == []
    if mode in ("cut", "stall", "drip"):
        assert hub.sent() <= 1.15 * SIZE


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("mode", MODES)
def test_what_has_arrived_survives_every_fault(
    hub: StandIn, client: httpx2.Client, tmp_path: Path, mode: Mode, at: float
) -> None:
    """Cut at nine tenths; the next answer is spoiled, too."""
    file, target = offer(hub), tmp_path / "model.gguf"
    hub.faults += [Fault("cut", 0.9), *[Fault("503")] * 2]
    with pytest.raises(HubError):
        fetch(client, file, target, patience=msgspec.structs.replace(EAGER, attempts=2))
    kept, before = Part(target, file).received, hub.sent()
    assert kept == pytest.approx(0.9 * SIZE, abs=70_000)
    hub.faults[:] = [Fault(mode, at)]
    least = [kept]

    def look(arrived: Arrived) -> None:
        least[0] = min(least[0], arrived.received)

    fetch(client, file, target, patience=EAGER, report=look)
    assert target.read_bytes() == DATA
    block = block_size(SIZE)
    assert least[0] >= kept - block
    # It cannot know better when the server sends all of it, or damage that has to be searched.
    if mode not in ("range_ignored", "new_etag", "flip"):
        assert hub.sent() - before <= SIZE - kept + 0.15 * SIZE


def test_only_the_rest_is_fetched_by_a_later_run(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    file, target = offer(hub), tmp_path / "model.gguf"
    hub.faults += [Fault("cut", 0.9)] + [Fault("503")] * 20
    with pytest.raises(HubError, match=r"does not go on: the server is busy \(503\)"):
        fetch(client, file, target, patience=EAGER)
    assert not target.exists()
    kept = Part(target, file).received
    assert kept == pytest.approx(0.9 * SIZE, abs=70_000)
    hub.faults.clear()
    before = hub.sent()
    fetch(client, file, target, patience=EAGER)
    assert target.read_bytes() == DATA
    assert hub.sent() - before == SIZE - kept
    assert f"bytes={kept}-" in [entry.range for entry in hub.log]


def test_damage_that_stays_is_refused(hub: StandIn, client: httpx2.Client, tmp_path: Path) -> None:
    file, target = offer(hub), tmp_path / "model.gguf"
    target.write_bytes(b"old")
    hub.faults += [Fault("flip", 0.5)] * 5
    with pytest.raises(HubError, match="damaged more than once"):
        fetch(client, file, target, patience=EAGER)
    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


def test_a_part_of_another_version_is_not_continued(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    old, target = offer(hub), tmp_path / "model.gguf"
    hub.faults += [Fault("cut", 0.5)] + [Fault("503")] * 20
    with pytest.raises(HubError):
        fetch(client, old, target, patience=EAGER)
    hub.faults.clear()
    fetch(client, offer(hub, DATA[::-1]), target, patience=EAGER)
    assert target.read_bytes() == DATA[::-1]


def test_the_token_goes_to_the_hub_alone(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    file, target = offer(hub, gated=True), tmp_path / "model.gguf"
    with pytest.raises(HubError, match="accept its terms"):
        fetch(client, file, target, patience=EAGER)
    hub.faults.append(Fault("redirect"))
    fetch(client, file, target, token=hub.token, patience=EAGER)
    sent = {(entry.server, bool(entry.authorization)) for entry in hub.log[1:]}
    assert sent == {("hub", True), ("files", False)}


def test_files_outside_lfs_are_verified_by_gits_hash(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    content = hub.add("owner/repo", {"readme.md": b"# Model\n"}).files["readme.md"]
    url = f"{hub.endpoint}/owner/repo/resolve/main/readme.md"
    fetch(client, RemoteFile(url, content.size, git_sha1=content.git_sha1), tmp_path / "readme.md")
    assert (tmp_path / "readme.md").read_bytes() == b"# Model\n"
    with pytest.raises(HubError, match="no checksum"):
        fetch(client, RemoteFile(url, content.size), tmp_path / "b")


def test_a_file_that_is_gone(hub: StandIn, client: httpx2.Client, tmp_path: Path) -> None:
    file = RemoteFile(f"{hub.endpoint}/owner/repo/resolve/main/x", 10, sha256="0" * 64)
    hub.add("owner/repo", {"model.gguf": DATA})
    with pytest.raises(HubError, match="any more"):
        fetch(client, file, tmp_path / "x", patience=EAGER)


def test_an_unreachable_hub(client: httpx2.Client, tmp_path: Path) -> None:
    file = RemoteFile("http://127.0.0.1:9/x", 10, sha256="0" * 64)
    with pytest.raises(HubError, match="no connection"):
        fetch(client, file, tmp_path / "x", patience=Patience(attempts=2, backoff_s=0.01))


def test_a_full_disk_is_noticed_first(
    hub: StandIn, client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "DISK_RESERVE_BYTES", 1 << 60)
    with pytest.raises(HubError, match="Free some space"):
        fetch(client, offer(hub), tmp_path / "model.gguf")
    assert hub.log == []


def test_retry_after_is_honoured(hub: StandIn, client: httpx2.Client, tmp_path: Path) -> None:
    hub.faults.append(Fault("429", retry_after="1"))
    notes: list[str] = []
    started = time.monotonic()
    fetch(
        client,
        offer(hub),
        tmp_path / "model.gguf",
        patience=EAGER,
        report=lambda arrived: notes.append(arrived.note),
    )
    assert time.monotonic() - started >= 1
    assert "the server is busy (429)" in notes


def stopped_after(hub: StandIn, wait: Callable[[], bool], run: Callable[[Control], None]) -> float:
    """Stops a running fetch once `wait` is true; the seconds it took to end."""
    control, ended = Control(), threading.Event()

    def work() -> None:
        with pytest.raises(Stopped):
            run(control)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 10
    while not wait() and time.monotonic() < deadline:
        time.sleep(0.005)
    at = time.monotonic()
    control.stop()
    assert ended.wait(10)
    thread.join()
    return time.monotonic() - at


def test_stop_ends_a_silent_read_at_once_and_keeps_the_part(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    file, target = offer(hub), tmp_path / "model.gguf"
    part = Part(target, file).path
    hub.faults.append(Fault("stall", 0.5))
    seconds = stopped_after(
        hub,
        lambda: part.exists() and part.stat().st_size > 0.4 * SIZE,
        lambda control: fetch(client, file, target, control=control, patience=Patience(stall_s=30)),
    )
    assert seconds < 1
    assert part.stat().st_size > 0.4 * SIZE


def test_stop_during_a_wait(hub: StandIn, client: httpx2.Client, tmp_path: Path) -> None:
    hub.faults.append(Fault("503", retry_after="60"))
    file = offer(hub)
    seconds = stopped_after(
        hub,
        lambda: len(hub.log) == 2,
        lambda control: fetch(client, file, tmp_path / "m", control=control, patience=EAGER),
    )
    assert seconds < 1


def test_the_bandwidth_limit_holds(hub: StandIn, client: httpx2.Client, tmp_path: Path) -> None:
    started = time.monotonic()
    fetch(client, offer(hub), tmp_path / "model.gguf", throttle=Throttle(4_000_000))
    assert time.monotonic() - started > 0.6 * SIZE / 4_000_000


def test_a_shared_limit_counts_everyone() -> None:
    now = 100.0
    throttle = Throttle(1000, clock=lambda: now)
    assert throttle.delay(500) == 0.5
    assert throttle.delay(500) == 1.0
    throttle.set_rate(0)
    assert throttle.delay(10**9) == 0.0
