"""Fetches one file so that it ends well: resumed, verified, renamed into place.

`fetch` blocks until the end on the thread that calls it, which hashes while other threads receive.
Always true: the target is either what it was before or the whole file with the promised hash, and
what has arrived waits beside it under a name bound to that hash.
"""

import errno
import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.asking import Another, OnlyXet
from app.hub.control import Control, Throttle
from app.hub.lanes import Lanes
from app.hub.part import Part, sync_folder
from app.hub.patience import Patience
from app.hub.progress import Arrived
from app.hub.verify import Follower

DISK_RESERVE_BYTES = 256 << 20
_TELL_S = 0.1
_BEHIND_BYTES = 128 << 20  # hashing is the limit, not the connection


class _Damaged(Exception):
    """Every block came twice, and it is still not the promised file."""


def fetch(
    client: httpx2.Client,
    file: RemoteFile,
    target: Path,
    *,
    token: str = "",
    control: Control | None = None,
    throttle: Throttle | None = None,
    patience: Patience = Patience(),
    report: Callable[[Arrived], None] = lambda arrived: None,
) -> None:
    if not file.digest:
        raise HubError("The hub gives no checksum for this file, so it is not downloaded.")
    control, throttle = control or Control(), throttle or Throttle()
    transfer = _Transfer(client, file, target, token, control, throttle, patience, report)
    with disk_errors():
        try:
            transfer.run()
        except OnlyXet:
            from app.hub.xet import fetch_by_library

            fetch_by_library(file, target, token, control, report)
            Part(target, file).discard()


def check_space(folder: Path, missing: int, what: str = "The download") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if missing > 0 and missing + DISK_RESERVE_BYTES > free:
        raise HubError(
            f"{what} needs {missing / 1e9:.1f} GB but the disk has only {free / 1e9:.1f} GB free. "
            "Free some space first."
        )


@contextmanager
def disk_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise HubError("The disk is full. Free some space and resume the download.") from error
        reason = error.strerror or type(error).__name__
        raise HubError(
            f"The download cannot be written: {reason}. Check the folder it goes to."
        ) from error


class _Transfer:
    def __init__(
        self,
        client: httpx2.Client,
        file: RemoteFile,
        target: Path,
        token: str,
        control: Control,
        throttle: Throttle,
        patience: Patience,
        report: Callable[[Arrived], None],
    ) -> None:
        self._client, self._file, self._target = client, file, target
        self._token, self._control, self._throttle = token, control, throttle
        self._patience, self._report = patience, report
        self._part = Part(target, file)
        self._follower = Follower(self._part, file)
        self._suspects = iter(self._follower.blocks())
        self._told = 0.0

    def run(self) -> None:
        check_space(self._target.parent, self._file.size - self._part.received)
        versions = 1
        try:
            with self._part.open(), closing(self._follower):
                while not self._round():
                    versions += 1
                    if versions > self._patience.versions:
                        raise HubError("The file at the hub keeps changing. Try again later.")
                    self._part.clear()
                    self._follower.restart()
        except _Damaged:
            self._part.discard()
            raise HubError("The file arrived damaged more than once. Try again later.") from None
        self._finish()

    def _round(self) -> bool:
        """Whether the file is there; False when another version of it is."""
        with self._control.within() as inner:
            lanes = Lanes(
                self._client,
                self._file,
                self._part,
                inner,
                token=self._token,
                throttle=self._throttle,
                patience=self._patience,
            )
            try:
                while not self._follower.right:
                    self._control.check()
                    self._advance(lanes)
            except Another:
                return False
            finally:
                lanes.close()
        return True

    def _advance(self, lanes: Lanes) -> None:
        behind = self._part.frontier - self._follower.at
        lanes.steer(limited=behind > _BEHIND_BYTES)
        if self._follower.at == self._file.size and not self._follower.right:
            self._suspect()
        elif not self._follower.step():
            lanes.wait(_TELL_S)
        now = time.monotonic()
        if now - self._told >= _TELL_S:
            self._told = now
            self._report(Arrived(self._part.received, self._file.size, lanes.note))

    def _suspect(self) -> None:
        """It is all here and wrong: fetch block after block again until the wrong one is found."""
        block = next(self._suspects, None)
        if block is None:
            raise _Damaged
        self._follower.doubt(block)

    def _finish(self) -> None:
        with self._part.path.open("r+b") as part:
            os.fsync(part.fileno())
        self._part.path.replace(self._target)
        self._part.forget_journal()
        sync_folder(self._target.parent)
        self._report(Arrived(self._file.size, self._file.size))
