"""The queue of downloads: one at a time, in an order people can change, across restarts.

Owns two threads: one grants what the verbs ask for, the other transfers; verbs may be called from
any thread and only say what is wanted. The sink is called on both (in order for each download) and
must not block. Always true: what the store holds is enough to go on after a crash, and files appear
in the models folder verified or not at all.
"""

import dataclasses
import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import httpx2
import msgspec

from app.core.downloads import (
    Download,
    DownloadChanged,
    DownloadEvent,
    DownloadId,
    DownloadRemoved,
    DownloadStore,
    RemoteFile,
    State,
)
from app.core.errors import KnownError
from app.hub.catalog import Variant
from app.hub.control import Control, Stopped, Throttle
from app.hub.safe_path import place
from app.hub.transfer import Arrived, Patience, check_space, discard, fetch, is_whole, part_size

_SPEED_WINDOW_S = 3.0

Wish = Literal["add", "pause", "resume", "cancel", "first"]

_log = logging.getLogger(__name__)


@dataclasses.dataclass
class _Entry:
    download: Download
    wish: Wish | None = None


class Downloads:
    def __init__(
        self,
        folder: Path,
        store: DownloadStore,
        sink: Callable[[DownloadEvent], None],
        *,
        find_token: Callable[[], str | None] = lambda: None,
        patience: Patience = Patience(),
    ) -> None:
        self._folder, self._store, self._sink = folder, store, sink
        self._find_token, self._patience = find_token, patience
        self._throttle = Throttle()
        self._changed = threading.Condition()
        self._control = Control()
        self._running: DownloadId | None = None
        self._closing = False
        self._entries = {entry.id: _Entry(_as_left(entry)) for entry in store.load()}
        self._thread = threading.Thread(target=self._work, name="downloads")
        self._thread.start()

    # ---------------------------------------------------------------- verbs

    def add(
        self, repository: str, variant: Variant, projector: Variant | None = None
    ) -> DownloadId:
        """Asking twice for the same is asking once; a paused or failed one goes on."""
        files = variant.files + (projector.files if projector else ())
        for path, _ in files:
            place(self._folder, repository, path)
        key = "\n".join((repository, *(f"{path} {file.digest}" for path, file in files)))
        download_id = DownloadId(hashlib.sha256(key.encode()).hexdigest()[:16])
        title = f"{variant.title} {variant.quantization}".strip()
        with self._changed:
            if download_id in self._entries:
                self._entries[download_id].wish = "resume"
            else:
                order = 1 + max((e.download.order for e in self._entries.values()), default=0)
                download = Download(download_id, repository, title, files, order=order)
                self._entries[download_id] = _Entry(download, wish="add")
            self._changed.notify()
        return download_id

    def pause(self, download_id: DownloadId) -> None:
        self._want(download_id, "pause")

    def resume(self, download_id: DownloadId) -> None:
        self._want(download_id, "resume")

    def cancel(self, download_id: DownloadId) -> None:
        """Removes it and what has arrived of its unfinished files."""
        self._want(download_id, "cancel")

    def move_first(self, download_id: DownloadId) -> None:
        """Next in line; what runs now is not interrupted."""
        self._want(download_id, "first")

    def limit(self, bytes_per_s: int) -> None:
        self._throttle.set_rate(bytes_per_s)

    def all(self) -> list[Download]:
        with self._changed:
            entries = [entry.download for entry in self._entries.values()]
        return sorted(entries, key=lambda download: download.order)

    def close(self) -> None:
        """What runs is kept as it is and goes on at the next start."""
        with self._changed:
            self._closing = True
            self._control.stop()
            self._changed.notify()
        self._thread.join()

    def _want(self, download_id: DownloadId, wish: Wish) -> None:
        with self._changed:
            # It may have just ended: both orders are normal.
            if entry := self._entries.get(download_id):
                entry.wish = wish
                if self._running == download_id and wish in ("pause", "cancel"):
                    self._control.stop()
                self._changed.notify()

    # ---------------------------------------------------------------- the thread

    def _work(self) -> None:
        # Left in reverse: the lock first, which the transfer needs for its last word.
        with (
            httpx2.Client() as client,
            ThreadPoolExecutor(1, "download") as transfers,
            self._changed,
        ):
            for entry in self._entries.values():
                self._sink(DownloadChanged(entry.download))
            while not self._closing:
                for entry in list(self._entries.values()):
                    if entry.download.id != self._running:
                        self._grant(entry)
                if entry := self._next():
                    self._running, self._control = entry.download.id, Control()
                    self._change(entry, state="running", error="")
                    transfers.submit(self._run, client, entry, self._control)
                self._changed.wait()

    def _next(self) -> _Entry | None:
        queued = [e for e in self._entries.values() if e.download.state == "queued"]
        idle = self._running is None
        return min(queued, key=lambda e: e.download.order) if queued and idle else None

    def _grant(self, entry: _Entry) -> None:
        wish, entry.wish = entry.wish, None
        match wish:
            case "add":
                self._change(entry)
            case "first":
                order = min(other.download.order for other in self._entries.values()) - 1
                self._change(entry, order=order)
            case "pause":
                self._change(entry, state="paused")
            case "resume" if entry.download.state in ("paused", "failed"):
                self._change(entry, state="queued", error="")
            case "cancel":
                for path, file in entry.download.files:
                    discard(self._target(entry.download, path), file)
                self._forget(entry)
            case _:
                pass

    def _run(self, client: httpx2.Client, entry: _Entry, control: Control) -> None:
        ended: State = "queued"
        error = ""
        try:
            self._fetch_all(client, entry.download, control)
            ended = "done"
        except Stopped:
            pass  # the wish that stopped it is granted next
        except KnownError as known:
            ended, error = "failed", known.message
        except Exception:  # noqa: BLE001 - logged, and the queue goes on
            _log.exception("A download ended by a bug")
            ended, error = "failed", "Something went wrong inside the app. Try again."
        with self._changed:
            self._running = None
            if ended == "done":
                entry.download = msgspec.structs.replace(entry.download, state="done")
                self._sink(DownloadChanged(entry.download, entry.download.size))
                del self._entries[entry.download.id]
                self._store.remove(entry.download.id)
            else:
                self._change(entry, state=ended, error=error)
            self._changed.notify_all()

    def _fetch_all(self, client: httpx2.Client, download: Download, control: Control) -> None:
        progress = _Progress(download, self._sink)
        targets = [(self._target(download, path), file) for path, file in download.files]
        missing = sum(file.size for target, file in targets if not target.exists())
        check_space(self._folder, missing - sum(part_size(*target) for target in targets))
        for target, file in targets:
            # A part that is here and whole, from an earlier run, is not fetched again.
            if not is_whole(target, file, control):
                self._fetch(client, file, target, control, progress)
            progress.finish(file)

    def _fetch(
        self,
        client: httpx2.Client,
        file: RemoteFile,
        target: Path,
        control: Control,
        progress: "_Progress",
    ) -> None:
        fetch(
            client,
            file,
            target,
            token=self._find_token() or "",
            control=control,
            throttle=self._throttle,
            patience=self._patience,
            report=progress.arrived,
        )

    def _target(self, download: Download, path: str) -> Path:
        return place(self._folder, download.repository, path)

    def _change(self, entry: _Entry, **changes: object) -> None:
        entry.download = msgspec.structs.replace(entry.download, **changes)
        self._store.save(entry.download)
        self._sink(DownloadChanged(entry.download))

    def _forget(self, entry: _Entry) -> None:
        del self._entries[entry.download.id]
        self._store.remove(entry.download.id)
        self._sink(DownloadRemoved(entry.download.id))


def _as_left(download: Download) -> Download:
    """What ran when the app ended goes on by itself."""
    running = download.state == "running"
    return msgspec.structs.replace(download, state="queued") if running else download


class _Progress:
    """Adds up the files of one download and measures its speed over the last seconds."""

    def __init__(self, download: Download, sink: Callable[[DownloadEvent], None]) -> None:
        self._download, self._sink = download, sink
        self._before = 0
        self._seen: deque[tuple[float, int]] = deque()

    def finish(self, file: RemoteFile) -> None:
        self._before += file.size
        self._seen.clear()

    def arrived(self, arrived: Arrived) -> None:
        now = time.monotonic()
        self._seen.append((now, arrived.received))
        while self._seen[0][0] < now - _SPEED_WINDOW_S:
            self._seen.popleft()
        since, first = self._seen[0]
        speed = max(0, arrived.received - first) / (now - since) if now > since else 0.0
        received = self._before + arrived.received
        self._sink(DownloadChanged(self._download, received, speed, arrived.note))
