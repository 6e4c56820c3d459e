"""The queue of downloads: one at a time, in an order people can change, across restarts.

Owns two threads: one grants what the verbs ask for, the other transfers; verbs may be called from
any thread and only say what is wanted. Subscribers are called on both, in order for each download,
and must not block. Always true: what the store holds is enough to go on after a crash, and files
appear in the models folder verified or not at all.
"""

import contextlib
import hashlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec

from app.core.downloads import (
    Download,
    DownloadEvent,
    DownloadId,
    DownloadRemoved,
    DownloadState,
    DownloadStore,
    RemoteFile,
    State,
)
from app.core.errors import KnownError
from app.hub.control import Control, Stopped, Throttle
from app.hub.part import Part
from app.hub.patience import Patience
from app.hub.safe_path import place
from app.hub.variants import Variant

Verb = Literal["pause", "resume", "retry", "cancel", "first"]
Sink = Callable[[DownloadEvent], None]

_log = logging.getLogger(__name__)


class _Wish(msgspec.Struct, frozen=True):
    download_id: DownloadId
    verb: Verb


class _Ended(msgspec.Struct, frozen=True):
    state: State
    error: str = ""


class _GoOn(msgspec.Struct, frozen=True):
    pass


class _Close(msgspec.Struct, frozen=True):
    pass


_Mail = _GoOn | Download | _Wish | _Ended | _Close


