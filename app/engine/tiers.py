"""Where snapshots are kept: memory first, then a folder, each within its size, oldest out first.

Shared by the decode thread (which saves and restores), the io thread (which asks for what is
on the disk) and the disk thread (the only one that reads and writes files); one lock guards
the index, never a file operation. The folder may be shared with other engine processes:
whatever is missing or damaged there counts as never saved.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import accumulate, takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from app.core.ids import SessionId
from app.engine.chunks import SUFFIX, Chunk, Head, read, read_head, write
from app.engine.sequences import common_prefix

_log = logging.getLogger(__name__)


class Link(NamedTuple):
    """A chunk on the way through a prompt, and how many of its tokens are wanted."""

    head: Head
    tokens: int


class Tiers:
    def __init__(self, folder: Path | None, *, ram_bytes: int, disk_bytes: int) -> None:
        self._folder = folder if disk_bytes > 0 else None  # of this model; beside it, others'
        self._ram_limit = ram_bytes
        self._disk_limit = disk_bytes
        self._lock = threading.Lock()
        self._ram: OrderedDict[bytes, Chunk] = OrderedDict()
        self._disk: dict[bytes, Head] = {}
        self._children: dict[bytes, dict[bytes, Head]] = {}
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="disk", daemon=True)
        self.ram_bytes = 0
        self.disk_bytes = 0
        # Reading back must beat computing again; both rates are measured.
        self.prefill_s_per_token = 0.0
        self._read_s_per_byte = 0.0
        if self._folder is not None:
            for head in filter(None, map(read_head, self._folder.glob(f"*{SUFFIX}"))):
                self._disk[head.key] = head
                self._link(head)
            self.disk_bytes = sum(size for _, size, _ in self._files())

    @property
    def enabled(self) -> bool:
        return self._ram_limit > 0

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Waits for what is still being written."""
        self._tasks.put(None)
        if self._thread.is_alive():
            self._thread.join()

    # ------------------------------------------------------------ looking

    def has(self, key: bytes) -> bool:
        with self._lock:
            return key in self._ram or key in self._disk

    def children(self, key: bytes) -> list[Head]:
        with self._lock:
            return list(self._children.get(key, {}).values())

    def chain(self, root: bytes, tokens: Sequence[int], *, whole: bool) -> list[Link]:
        """The saved chunks that the tokens run through; `whole` ones are used to the end."""
        found: list[Link] = []
        key, done = root, 0
        with self._lock:
            while done < len(tokens):
                link = self._best_child(key, list(tokens[done:]), whole)
                if link is None:
                    break
                found.append(link)
                done += link.tokens
                if whole or link.tokens < len(link.head.tokens):
                    break
                key = link.head.key
        return found

    def _best_child(self, key: bytes, rest: list[int], whole: bool) -> Link | None:
        best: Link | None = None
        for head in self._children.get(key, {}).values():
            shared = common_prefix(list(head.tokens), rest)
            if whole and shared < len(head.tokens):
                continue
            if shared > (best.tokens if best else 0):
                best = Link(head, shared)
        return best

    def get(self, key: bytes) -> Chunk | None:
        """From memory only: what is on the disk must have been fetched before."""
        with self._lock:
            chunk = self._ram.get(key)
            if chunk is not None:
                self._ram.move_to_end(key)
            return chunk

    def at_hand(self, links: Sequence[Link]) -> list[Link]:
        """Those in memory, up to the first that is not."""
        with self._lock:
            return list(takewhile(lambda link: link.head.key in self._ram, links))

    # ------------------------------------------------------------ keeping

    def put(self, chunk: Chunk) -> None:
        with self._lock:
            self._supersede(chunk.head)
            self._keep(chunk)
        if self._folder and not chunk.private and self._worth_reading(chunk.head):
            self._tasks.put(lambda: self._write(chunk))

    def _supersede(self, head: Head) -> None:
        """A longer chunk from the same place makes a shorter one useless."""
        for sibling in list(self._children.get(head.parent, {}).values()):
            size = len(sibling.tokens)
            if size < len(head.tokens) and sibling.tokens == head.tokens[:size]:
                self._forget(sibling)

    def _keep(self, chunk: Chunk) -> None:
        if chunk.head.key not in self._ram:
            self._ram[chunk.head.key] = chunk
            self.ram_bytes += chunk.head.size
            self._link(chunk.head)
        self._shrink()

    def _shrink(self) -> None:
        """The longest unused ends go first: what a kept chunk goes on from stays as long as it."""
        while self.ram_bytes > self._ram_limit and self._ram:
            key = next(key for key in self._ram if not self._goes_on(key))
            chunk = self._ram.pop(key)
            self.ram_bytes -= chunk.head.size
            if key not in self._disk:
                self._unlink(chunk.head)

    def _goes_on(self, key: bytes) -> bool:
        return any(child in self._ram for child in self._children.get(key, ()))

    def trim(self, ram_bytes: int) -> None:
        with self._lock:
            limit, self._ram_limit = self._ram_limit, ram_bytes
            self._shrink()
            self._ram_limit = limit

    def purge(self, session: SessionId) -> None:
        with self._lock:
            heads = {chunk.head.key: chunk.head for chunk in self._ram.values()} | self._disk
            for head in heads.values():
                if head.session == session:
                    self._forget(head)

    def _forget(self, head: Head) -> None:
        if chunk := self._ram.pop(head.key, None):
            self.ram_bytes -= chunk.head.size
        self._unlink(head)
        # Also when the file is not there yet: its writing may wait before us in the queue.
        self._disk.pop(head.key, None)
        if self._folder is not None:
            self._tasks.put(lambda: self._lose(head))

    def _link(self, head: Head) -> None:
        self._children.setdefault(head.parent, {})[head.key] = head

    def _unlink(self, head: Head) -> None:
        siblings = self._children.get(head.parent, {})
        siblings.pop(head.key, None)
        if not siblings:
            self._children.pop(head.parent, None)

    # ------------------------------------------------------------ the disk thread

    def fetch(self, links: Sequence[Link], done: Callable[[], None]) -> bool:
        """Bring as many as fit into memory, then call `done` there; False when there is no need."""
        heads = [link.head for link in links]
        filled = accumulate(head.size for head in heads)
        wanted = heads[: sum(size <= self._ram_limit for size in filled)]
        with self._lock:
            for head in reversed(wanted):  # they are not to make room for each other
                if head.key in self._ram:
                    self._ram.move_to_end(head.key)
            missing = [head for head in wanted if head.key not in self._ram]
        if not missing or not all(self._worth_reading(head) for head in missing):
            return False
        self._tasks.put(lambda: self._fetch(missing, done))
        return True

    def _worth_reading(self, head: Head) -> bool:
        computing = self.prefill_s_per_token * len(head.tokens)
        return not computing or self._read_s_per_byte * head.size < computing

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except OSError as error:
                _log.info("a snapshot was not kept: %s", error)
            except Exception:  # noqa: BLE001 - requests wait for what this thread fetches
                _log.exception("a snapshot was lost")

    def _path(self, key: bytes) -> Path:
        assert self._folder is not None
        return self._folder / (key.hex() + SUFFIX)

    def _write(self, chunk: Chunk) -> None:
        if chunk.head.key in self._disk:  # it had gone from memory before we came to it
            return
        size = write(self._path(chunk.head.key), chunk)
        with self._lock:
            self.disk_bytes += size
            self._disk[chunk.head.key] = chunk.head
            self._link(chunk.head)
        if self.disk_bytes > self._disk_limit:
            self._drop_oldest()

    def _fetch(self, heads: Sequence[Head], done: Callable[[], None]) -> None:
        try:
            for head in heads:
                started = time.monotonic()
                chunk = read(self._path(head.key))
                if chunk is None or chunk.head != head:
                    self._lose(head)
                    return
                rate = (time.monotonic() - started) / max(1, head.size)
                self._read_s_per_byte = 0.7 * self._read_s_per_byte + 0.3 * rate
                os.utime(self._path(head.key))
                with self._lock:
                    if head.key in self._disk:  # else it was purged meanwhile
                        self._keep(chunk)
        finally:
            done()

    def _lose(self, head: Head) -> None:
        with self._lock:
            self._disk.pop(head.key, None)
            if head.key not in self._ram:
                self._unlink(head)
        self._delete(head.key)

    def _delete(self, key: bytes) -> None:
        path = self._path(key)
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            self.disk_bytes -= size

    def _drop_oldest(self) -> None:
        """Over the limit: the files longest unused go, whichever model they belong to."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._disk_limit:
                break
            with suppress(OSError):
                path.unlink()
                total -= size
            with self._lock:
                head = self._disk.pop(_key_of(path), None)
                if head is not None and head.key not in self._ram:
                    self._unlink(head)
        self.disk_bytes = total

    def _files(self) -> list[tuple[int, int, Path]]:
        """Every model's snapshots: last use, size, path."""
        assert self._folder is not None
        found: list[tuple[int, int, Path]] = []
        for path in self._folder.parent.glob(f"*/*{SUFFIX}"):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return found


def _key_of(path: Path) -> bytes:
    try:
        return bytes.fromhex(path.stem)
    except ValueError:
        return b""
