"""Fetches one file so that it ends well: resumed, verified, renamed into place.

Runs on the thread that calls `fetch`, which blocks until the end. Always true: the target is
either what it was before or the whole file with the promised hash; what has arrived waits beside
it under a name bound to that hash; the token goes to the hub's own origin only.
"""

import email.utils
import errno
import hashlib
import os
import shutil
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import httpx2
import msgspec

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.control import Control, Throttle

DISK_RESERVE_BYTES = 256 << 20
_MAX_HOPS = 6
_MAX_WAIT_S = 300.0
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})


class Patience(msgspec.Struct, frozen=True):
    stall_s: float = 20.0  # silence, or less than `floor` bytes a second for as long
    floor_bytes_per_s: int = 1024
    attempts: int = 8  # in a row without a byte of progress
    backoff_s: float = 1.0
    damaged: int = 2  # whole files with a wrong hash


class Arrived(msgspec.Struct, frozen=True):
    received: int
    total: int
    note: str = ""  # why it waits, when it does


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


class _Retry(Exception):
    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.wait_s = reason, wait_s


class _Damaged(Exception):
    pass


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
    transfer = _Transfer(
        client, file, target, token, control or Control(), throttle or Throttle(), patience, report
    )
    with _disk_errors():
        transfer.run()


def is_whole(path: Path, file: RemoteFile, control: Control) -> bool:
    """Whether a file is there already, by its hash."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    digest = _new_hash(file)
    with path.open("rb") as opened:
        while data := opened.read(1 << 20):
            control.check()
            digest.update(data)
    return digest.hexdigest() == file.digest


def discard(target: Path, file: RemoteFile) -> None:
    """Forgets what has arrived of a file that is not wanted any more."""
    part = part_of(target, file)
    part.unlink(missing_ok=True)
    _etag_file(part).unlink(missing_ok=True)


def part_size(target: Path, file: RemoteFile) -> int:
    """Bytes that have arrived already."""
    part = part_of(target, file)
    return part.stat().st_size if part.exists() else 0


def check_space(folder: Path, missing: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if missing > 0 and missing + DISK_RESERVE_BYTES > free:
        raise HubError(
            f"The download needs {missing / 1e9:.1f} GB but the disk has only "
            f"{free / 1e9:.1f} GB free. Free some space first."
        )


def part_of(target: Path, file: RemoteFile) -> Path:
    return target.with_name(f".{target.name}.{file.digest[:16]}.part")


def _etag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _new_hash(file: RemoteFile) -> _Hash:
    if file.sha256:
        return hashlib.sha256()
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(f"blob {file.size}\0".encode())
    return digest


@contextmanager
def _disk_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise HubError("The disk is full. Free some space and resume the download.") from error
        reason = error.strerror or type(error).__name__
        raise HubError(f"The download cannot be written: {reason}.") from error


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
        if not file.digest:
            raise HubError("The hub gives no checksum for this file, so it is not downloaded.")
        self._client, self._file, self._target = client, file, target
        self._token, self._control, self._throttle = token, control, throttle
        self._patience, self._report = patience, report
        self._part = part_of(target, file)
        self._etag_file = _etag_file(self._part)
        self._hash = _new_hash(self._file)
        self._received = 0

    def run(self) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._resume()
        check_space(self._target.parent, self._file.size - self._received)
        damaged = fruitless = 0
        while True:
            before = self._received
            try:
                if self._received < self._file.size:
                    self._attempt()
                self._finish()
                return
            except _Damaged:
                damaged += 1
                if damaged >= self._patience.damaged:
                    raise HubError(
                        "The file arrived damaged more than once. Try again later."
                    ) from None
            except _Retry as retry:
                fruitless = 0 if self._received > before else fruitless + 1
                if fruitless >= self._patience.attempts:
                    raise HubError(f"The download does not go on: {retry.reason}.") from None
                wait = retry.wait_s or self._patience.backoff_s * 2 ** min(fruitless, 6)
                self._report(Arrived(self._received, self._file.size, retry.reason))
                self._control.sleep(min(wait, _MAX_WAIT_S))

    # ---------------------------------------------------------------- before and after

    def _resume(self) -> None:
        """Hashes what an earlier run left, so that only the rest is fetched."""
        self._hash, self._received = _new_hash(self._file), 0
        if not self._part.exists():
            return
        if self._part.stat().st_size > self._file.size:
            self._part.unlink()
            return
        with self._part.open("rb") as part:
            while data := part.read(1 << 20):
                self._control.check()
                self._hash.update(data)
                self._received += len(data)

    def _discard(self) -> None:
        discard(self._target, self._file)
        self._hash, self._received = _new_hash(self._file), 0

    def _finish(self) -> None:
        if self._hash.hexdigest() != self._file.digest:
            self._discard()
            raise _Damaged
        if not self._file.size:
            self._part.touch()
        self._part.replace(self._target)
        self._etag_file.unlink(missing_ok=True)
        _sync_folder(self._target.parent)
        self._report(Arrived(self._file.size, self._file.size))

    # ---------------------------------------------------------------- one connection

    def _attempt(self) -> None:
        try:
            with self._open() as response:
                self._control.attach(_socket_of(response))
                try:
                    self._accept(response)
                    self._read(response)
                finally:
                    self._control.attach(None)
        except (httpx2.TransportError, httpx2.StreamError) as error:
            self._control.check()  # our own hanging up looks like a fault of the network
            raise _Retry(_describe(error)) from error

    @contextmanager
    def _open(self) -> Generator[httpx2.Response]:
        """Redirects by hand: the token goes only to where it belongs."""
        home = url = httpx2.URL(self._file.url)
        for _ in range(_MAX_HOPS):
            self._control.check()
            request = self._client.build_request(
                "GET", url, headers=self._headers(url, home), timeout=self._patience.stall_s
            )
            response = self._client.send(request, stream=True, follow_redirects=False)
            try:
                if not response.has_redirect_location:
                    yield response
                    return
                url = url.join(response.headers["Location"])
                if url.scheme not in ("http", "https") or (
                    home.scheme == "https" and url.scheme != "https"
                ):
                    raise HubError("The hub leads to an unsafe address, so it is not followed.")
            finally:
                response.close()
        raise _Retry("the hub leads in circles")

    def _headers(self, url: httpx2.URL, home: httpx2.URL) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if self._token and _origin(url) == _origin(home):
            headers["Authorization"] = f"Bearer {self._token}"
        if self._received:
            headers["Range"] = f"bytes={self._received}-"
            if self._etag_file.exists():
                headers["If-Range"] = self._etag_file.read_text("utf-8")
        return headers

    def _accept(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 416:
            self._discard()
            raise _Retry("the server has another file now")
        if status in _RETRYABLE:
            wait = _retry_after(response.headers.get("Retry-After", ""))
            raise _Retry(f"the server is busy ({status})", wait)
        if status in (401, 403):
            raise HubError(
                "This model asks for permission: accept its terms on its page at the hub and "
                "enter an access token in Settings."
            )
        if status in (404, 410):
            raise HubError("The hub does not have this file any more.")
        if status not in (200, 206):
            raise HubError(f"The hub refused the download ({status}).")
        if _whole_size(response) not in (None, self._file.size):
            raise _Retry("the server answered with something else")
        if status == 200 and self._received:
            self._discard()  # it ignored the range, or the file there is another one now
        if status == 206 and _start_of(response) != self._received:
            raise _Retry("the server answered with another part")
        etag = response.headers.get("ETag", "")
        if etag.startswith('"') and etag.isascii():
            self._etag_file.write_text(etag, "utf-8")

    def _read(self, response: httpx2.Response) -> None:
        window_start, window_bytes = time.monotonic(), 0
        told = 0.0
        with self._part.open("ab", buffering=0) as part:
            for data in response.iter_raw():
                self._control.check()
                room = self._file.size - self._received
                if len(data) > room:
                    raise _Retry("the server sent too much")
                part.write(data)
                self._hash.update(data)
                self._received += len(data)
                window_bytes += len(data)
                now = time.monotonic()
                if now - told > 0.1:
                    told = now
                    self._report(Arrived(self._received, self._file.size))
                if now - window_start >= self._patience.stall_s:
                    floor = self._patience.floor_bytes_per_s * (now - window_start)
                    if window_bytes < floor:
                        raise _Retry("the server hardly sends anything")
                    window_start, window_bytes = now, 0
                if delay := self._throttle.delay(len(data)):
                    self._control.sleep(delay)
            os.fsync(part.fileno())
        if self._received < self._file.size:
            raise _Retry("the connection ended early")


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _socket_of(response: httpx2.Response) -> socket.socket | None:
    stream = response.extensions.get("network_stream")
    return stream.get_extra_info("socket") if stream else None


def _describe(error: Exception) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "the server is silent"
    if isinstance(error, httpx2.ConnectError):
        return "there is no connection to the hub"
    return "the connection broke"


def _retry_after(value: str) -> float:
    """Seconds, from a number or a date."""
    if value.strip().isdigit():
        return float(min(int(value.strip()[:6]), _MAX_WAIT_S))
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, moment - time.time())


def _whole_size(response: httpx2.Response) -> int | None:
    name = "Content-Range" if response.status_code == 206 else "Content-Length"
    size = response.headers.get(name, "").rpartition("/")[2]
    return int(size) if size.isdigit() and len(size) < 20 else None


def _start_of(response: httpx2.Response) -> int:
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() and len(start) < 20 else -1


def _sync_folder(folder: Path) -> None:
    """So that the new name survives a power loss; Windows has no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
