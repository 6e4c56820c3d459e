"""One request for a range of a file, and whether its answer may be used.

On the thread that asks. Always true: the token goes to the hub's own origin only, and what is
yielded begins where it says, in a file of the promised size and of the version already begun.
"""

import email.utils
import socket
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Protocol, cast

import httpcore2
import httpx2

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.control import Control

MAX_WAIT_S = 300.0
_MAX_HOPS = 6
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_CHUNK = 1 << 18
LOG_IN = 'log in under Settings, Models, or with "llama-chat models login"'
_GATED = (
    "This model asks for permission: accept its terms on its page at the hub, then " + LOG_IN + "."
)


class Retry(Exception):
    """It may work the next time."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.wait_s = reason, wait_s


class Another(Retry):
    """The server has another version than the one that was begun."""


class OnlyXet(Exception):
    """The file can be had through the hub library's own way alone."""


class Asking:
    def __init__(
        self, client: httpx2.Client, file: RemoteFile, token: str, timeout_s: float
    ) -> None:
        self._client, self._file, self._token = client, file, token
        self._timeout_s = timeout_s

    @contextmanager
    def range(
        self, start: int, stop: int, etag: str, control: Control
    ) -> Generator[tuple[httpx2.Response, int]]:
        """The answer, and where in the file it begins."""
        headers = {"Accept-Encoding": "identity"}
        if start or stop < self._file.size:
            last = "" if stop == self._file.size else stop - 1
            headers["Range"] = f"bytes={start}-{last}"
            if etag:
                headers["If-Range"] = etag
        try:
            with (
                self._open(headers, control) as response,
                control.reading(_socket_of(response)),
            ):
                self._refuse_bad(response)
                yield response, self._judge(response, start, etag)
        except (httpx2.TransportError, httpx2.StreamError) as error:
            control.check()  # our own hanging up looks like a fault of the network
            raise Retry(_describe(error)) from error

    @contextmanager
    def _open(self, headers: dict[str, str], control: Control) -> Generator[httpx2.Response]:
        """Redirects by hand: the token goes only to where it belongs."""
        home = url = httpx2.URL(self._file.url)
        only_xet = False
        for _ in range(_MAX_HOPS):
            control.check()
            mine = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            request = self._client.build_request(
                "GET",
                url,
                headers=headers | (mine if _origin(url) == _origin(home) else {}),
                timeout=self._timeout_s,
            )
            response = self._client.send(request, stream=True, follow_redirects=False)
            try:
                only_xet = only_xet or "X-Xet-Hash" in response.headers
                if not response.has_redirect_location:
                    if only_xet and response.status_code in (400, 404, 406, 410, 501):
                        raise OnlyXet
                    yield response
                    return
                url = url.join(response.headers["Location"])
                if url.scheme not in ("http", "https") or (
                    home.scheme == "https" and url.scheme != "https"
                ):
                    raise HubError("The hub leads to an unsafe address, so it is not followed.")
            finally:
                response.close()
        raise Retry("the hub leads in circles")

    def _refuse_bad(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 416:
            raise Another("the server has another file now")
        if status in _RETRYABLE:
            wait = retry_after(response.headers.get("Retry-After", ""))
            raise Retry(f"the server is busy ({status})", wait)
        if status in (401, 403):
            if _origin(response.url) != _origin(httpx2.URL(self._file.url)):
                raise Retry("the address of the file has run out")  # the hub gives a fresh one
            raise HubError(_GATED)
        if status in (404, 410):
            raise HubError("The hub does not have this file any more.")
        if status not in (200, 206):
            raise HubError(f"The hub refused the download ({status}).")

    def _judge(self, response: httpx2.Response, start: int, etag: str) -> int:
        if _whole_size(response) not in (None, self._file.size):
            raise Retry("the server answered with something else")
        if etag and (there := etag_of(response)) and there != etag:
            raise Another("the server has another file now")
        if response.status_code == 200:
            return 0  # it ignored the range
        if _start_of(response) != start:
            raise Retry("the server answered with another part")
        return start


def chunks(response: httpx2.Response) -> Iterator[bytes]:
    """The body. Past its first chunk nothing of it is buffered any more, and reading the
    connection itself takes a third of the time; its end is then known by the length."""
    length = response.headers.get("Content-Length", "")
    parts = response.iter_raw()
    stream = response.extensions.get("network_stream")
    if not length.isdigit() or stream is None:
        yield from parts
        return
    source, left = cast(_Stream, stream), int(length)
    timeout_s: float = response.request.extensions["timeout"]["read"]
    data = next(parts, b"") if left else b""
    while data:
        left -= len(data)
        yield data
        try:
            data = source.read(min(_CHUNK, left), timeout_s) if left > 0 else b""
        except httpcore2.TimeoutException as error:
            raise httpx2.ReadTimeout(str(error)) from error
        except httpcore2.NetworkError as error:
            raise httpx2.ReadError(str(error)) from error


class _Stream(Protocol):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...


def etag_of(response: httpx2.Response) -> str:
    """Only a strong one says that the bytes are the same."""
    etag: str = response.headers.get("ETag", "")
    return etag if etag.startswith('"') and etag.isascii() and " " not in etag else ""


def retry_after(value: str) -> float:
    """Seconds, from a number or a date."""
    if value.strip().isdigit():
        return float(min(int(value.strip()[:6]), MAX_WAIT_S))
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, moment - time.time())


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _socket_of(response: httpx2.Response) -> socket.socket | None:
    stream = response.extensions.get("network_stream")
    return stream.get_extra_info("socket") if stream else None


def _describe(error: Exception) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "the server is silent"
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return "there is no connection to the hub"
    return "the connection broke"


def _whole_size(response: httpx2.Response) -> int | None:
    name = "Content-Range" if response.status_code == 206 else "Content-Length"
    size = response.headers.get(name, "").rpartition("/")[2]
    return int(size) if size.isdigit() and len(size) < 20 else None


def _start_of(response: httpx2.Response) -> int:
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() and len(start) < 20 else -1
