"""A stand-in of the Hugging Face hub, for tests and for working offline.

`hub_stand_in.py FOLDER [--port N]` offers FOLDER/owner/repo/*.gguf; point `HF_ENDPOINT` at it.
`--sparse BYTES` adds stand-in/sparse, one file as large as that which needs no room anywhere.
Two real HTTP servers on loopback: the API with its redirects, and the file host they lead to.
Each answered request is in `log`; each entry of `faults` spoils one answer of the file host.
"""

import argparse
import contextlib
import json
import random
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import hub_stand_in_xet as xet
from scripts.hub_stand_in_files import Content, Repository

Mode = Literal[
    "cut",  # the connection ends at `at`
    "flip",  # one bit is wrong at `at`
    "416",
    "429",
    "503",
    "redirect",  # once more, to another host
    "new_etag",  # the file became another one
    "range_ignored",  # all of it, with 200
    "drip",  # a few bytes a second after `at`
    "stall",  # silence after `at`, the connection open
    "short",  # a smaller length than the file's, honestly served
    "html",  # an error page with 200
]
MODES: tuple[Mode, ...] = Mode.__args__  # type: ignore[attr-defined]
_CHUNK = 1 << 18


@dataclass
class Fault:
    mode: Mode
    at: float = 0.5  # share of the answer that is served well
    retry_after: str = "0"


@dataclass
class Answered:
    server: Literal["hub", "files"]
    method: str
    path: str
    range: str
    authorization: str
    sent: int = 0