class Downloads:
    def __init__(
        self,
        folder: Path,
        store: DownloadStore,
        *,
        find_token: Callable[[], str | None] = lambda: None,
        patience: Patience = Patience(),
    ) -> None:
        self._folder, self._store = folder, store
        self._find_token, self._patience = find_token, patience
        self._throttle = Throttle()
        self._mail: queue.SimpleQueue[_Mail] = queue.SimpleQueue()
        self._lock = threading.RLock()  # over what can be seen; never held while storing
        self._sinks: list[Sink] = []
        self._shown: dict[DownloadId, DownloadState] = {}
        self._running: tuple[DownloadId, Control] | None = None
        self._then: Verb | None = None  # asked of what runs, granted when it has stopped
        self._thread = threading.Thread(target=self._work, name="downloads")
        self._thread.start()

    # ---------------------------------------------------------------- what can be seen

    def list(self) -> tuple[DownloadState, ...]:
        """In the order they will run; finished ones are not in it any more."""
        with self._lock:
            shown = list(self._shown.values())
        return tuple(sorted(shown, key=lambda state: state.download.order))

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Tells what is there now, on this thread, then every change; the answer ends it."""
        with self._lock:
            self._sinks.append(sink)
            for state in self.list():
                sink(state)

        def unsubscribe() -> None:
            with self._lock:
                self._sinks.remove(sink)

        return unsubscribe

    # ---------------------------------------------------------------- verbs

    def go_on(self) -> None:
        """With what the last time left; a window does, a command that asks a question does not."""
        self._mail.put(_GoOn())

    def start(
        self, repository: str, variant: Variant, projector: Variant | None = None
    ) -> DownloadId:
        """Asking twice for the same is asking once; a paused or failed one goes on."""
        files = variant.files + (projector.files if projector else ())
        for path, _ in files:
            place(self._folder, repository, path)
        key = "\n".join((repository, *(f"{path} {file.digest}" for path, file in files)))
        download_id = DownloadId(hashlib.sha256(key.encode()).hexdigest()[:16])
        title = f"{variant.title} {variant.quantization}".strip()
        self._mail.put(Download(download_id, repository, title, files))
        return download_id

    def pause(self, download_id: DownloadId) -> None:
        """Keeps what has arrived; what is not under way stays as it is until `resume`."""
        self._wish(download_id, "pause")

    def resume(self, download_id: DownloadId) -> None:
        self._wish(download_id, "resume")

    def retry(self, download_id: DownloadId) -> None:
        """Once more, for one that failed."""
        self._wish(download_id, "retry")

    def cancel(self, download_id: DownloadId) -> None:
        """Removes it and what has arrived of its unfinished files, but for those others want."""
        self._wish(download_id, "cancel")

    def move_first(self, download_id: DownloadId) -> None:
        """Next in line; what runs now is not interrupted."""
        self._wish(download_id, "first")

    def limit(self, bytes_per_s: int) -> None:
        """How fast all together; 0 is as fast as it goes."""
        self._throttle.set_rate(bytes_per_s)

    def set_folder(self, folder: Path) -> None:
        """Where the next ones go; what was begun goes on where its bytes are."""
        self._folder = folder

    def close(self) -> None:
        """What runs is kept as it is and goes on at the next start."""
        self._mail.put(_Close())
        self._thread.join()

    def _wish(self, download_id: DownloadId, verb: Verb) -> None:
        self._mail.put(_Wish(download_id, verb))

    # ---------------------------------------------------------------- the thread

    def _work(self) -> None:
        with ThreadPoolExecutor(1, "download") as transfers:
            closing = False
            while not closing or self._running:
                if not closing and not self._running and (first := self._next()):
                    self._begin(first, transfers)
                mail = self._mail.get()
                closing = closing or isinstance(mail, _Close)
                try:
                    self._open(mail)
                except Exception:  # noqa: BLE001 - logged, and the queue goes on
                    _log.exception("The queue of downloads met a bug")

    def _next(self) -> DownloadState | None:
        return next((shown for shown in self.list() if shown.download.state == "queued"), None)

    def _remember(self) -> None:
        try:
            for download in self._store.load():
                if download.id not in self._shown:
                    self._show(self._as_left(download))
        except KnownError as error:
            _log.warning("The downloads of the last time are not known: %s", error.message)

    def _begin(self, first: DownloadState, transfers: ThreadPoolExecutor) -> None:
        control = Control()
        self._running, self._then = (first.id, control), None
        folder = str(self._home(first.download))
        started = self._change(first, state="running", error="", folder=folder)
        transfers.submit(self._run, started, control)

    def _open(self, mail: _Mail) -> None:
        match mail:
            case _GoOn():
                self._remember()
            case Download():
                self._add(mail)
            case _Wish(download_id, verb):
                self._grant(download_id, verb)
            case _Ended():
                self._end(mail)
            case _Close():
                self._stop()

    def _add(self, download: Download) -> None:
        if known := self._shown.get(download.id):
            self._grant(known.id, "retry" if known.download.state == "failed" else "resume")
            return
        order = 1 + max((shown.download.order for shown in self._shown.values()), default=0)
        state = DownloadState(download, _received(self._folder, download))
        self._change(state, order=order)

    def _grant(self, download_id: DownloadId, verb: Verb) -> None:
        shown = self._shown.get(download_id)
        if shown is None:
            return  # it may have just ended: both orders are normal
        if self._running and self._running[0] == download_id:
            self._ask_running(verb)
            return
        match verb, shown.download.state:
            case "first", _:
                order = min(other.download.order for other in self._shown.values()) - 1
                self._change(shown, order=order)
            case "pause", "queued":
                self._change(shown, state="paused")
            case ("resume", "paused") | ("retry", "failed"):
                self._change(shown, state="queued", error="")
            case "cancel", _:
                self._discard(shown.download)
                self._forget(shown)
            case _:
                pass

    def _ask_running(self, verb: Verb) -> None:
        if verb in ("pause", "cancel"):
            self._then = verb
            self._stop()
        elif verb == "resume" and self._then == "pause":
            self._then = None  # it stops, and goes on at once

    def _stop(self) -> None:
        if self._running:
            self._running[1].stop()

    def _end(self, ended: _Ended) -> None:
        assert self._running
        shown, then = self._shown[self._running[0]], self._then
        self._running = None
        if ended.state == "done":
            self._forget(shown, tell=DownloadState(_with(shown, state="done"), shown.download.size))
        else:
            self._change(shown, state=ended.state, error=ended.error)
            if then:
                self._grant(shown.id, then)

    # ---------------------------------------------------------------- the transferring thread

    def _run(self, started: DownloadState, control: Control) -> None:
        ended = _Ended("failed", "Something went wrong inside the app. Try again.")
        try:
            from app.hub.fetching import fetch_model

            fetch_model(
                started.download,
                Path(started.download.folder),
                token=self._find_token() or "",
                control=control,
                throttle=self._throttle,
                patience=self._patience,
                show=self._show,
            )
            ended = _Ended("done")
        except Stopped:
            ended = _Ended("queued")  # what stopped it is granted next
        except KnownError as known:
            ended = _Ended("failed", known.message)
        except Exception:  # noqa: BLE001 - logged, and the queue goes on
            _log.exception("A download ended by a bug")
        finally:
            self._mail.put(ended)

    def _home(self, download: Download) -> Path:
        """The folder it was begun in, as long as something of it lies there and not in today's."""
        today, begun = self._folder, Path(download.folder)
        moved = download.folder and not _received(today, download) and _received(begun, download)
        return begun if moved else today

    def _targets(self, download: Download) -> Iterator[tuple[Path, RemoteFile]]:
        home = self._home(download)
        for path, file in download.files:
            yield place(home, download.repository, path), file

    def _discard(self, download: Download) -> None:
        """Another goes on from the same bytes: a model listed with its projector and without."""
        others = [shown.download for shown in self._shown.values() if shown.id != download.id]
        wanted = {(at, file.digest) for other in others for at, file in self._targets(other)}
        for target, file in self._targets(download):
            if (target, file.digest) in wanted:
                continue
            try:
                Part(target, file).discard()
            except OSError as error:
                _log.warning("What had arrived of a download could not be deleted: %s", error)

    def _show(self, state: DownloadState) -> None:
        with self._lock:
            self._shown[state.id] = state
            self._post(state)

    def _post(self, event: DownloadEvent) -> None:
        for sink in self._sinks:
            sink(event)

    def _change(self, shown: DownloadState, **changes: object) -> DownloadState:
        state = DownloadState(_with(shown, **changes), shown.received)
        try:
            self._store.save(state.download)
        except KnownError as error:  # it goes on; only a restart would not know of it
            _log.warning("A download could not be stored: %s", error.message)
        self._show(state)
        return state

    def _forget(self, shown: DownloadState, tell: DownloadEvent | None = None) -> None:
        try:
            self._store.remove(shown.id)
        except KnownError as error:
            _log.warning("A download could not be forgotten: %s", error.message)
        with self._lock:
            del self._shown[shown.id]
            self._post(tell or DownloadRemoved(shown.id))

    def _as_left(self, download: Download) -> DownloadState:
        """What ran when the app ended goes on by itself."""
        if download.state == "running":
            download = msgspec.structs.replace(download, state="queued")
        return DownloadState(download, _received(self._home(download), download))


def _received(folder: Path, download: Download) -> int:
    total = 0
    for path, file in download.files:
        target = place(folder, download.repository, path)
        with contextlib.suppress(OSError):  # nothing can be there; the transfer says why
            there = target.exists() and target.stat().st_size == file.size
            total += file.size if there else Part(target, file).received
    return total


def _with(shown: DownloadState, **changes: object) -> Download:
    return msgspec.structs.replace(shown.download, **changes)
