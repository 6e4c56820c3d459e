"""Through the proxy that the environment names."""

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from app.core.downloads import RemoteFile
from app.hub.transfer import fetch
from scripts.hub_stand_in import StandIn

DATA = random.Random(9).randbytes(300_000)


class Proxy(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        headers = {k: v for k, v in self.headers.items() if k != "Proxy-Connection"}
        with httpx2.Client(trust_env=False) as direct:
            response = direct.get(self.path, headers=headers)
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name in ("content-length", "content-range", "etag", "location"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.content)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    Proxy.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield Proxy.seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_takes_it(hub: StandIn, proxy: list[str], tmp_path: Path) -> None:
    content = hub.add("o/r", {"m.gguf": DATA}).files["m.gguf"]
    url = f"{hub.endpoint}/o/r/resolve/main/m.gguf"
    with httpx2.Client() as client:
        fetch(client, RemoteFile(url, len(DATA), sha256=content.sha256), tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == DATA
    assert proxy == [url, f"{hub.file_host}/{content.sha256}"]