@dataclass
class StandIn:
    repositories: dict[str, Repository] = field(default_factory=dict[str, Repository])
    token: str = "hf_test"
    page_size: int = 20
    rate: int = 0  # bytes a second of each connection; 0: as fast as it goes
    faults: list[Fault] = field(default_factory=list[Fault])
    log: list[Answered] = field(default_factory=list[Answered])
    hub_faults: list[Fault] = field(default_factory=list[Fault])
    stopping: threading.Event = field(default_factory=threading.Event)
    endpoint: str = ""
    file_host: str = ""

    def add(self, name: str, files: dict[str, bytes | Content], **traits: Any) -> Repository:
        contents = {
            path: data if isinstance(data, Content) else Content(data)
            for path, data in files.items()
        }
        self.repositories[name] = Repository(name, contents, **traits)
        return self.repositories[name]

    def blob(self, sha256: str) -> Content | None:
        for repository in self.repositories.values():
            for content in repository.files.values():
                if content.sha256 == sha256:
                    return content
        return None

    def sent(self) -> int:
        """Bytes of files served so far."""
        return sum(entry.sent for entry in self.log if entry.server == "files")

    @contextmanager
    def serving(self, port: int = 0) -> Iterator["StandIn"]:
        servers = [_Server(self, _Hub, port), _Server(self, _Files, 0)]
        self.endpoint, self.file_host = (server.address for server in servers)
        threads = [
            threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                server.hang_up()
                server.server_close()
                thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, stand_in: StandIn, handler: type[BaseHTTPRequestHandler], port: int) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.stand_in = stand_in
        self._connections: set[socket.socket] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Clients keep connections open; their threads would wait for more."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    role: Literal["hub", "files"]
    entry: Answered

    def do_GET(self) -> None:
        self._start()
        self.respond()

    def do_HEAD(self) -> None:
        self._start()
        self.respond()

    def respond(self) -> None:
        raise NotImplementedError

    def log_message(self, format: str, *args: Any) -> None:
        """The tests read `log` instead."""

    @property
    def stand_in(self) -> StandIn:
        return self.server.stand_in

    def _start(self) -> None:
        self.entry = Answered(
            self.role,
            self.command,
            self.path,
            self.headers.get("Range", ""),
            self.headers.get("Authorization", ""),
        )
        self.stand_in.log.append(self.entry)

    def reply(
        self, status: int, body: bytes = b"", kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Hub(_Handler):
    role = "hub"

    def respond(self) -> None:
        if self.stand_in.hub_faults:
            fault = self.stand_in.hub_faults.pop(0)
            self.reply(int(fault.mode), b"{}", Retry_After=fault.retry_after)
            return
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        path = unquote(url.path)
        if path == "/api/models":
            self._list(query)
        elif path == "/api/whoami-v2":
            known = self.entry.authorization == f"Bearer {self.stand_in.token}"
            self.reply(200 if known else 401, b'{"name": "stand-in", "auth": {}}')
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+?)(?:/revision/[^/]+)?", path):
            self._about(match[1], query)
        elif match := re.fullmatch(r"/(xet-token|v1/reconstructions|xorb)/(\w+)", path):
            self._xet(match[1], match[2])
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            self._resolve(match[1], match[2])
        else:
            self.reply(404, b'{"error": "Not found"}')

    def _list(self, query: dict[str, list[str]]) -> None:
        search = query.get("search", [""])[0].casefold()
        author = query.get("author", [""])[0].casefold()
        filters = [name for value in query.get("filter", []) for name in value.split(",")]
        sort = query.get("sort", ["downloads"])[0]
        offset = int(query.get("cursor", ["0"])[0])
        limit = int(query.get("limit", [str(self.stand_in.page_size)])[0])
        limit = min(limit, self.stand_in.page_size)
        found = [
            summary
            for repository in self.stand_in.repositories.values()
            if not repository.private
            for summary in [repository.summary()]
            if all(word in repository.name.casefold() for word in search.split())
            and (not author or summary["author"].casefold() == author)
            and all(name in summary["tags"] for name in filters)
        ]
        found.sort(key=lambda summary: summary.get(sort) or 0, reverse=True)
        page = found[offset : offset + limit]
        headers = {}
        if offset + limit < len(found):
            pairs = [(k, v) for k, values in query.items() for v in values if k != "cursor"]
            rest = "&".join(f"{k}={quote(v)}" for k, v in [*pairs, ("cursor", str(offset + limit))])
            headers["Link"] = f'<{self.stand_in.endpoint}/api/models?{rest}>; rel="next"'
        self.reply(200, json.dumps(page).encode(), **headers)

    def _find(self, name: str) -> Repository | None:
        repository = self.stand_in.repositories.get(name)
        known = self.entry.authorization == f"Bearer {self.stand_in.token}"
        if repository is None or (repository.private and not known):
            self.reply(401, b'{"error": "Repository not found"}', X_Error_Code="RepoNotFound")
            return None
        return repository

    def _about(self, name: str, query: dict[str, list[str]]) -> None:
        if repository := self._find(name):
            blobs = "blobs" in query
            about = repository.summary() | {"siblings": repository.siblings(blobs=blobs)}
            self.reply(200, json.dumps(about).encode())

    def _resolve(self, name: str, path: str) -> None:
        repository = self._find(name)
        if repository is None:
            return
        if repository.gated and self.entry.authorization != f"Bearer {self.stand_in.token}":
            self.reply(403, b'{"error": "Access is restricted"}', X_Error_Code="GatedRepo")
        elif path not in repository.files:
            self.reply(404, b'{"error": "Entry not found"}', X_Error_Code="EntryNotFound")
        elif repository.is_lfs(path):
            self._point_to(repository, repository.files[path])
        else:
            content = repository.files[path]
            body = content.read(0, content.size)
            self.reply(200, body, "text/plain", ETag=f'"{content.git_sha1}"')

    def _point_to(self, repository: Repository, content: Content) -> None:
        headers = {
            "X_Repo_Commit": repository.commit,
            "X_Linked_Etag": f'"{content.sha256}"',
            "X_Linked_Size": str(content.size),
        }
        if repository.xet_only:
            route = f"{self.stand_in.endpoint}/xet-token/{content.sha256}"
            headers |= {"X_Xet_Hash": content.sha256, "X_Xet_Refresh_Route": route}
            self.reply(200 if self.command == "HEAD" else 404, **headers)
        else:
            self.reply(302, Location=f"{self.stand_in.file_host}/{content.sha256}", **headers)

    def _xet(self, what: str, digest: str) -> None:
        content = self.stand_in.blob(digest)
        if content is None:
            self.reply(404)
        elif what == "xet-token":
            self.reply(200, **xet.token_headers(self.stand_in.endpoint))
        elif what == "xorb":
            packed = xet.xorb(content.read(0, content.size))
            body, where = xet.part(packed, self.entry.range)
            self.reply(206, body, "application/octet-stream", Content_Range=where)
        else:
            self.reply(200, xet.reconstruction(self.stand_in.endpoint, digest, content.size))


