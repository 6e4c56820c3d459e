"""A wheel index on loopback, and the wheels it offers."""

import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.hub.runtime_builds import bindings_version, machine_name

LIBRARY = {"win32": "llama.dll", "darwin": "libllama.dylib"}.get(sys.platform, "libllama.so")
TAG = {
    "win32": "win_amd64",
    "darwin": f"macosx_11_0_{machine_name()}",
}.get(sys.platform, f"linux_{'aarch64' if machine_name() == 'arm64' else machine_name()}")


def wheel_name(version: str = "", tag: str = TAG) -> str:
    return f"llama_cpp_python-{version or bindings_version()}-py3-none-{tag}.whl"


def make_wheel(files: Mapping[str, bytes] | None = None) -> bytes:
    """With a llama library that is none, unless told otherwise."""
    wanted = {f"llama_cpp/lib/{LIBRARY}": b"no library"} if files is None else files
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in wanted.items():
            archive.writestr(name, data)
    return memory.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Index:
    """What each path answers; a `str` redirects there."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | str] = {}
        self.address = ""

    def offer(
        self, wheel: bytes, name: str = "", *, digest: str | None = None, index: str = "cu124"
    ) -> None:
        """`digest` is what the page says; None: the truth, empty: nothing."""
        name = name or wheel_name()
        path = f"/files/{name}"
        self.pages[path] = wheel
        published = sha256(wheel) if digest is None else digest
        fragment = f"#sha256={published}" if published else ""
        page = f"/whl/{index}/llama-cpp-python/"
        before = self.pages.get(page, b"")
        assert isinstance(before, bytes)
        self.pages[page] = before + f'<a href="{path}{fragment}">{name}</a><br>'.encode()

    def url(self, index: str = "cu124") -> str:
        return f"{self.address}/whl/{index}"

    @contextmanager
    def serving(self) -> Iterator["Index"]:
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                answer = pages.get(self.path)
                if answer is None:
                    self.send_error(404)
                elif isinstance(answer, str):
                    self.send_response(302)
                    self.send_header("Location", answer)
                    self.end_headers()
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    if self.command == "GET":
                        self.wfile.write(answer)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
