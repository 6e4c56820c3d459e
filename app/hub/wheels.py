"""Wheel indexes: finding the build for this machine, with the hash that is published for it.

Blocks on the network; needs no state. Always true: a wheel without a published SHA-256 is not
returned, and neither is one for another system or version.
"""

import contextlib
import platform
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

import httpx2
import msgspec

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.hub.runtime_builds import machine_name
from app.hub.safe_path import is_safe

GITHUB_API = "https://api.github.com"
_TIMEOUT_S = 20.0
_INDEX_BYTES = 8 << 20
_MOST_BYTES = 3 << 30
_WHEEL = re.compile(
    r"llama_cpp_python-(?P<version>\d[\w.]*?)(?:\+[\w.]+)?(?:-\d\w*)?-[^-]+-[^-]+-(?P<tags>[^-]+)\.whl"
)
_RELEASE = re.compile(r"/([\w.-]+)/([\w.-]+)/releases/download/([^/]+)/([^/]+)")
_SHA256 = re.compile(r"sha256[=:]([0-9a-f]{64})")
_GLIBC = re.compile(r"manylinux_(\d+)_(\d+)_")


class Wheel(msgspec.Struct, frozen=True):
    name: str
    version: str
    file: RemoteFile


class _Asset(msgspec.Struct):
    name: str = ""
    digest: str | None = None


class _Release(msgspec.Struct):
    assets: list[_Asset] = []


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]


def find_wheel(
    client: httpx2.Client, index: str, version: str, *, github_api: str = GITHUB_API
) -> Wheel | None:
    """The wheel of this version for this machine in one index; None when it has none."""
    page = f"{index.rstrip('/')}/llama-cpp-python/"
    text = _get(client, page)
    if text is None:
        return None
    for link in _links(text, page):
        url = urlsplit(link)
        name = unquote(url.path.rpartition("/")[2])
        match = _WHEEL.fullmatch(name)
        # Its name becomes a file's: an encoded slash would lead somewhere else.
        whole = match and is_safe(name) and "/" not in name
        if match and whole and match["version"] == version and runs_here(match["tags"]):
            plain = url._replace(fragment="").geturl()
            # The index itself may be plain (a mirror on loopback), but leads to nothing plainer.
            if url.scheme != "https" and url.scheme != urlsplit(page).scheme:
                raise HubError("The index leads to an unprotected address, so it is not used.")
            digest = _SHA256.fullmatch(url.fragment)
            sha256 = digest[1] if digest else _released_digest(client, plain, github_api)
            if not sha256:
                raise HubError(f"No hash is published for {name}, so it is not installed.")
            return Wheel(name, version, RemoteFile(plain, _size(client, plain), sha256=sha256))
    return None


def runs_here(tags: str) -> bool:
    """Whether a wheel's platform is this one; of several, one is enough."""
    return any(_tag_runs_here(tag) for tag in tags.split("."))


def _tag_runs_here(tag: str) -> bool:
    machine = machine_name()
    if sys.platform == "win32":
        return tag == {"x86_64": "win_amd64", "arm64": "win_arm64"}.get(machine)
    if sys.platform == "darwin":
        return tag.startswith("macosx_") and tag.endswith((f"_{machine}", "_universal2"))
    wanted = {"arm64": "aarch64"}.get(machine, machine)
    if not tag.endswith(f"_{wanted}"):
        return False
    if match := _GLIBC.match(tag):
        kind, number = platform.libc_ver()
        have = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
        return kind == "glibc" and have >= (int(match[1]), int(match[2]))
    return tag.startswith("linux_")


def _links(text: str, page: str) -> Iterator[str]:
    parser = _Links()
    parser.feed(text)
    for link in parser.links:
        with contextlib.suppress(ValueError):  # no address at all
            whole = urljoin(page, link)
            urlsplit(whole)
            yield whole


def _released_digest(client: httpx2.Client, url: str, api: str) -> str:
    """GitHub publishes the hash of each file of a release; upstream's index links to these."""
    match = _RELEASE.fullmatch(urlsplit(url).path)
    if match is None:
        return ""
    owner, repository, tag, name = match.groups()
    text = _get(client, f"{api}/repos/{owner}/{repository}/releases/tags/{tag}")
    try:
        release = msgspec.json.decode(text or "{}", type=_Release)
    except (msgspec.DecodeError, RecursionError):
        return ""
    for asset in release.assets:
        if asset.name == unquote(name):
            digest = _SHA256.fullmatch(asset.digest or "")
            return digest[1] if digest else ""
    return ""


def _size(client: httpx2.Client, url: str) -> int:
    with _plain_errors():
        response = client.head(url, follow_redirects=True, timeout=_TIMEOUT_S)
        response.raise_for_status()
        length = response.headers.get("Content-Length", "")
    if not length.isdigit() or not 0 < int(length) <= _MOST_BYTES:
        raise HubError("The index names a file of an impossible size.")
    return int(length)


def _get(client: httpx2.Client, url: str) -> str | None:
    """A page; None when there is none at this address."""
    data = b""
    with (
        _plain_errors(),
        client.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT_S) as response,
    ):
        if response.status_code == 404:
            return None
        response.raise_for_status()
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > _INDEX_BYTES:
                raise HubError("The index is larger than any index should be.")
    return data.decode("utf-8", "replace")


class _plain_errors:  # noqa: N801 - reads as what it does
    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx2.HTTPStatusError):
            status = error.response.status_code
            raise HubError(f"The index answers with an error ({status}).") from error
        if isinstance(error, httpx2.TransportError):
            raise HubError("The index cannot be reached. Check the network.") from error