class _Files(_Handler):
    role = "files"

    def respond(self) -> None:
        content = self.stand_in.blob(self.path.lstrip("/"))
        if content is None:
            self.reply(404)
            return
        faults = self.stand_in.faults
        fault = faults.pop(0) if faults and self.command == "GET" else None
        match fault.mode if fault else None:
            case "416" | "429" | "503" as status if fault:
                self.reply(int(status), Retry_After=fault.retry_after)
            case "redirect":
                other = self.stand_in.file_host.replace("127.0.0.1", "localhost")
                self.reply(302, Location=f"{other}{self.path}")
            case "html":
                self.reply(200, b"<html>Too many people here</html>", "text/html")
            case _:
                self._serve(content, fault)

    def _serve(self, content: Content, fault: Fault | None) -> None:
        mode = fault.mode if fault else ""
        etag = f'"{content.sha256}"' if mode != "new_etag" else '"another"'
        size = content.size if mode != "short" else int(content.size * (fault.at if fault else 1))
        start, end = 0, size
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.entry.range)
        partial = bool(match) and mode != "range_ignored"
        if self.headers.get("If-Range", etag) != etag:
            partial = False
        if match and partial:
            start = int(match[1])
            end = min(int(match[2]) + 1, size) if match[2] else size
            if start >= size:
                self.reply(416, Content_Range=f"bytes */{size}")
                return
        self.send_response(206 if partial else 200)
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", etag)
        self.send_header("Accept-Ranges", "bytes")
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()
        if self.command != "HEAD":
            self._body(content, start, end, fault)

    def _body(self, content: Content, start: int, end: int, fault: Fault | None) -> None:
        mode = fault.mode if fault else ""
        turn = start + int((end - start) * (fault.at if fault else 1))
        at, began = start, time.monotonic()
        while at < end:
            stop = min(at + _CHUNK, turn if at < turn else end)
            data = content.read(at, stop - at)
            if at >= turn:
                if mode == "cut":
                    self.close_connection = True
                    return
                if mode == "stall":
                    self.stand_in.stopping.wait()
                    return
                if mode == "drip":
                    self._drip(data)
                    return
                if mode == "flip":
                    data = bytes([data[0] ^ 1]) + data[1:]
                    mode = ""
            if mode == "new_etag":
                data = bytes(255 - byte for byte in data)
            self.wfile.write(data)
            self.entry.sent += len(data)
            at += len(data)
            if rate := self.stand_in.rate:
                ahead = (at - start) / rate - (time.monotonic() - began)
                if self.stand_in.stopping.wait(max(0.0, ahead)):
                    return

    def _drip(self, data: bytes) -> None:
        for byte in data:
            if self.stand_in.stopping.wait(0.05):
                return
            self.wfile.write(bytes([byte]))
            self.entry.sent += 1


def from_folder(folder: Path) -> StandIn:
    stand_in = StandIn()
    for repository in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        files = {
            str(path.relative_to(repository)): path.read_bytes()
            for path in sorted(repository.rglob("*"))
            if path.is_file()
        }
        stand_in.add("/".join(repository.parts[-2:]), dict(files))
    return stand_in


def main(wait: Callable[[float], None] = time.sleep) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sparse", type=int, default=0, metavar="BYTES")
    parser.add_argument("--rate", type=int, default=0, help="bytes a second of each connection")
    args = parser.parse_args()
    stand_in = from_folder(args.folder)
    stand_in.rate = args.rate
    if args.sparse:
        block = random.Random(1).randbytes(1 << 20)
        stand_in.add("stand-in/sparse", {"sparse-Q8_0.gguf": Content(block, args.sparse)})
    with stand_in.serving(args.port):
        print(f"HF_ENDPOINT={stand_in.endpoint}", flush=True)
        while True:
            wait(3600)


if __name__ == "__main__":
    main()
