"""What has arrived of one file: its bytes beside the target, and a journal that says which.

Any thread of one transfer. Always true: a range is in the journal only after its bytes were
written, so a kill loses no more than what nobody had noted; after a power loss the journal may
know too much, and the sums in it show where. Names are bound to the file's hash.
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.locking import lock
from app.hub.spans import Spans


class Part:
    """The journal is lines: `got A B`, `lost A B`, `sum AT HEX` (of all before), `etag E`."""

    def __init__(self, target: Path, file: RemoteFile) -> None:
        self.path = target.with_name(f".{target.name}.{file.digest[:16]}.part")
        self._journal_path = self.path.with_name(f"{self.path.name}.log")
        self._size = file.size
        self._lock = threading.Lock()
        self._journal: FileIO | None = None
        self._spans, self._etag = Spans(), ""
        self._sums: dict[int, str] = {}
        self._load()

    # ---------------------------------------------------------------- what is there

    @property
    def received(self) -> int:
        with self._lock:
            return self._spans.total

    @property
    def frontier(self) -> int:
        with self._lock:
            return self._spans.frontier

    @property
    def etag(self) -> str:
        with self._lock:
            return self._etag

    def gaps(self) -> list[tuple[int, int]]:
        with self._lock:
            return list(self._spans.gaps(self._size))

    def sum_at(self, offset: int) -> str:
        with self._lock:
            return self._sums.get(offset, "")

    # ---------------------------------------------------------------- what changes

    @contextmanager
    def open(self) -> Generator[None]:
        """The journal is written anew, short, and stays open; nobody else may write meanwhile."""
        with self._lock_file(), self._open_journal():
            yield

    @contextmanager
    def _lock_file(self) -> Generator[None]:
        with self.path.open("ab") as locked:
            if not lock(locked):
                raise HubError("Another window or command is downloading this file already.")
            self._load()  # it may have been another's until now
            yield

    @contextmanager
    def _open_journal(self) -> Generator[None]:
        fresh = self._journal_path.with_suffix(".new")
        lines = [f"got {start} {stop}" for start, stop in self._spans]
        lines += [f"sum {offset} {digest}" for offset, digest in self._sums.items()]
        lines += [f"etag {self._etag}"] if self._etag else []
        fresh.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        fresh.replace(self._journal_path)
        try:
            with self._journal_path.open("ab", buffering=0) as self._journal:
                yield
        finally:
            self._journal = None

    def got(self, start: int, stop: int) -> None:
        with self._lock:
            self._spans.add(start, stop)
            self._note(f"got {start} {stop}")

    def lost(self, start: int, stop: int) -> None:
        """These bytes are not right; they have to come again."""
        with self._lock:
            self._spans.remove(start, stop)
            self._note(f"lost {start} {stop}")

    def set_sum(self, offset: int, digest: str) -> None:
        with self._lock:
            self._sums[offset] = digest
            self._note(f"sum {offset} {digest}")

    def forget_sums(self, offset: int) -> None:
        """Those at `offset` and after it."""
        with self._lock:
            for at in [at for at in self._sums if at >= offset]:
                del self._sums[at]
                self._note(f"sum {at} -")

    def set_etag(self, etag: str) -> None:
        with self._lock:
            self._etag = etag
            self._note(f"etag {etag}")

    def clear(self) -> None:
        """Forgets all of it, for another version of the file."""
        with self._lock:
            self._spans, self._sums, self._etag = Spans(), {}, ""
            self._note(f"lost 0 {self._size}")
            self._note("etag ")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.forget_journal()
        shutil.rmtree(self.path.with_suffix(".xet"), ignore_errors=True)

    def forget_journal(self) -> None:
        self._journal_path.unlink(missing_ok=True)

    # ---------------------------------------------------------------- the journal

    def _note(self, line: str) -> None:
        if self._journal:
            self._journal.write(f"{line}\n".encode())

    def _load(self) -> None:
        self._spans, self._sums, self._etag = Spans(), {}, ""
        there = self.path.stat().st_size if self.path.exists() else 0
        if there and self._journal_path.exists():
            for line in self._journal_path.read_text("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError):  # the last line may be half a line
                    self._read(line.split(" "))
        self._spans.remove(min(there, self._size), 1 << 62)

    def _read(self, words: list[str]) -> None:
        match words:
            case ["got", start, stop]:
                self._spans.add(max(0, int(start)), int(stop))
            case ["lost", start, stop]:
                self._spans.remove(int(start), int(stop))
            case ["sum", offset, "-"]:
                self._sums.pop(int(offset), None)
            case ["sum", offset, digest]:
                self._sums[int(offset)] = digest
            case ["etag", etag]:
                self._etag = etag
            case _:
                pass


def xet_folder(target: Path, file: RemoteFile) -> Path:
    """Where the hub library may work on this file."""
    return target.with_name(f".{target.name}.{file.digest[:16]}.xet")


def sync_folder(folder: Path) -> None:
    """So that a new name survives a power loss; Windows has no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
