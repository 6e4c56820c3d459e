"""A disk for SQLite that remembers every write and sync, and fails when told to.

While one is plugged in, new connections use it. What it remembers can be cut anywhere and
played back as a power loss would have left the files: what was synced is there, of what was
not, nothing or any part.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

_SECTOR = 512

Event = tuple[str, str, int, bytes]  # what, file name, offset or size, data


class Disk:
    """`before` is asked ahead of every operation; what it raises is what SQLite gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.operations = 0
        self.before: Callable[[str, int], bool] = lambda _operation, _size: True

    def acknowledge(self, text: str) -> None:
        self.events.append(("ack", text, 0, b""))

    def goes_through(self, operation: str, size: int = 0) -> bool:
        self.operations += 1
        return self.before(operation, size)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._name = Path(
            name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        ).name

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.goes_through("read", amount)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.goes_through("write", len(data)):
            super().xWrite(data, offset)
            self._disk.events.append(("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        if self._disk.goes_through("truncate"):
            super().xTruncate(newsize)
            self._disk.events.append(("truncate", self._name, newsize, b""))

    def xSync(self, flags: int) -> None:
        # The real disk need not wait: whether it was asked is all that matters here.
        if self._disk.goes_through("sync"):
            self._disk.events.append(("sync", self._name, 0, b""))

    def excepthook(self, *_error: object) -> None:
        """Raised on purpose; SQLite has been told."""


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        super().__init__("faulty", "unix", makedefault=True)
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._disk.events.append(("delete", Path(filename).name, 0, b""))

    def excepthook(self, *_error: object) -> None:
        """Raised on purpose; SQLite has been told."""


@contextmanager
def plugged_in() -> Iterator[Disk]:
    disk = Disk()
    vfs = _Vfs(disk)
    try:
        yield disk
    finally:
        vfs.unregister()
        apsw.set_default_vfs("unix")


def power_losses(
    events: list[Event], cuts: list[int], seed: int
) -> Iterator[tuple[dict[str, bytes], list[str]]]:
    """For each cut, the files as they would be found and what had been acknowledged by then."""
    rng = random.Random(seed)
    durable: dict[str, bytearray] = {}
    pending: dict[str, list[Event]] = {}
    acknowledged: list[str] = []
    at = 0
    for cut in sorted(cuts):
        for event in events[at:cut]:
            _play(event, durable, pending, acknowledged)
        at = cut
        yield _found(durable, pending, rng), list(acknowledged)


def _play(
    event: Event,
    durable: dict[str, bytearray],
    pending: dict[str, list[Event]],
    acknowledged: list[str],
) -> None:
    what, name, _, _ = event
    match what:
        case "ack":
            acknowledged.append(name)
        case "sync":
            for waiting in pending.pop(name, []):
                _apply(waiting, durable.setdefault(name, bytearray()))
        case "delete":
            durable.pop(name, None)
            pending.pop(name, None)
        case _:
            pending.setdefault(name, []).append(event)


def _found(
    durable: dict[str, bytearray], pending: dict[str, list[Event]], rng: random.Random
) -> dict[str, bytes]:
    """Every second time nothing unsynced has arrived; else any of it, torn at sectors."""
    files = {name: bytearray(data) for name, data in durable.items()}
    if rng.random() < 0.5:
        return {name: bytes(data) for name, data in files.items()}
    for name, waiting in pending.items():
        for event in rng.sample(waiting, rng.randint(0, len(waiting))):
            what, _, offset, data = event
            torn = data[: rng.randint(0, len(data) // _SECTOR) * _SECTOR] if data else data
            kept = data if rng.random() < 0.5 else torn
            _apply((what, name, offset, kept), files.setdefault(name, bytearray()))
    return {name: bytes(data) for name, data in files.items()}


def _apply(event: Event, content: bytearray) -> None:
    what, _, at, data = event
    if what == "truncate":
        del content[at:]
        return
    if data:
        content.extend(bytes(max(0, at + len(data) - len(content))))
        content[at : at + len(data)] = data
