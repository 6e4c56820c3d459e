"""What has arrived: the journal, and damage that is found where it is."""

import hashlib
import random
import sys
from pathlib import Path

import httpx2
import pytest

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.part import Part, xet_folder
from app.hub.patience import Patience
from app.hub.transfer import fetch
from app.hub.verify import Follower, block_size
from scripts.hub_stand_in import Fault, StandIn

SIZE = 16 << 18
DATA = random.Random(5).randbytes(SIZE)
BLOCK = block_size(SIZE)
EAGER = Patience(stall_s=0.5, backoff_s=0.01, attempts=2)
FILE = RemoteFile("", SIZE, sha256=hashlib.sha256(DATA).hexdigest())


def journal(part: Part) -> Path:
    return part.path.with_name(f"{part.path.name}.log")


def test_a_half_written_line_and_bytes_that_are_not_there_do_not_count(tmp_path: Path) -> None:
    part = Part(tmp_path / "m", FILE)
    part.path.write_bytes(DATA[:3000])
    part.path.with_name(f"{part.path.name}.log").write_text(
        'got 0 1000\ngot 2000 9000\nlost 100 200\nnonsense\ngot x y\netag "e"\nsum 10 ab\ngot 12'
    )
    again = Part(tmp_path / "m", FILE)
    assert again.received == 900 + 1000
    assert again.frontier == 100
    assert (again.etag, again.sum_at(10)) == ('"e"', "ab")


def test_a_journal_without_its_part_says_nothing(tmp_path: Path) -> None:
    part = Part(tmp_path / "m", FILE)
    journal(part).write_text("got 0 1000\n")
    assert Part(tmp_path / "m", FILE).received == 0


def test_the_journal_is_written_anew_and_says_the_same(tmp_path: Path) -> None:
    part = Part(tmp_path / "m", FILE)
    with part.open():
        part.path.write_bytes(DATA)
        for start in range(0, 9000, 10):
            part.got(start, start + 10)
        part.set_sum(5, "ab")
        part.forget_sums(3)
        part.set_etag('"e"')
    long = journal(part).stat().st_size
    again = Part(tmp_path / "m", FILE)
    with again.open():
        assert (again.received, again.etag, again.sum_at(5)) == (9000, '"e"', "")
    assert journal(part).stat().st_size < long / 10


def test_two_do_not_write_one_part(tmp_path: Path) -> None:
    with (
        Part(tmp_path / "m", FILE).open(),
        pytest.raises(HubError, match="Another window or command"),
        Part(tmp_path / "m", FILE).open(),
    ):
        pass


@pytest.fixture
def begun(hub: StandIn, client: httpx2.Client, tmp_path: Path) -> tuple[RemoteFile, Path]:
    """A file of which nine tenths have arrived."""
    hub.add("o/r", {"m.gguf": DATA})
    file = RemoteFile(f"{hub.endpoint}/o/r/resolve/main/m.gguf", SIZE, sha256=FILE.sha256)
    hub.faults += [Fault("cut", 0.9), *[Fault("503")] * 9]
    with pytest.raises(HubError):
        fetch(client, file, tmp_path / "m", patience=EAGER)
    hub.faults.clear()
    return file, tmp_path / "m"


def spoil(path: Path, at: int) -> None:
    with path.open("r+b") as opened:
        opened.seek(at)
        opened.write(bytes([DATA[at] ^ 1]))


def test_a_damaged_block_on_this_disk_comes_again_alone(
    hub: StandIn, client: httpx2.Client, begun: tuple[RemoteFile, Path]
) -> None:
    file, target = begun
    part = Part(target, file)
    missing = SIZE - part.received
    spoil(part.path, 5 * BLOCK + 7)
    before = hub.sent()
    fetch(client, file, target, patience=EAGER)
    assert target.read_bytes() == DATA
    asked = [entry.range for entry in hub.log if entry.server == "files"]
    assert f"bytes={5 * BLOCK}-{6 * BLOCK - 1}" in asked
    assert hub.sent() - before == missing + BLOCK


def test_damage_by_the_network_is_searched_block_by_block(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    hub.add("o/r", {"m.gguf": DATA})
    file = RemoteFile(f"{hub.endpoint}/o/r/resolve/main/m.gguf", SIZE, sha256=FILE.sha256)
    hub.faults.append(Fault("flip", 0.2))
    fetch(client, file, tmp_path / "m", patience=EAGER)
    assert (tmp_path / "m").read_bytes() == DATA
    assert hub.sent() == SIZE + 4 * BLOCK  # the fourth block has the flipped byte


def test_a_wrong_sum_in_the_journal_costs_one_block(
    hub: StandIn, client: httpx2.Client, begun: tuple[RemoteFile, Path]
) -> None:
    file, target = begun
    part = Part(target, file)
    missing = SIZE - part.received
    with part.open():
        part.set_sum(3 * BLOCK, "0" * 64)
    before = hub.sent()
    fetch(client, file, target, patience=EAGER)
    assert target.read_bytes() == DATA
    assert hub.sent() - before == missing + BLOCK


def test_the_hash_follows_what_is_there_without_a_gap(tmp_path: Path) -> None:
    part = Part(tmp_path / "m", FILE)
    follower = Follower(part, FILE)
    with part.open():
        part.path.write_bytes(DATA)
        part.got(BLOCK, SIZE)
        assert not follower.step()
        part.got(0, BLOCK)
        while follower.step():
            pass
    follower.close()
    assert follower.right
    assert part.sum_at(BLOCK) == hashlib.sha256(DATA[:BLOCK]).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_the_journal_knows_no_byte_that_the_disk_did_not_take(
    hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    """A disk that fills up takes a part of a write, and refuses the next."""
    import resource

    content = hub.add("o/r", {"m.gguf": DATA}).files["m.gguf"]
    file = RemoteFile(f"{hub.endpoint}/o/r/resolve/main/m.gguf", SIZE, sha256=content.sha256)
    room, (soft, hard) = 1_234_567, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(HubError, match="cannot be written"):
            fetch(client, file, tmp_path / "m", patience=EAGER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    part = Part(tmp_path / "m", file)
    noted = [line.split() for line in journal(part).read_text().splitlines()]
    assert max(int(words[2]) for words in noted if words[0] == "got") == room
    fetch(client, file, tmp_path / "m", patience=EAGER)
    assert (tmp_path / "m").read_bytes() == DATA


def test_what_is_discarded_takes_the_librarys_own_work_with_it(tmp_path: Path) -> None:
    part = Part(tmp_path / "m", FILE)
    with part.open():
        (xet_folder(tmp_path / "m", FILE) / "half").mkdir(parents=True)
    part.discard()
    assert list(tmp_path.iterdir()) == []
