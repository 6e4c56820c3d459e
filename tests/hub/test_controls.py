"""The guards, taken away one by one: what the other tests look at must then be wrong.

A scorecard that stays green over a deliberate bug proves nothing.
"""

import random
from pathlib import Path

import httpx2
import pytest

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub import asking, safe_path, transfer
from app.hub.part import Part
from app.hub.patience import Patience
from app.hub.transfer import fetch
from app.hub.verify import Follower
from scripts.hub_stand_in import Fault, StandIn

SIZE = 3_000_000
DATA = random.Random(7).randbytes(SIZE)
EAGER = Patience(stall_s=0.5, backoff_s=0.01, attempts=2)


@pytest.fixture
def file(hub: StandIn) -> RemoteFile:
    content = hub.add("o/r", {"m.gguf": DATA}, gated=True).files["m.gguf"]
    return RemoteFile(f"{hub.endpoint}/o/r/resolve/main/m.gguf", SIZE, sha256=content.sha256)


def get(client: httpx2.Client, hub: StandIn, file: RemoteFile, target: Path) -> None:
    fetch(client, file, target, token=hub.token, patience=EAGER)


def test_without_the_hash_a_damaged_file_is_visible(
    hub: StandIn,
    client: httpx2.Client,
    file: RemoteFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Follower, "right", property(lambda self: self.at == SIZE))
    hub.faults.append(Fault("flip", 0.5))
    get(client, hub, file, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() != DATA


def test_without_the_journal_too_much_comes_twice(
    hub: StandIn,
    client: httpx2.Client,
    file: RemoteFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Part, "_read", lambda self, words: None)
    hub.faults += [Fault("cut", 0.9), *[Fault("503")] * 9]
    with pytest.raises(HubError):
        get(client, hub, file, tmp_path / "m")
    hub.faults.clear()
    get(client, hub, file, tmp_path / "m")
    assert hub.sent() > 1.15 * SIZE


def test_written_in_place_the_good_old_file_is_lost(
    hub: StandIn,
    client: httpx2.Client,
    file: RemoteFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "m"
    target.write_bytes(b"the good old version")

    def in_place(self: Part, *_: object) -> None:
        begin(self, target, file)
        self.path = target

    begin = Part.__init__
    monkeypatch.setattr(Part, "__init__", in_place)
    hub.faults += [Fault("cut", 0.5), *[Fault("503")] * 9]
    with pytest.raises(HubError):
        get(client, hub, file, target)
    assert not target.read_bytes().startswith(b"the good old version")


def test_without_the_origin_the_token_leaks(
    hub: StandIn,
    client: httpx2.Client,
    file: RemoteFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_origin", lambda url: ("http", "anywhere", 80))
    get(client, hub, file, tmp_path / "m")
    assert any(entry.authorization for entry in hub.log if entry.server == "files")


def test_without_the_check_of_names_one_escapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "models"
    monkeypatch.setattr(safe_path, "is_safe", lambda name: True)
    path = safe_path.place(root, "owner/repo", "../../../x.gguf")
    assert not path.resolve().is_relative_to(root)


def test_without_the_reserve_a_full_disk_is_begun(
    hub: StandIn,
    client: httpx2.Client,
    file: RemoteFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "check_space", lambda folder, missing: None)
    monkeypatch.setattr(transfer, "DISK_RESERVE_BYTES", 1 << 60)
    get(client, hub, file, tmp_path / "m")
    assert hub.log
