"""A hub that lies: odd types, endless answers, names and sizes that no file has."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from app.core.errors import HubError
from app.hub import answers
from app.hub.catalog import Catalog, Query
from app.hub.references import Reference

NAME = "maker/model-GGUF"
DIGEST = "ab" * 32


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The same to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(
    client: httpx2.Client, body: object, ask: Callable[[Catalog], Any], status: int = 200
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with answering(status, raw) as endpoint:
        return ask(Catalog(client, endpoint, find_token=lambda: None))


def search(catalog: Catalog) -> Any:
    return catalog.search(Query("words")).page()


def offer(catalog: Catalog) -> Any:
    return catalog.offer(Reference(NAME))


@pytest.mark.parametrize(
    "odd",
    [
        {"lastModified": 5},
        {"lastModified": "yesterday"},
        {"tags": 5},
        {"tags": [1]},
        {"gguf": [1]},
        {"gguf": {"total": "many"}},
        {"gguf": {"total": [1]}},
        {"downloads": "many"},
        {"siblings": 5},
        {"siblings": [{"name": "a"}]},
        {"siblings": [{"rfilename": "m.gguf", "size": 1, "lfs": 5}]},
    ],
)
def test_odd_types_are_a_sentence(client: httpx2.Client, odd: dict[str, Any]) -> None:
    entry = {"id": NAME, "siblings": []} | odd
    with pytest.raises(HubError, match="something else"):
        asked(client, entry, offer)
    if "siblings" not in odd:
        with pytest.raises(HubError, match="something else"):
            asked(client, [entry], search)


@pytest.mark.parametrize("body", [b"[" * 200_000, b"nothing", b"\xff\xfe", b"5"])
def test_no_json_is_a_sentence(client: httpx2.Client, body: bytes) -> None:
    for ask in (search, offer):
        with pytest.raises(HubError, match="something else"):
            asked(client, body, ask)
        with pytest.raises(HubError):
            asked(client, body, ask, status=500)


@pytest.mark.parametrize("status", [200, 500])
def test_an_endless_answer_is_not_read_to_its_end(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(answers, "ANSWER_BYTES", 1 << 20)
    for ask in (search, offer):
        with pytest.raises(HubError, match="larger than"):
            asked(client, b" " * (2 << 20), ask, status)


def test_sizes_and_checksums_that_no_file_has(client: httpx2.Client) -> None:
    def sibling(quantization: str, size: object, sha256: str = DIGEST) -> dict[str, Any]:
        lfs = {"sha256": sha256, "size": 1, "pointerSize": 1}
        return {"rfilename": f"model-{quantization}.gguf", "size": size, "lfs": lfs}

    files = [
        sibling("Q8_0", -5),
        sibling("Q6_K", "5"),
        sibling("Q5_0", 1.5),
        sibling("Q5_1", True),
        sibling("Q4_1", 10**18),
        sibling("Q4_0", 7),
        sibling("Q2_K", 8, "../../../etc/x"),
    ]
    found = asked(client, {"id": NAME, "siblings": files}, offer)
    digests = {variant.quantization: variant.files[0][1].digest for variant in found.variants}
    # Without a checksum a file is listed, and its download refused with that reason.
    assert digests == {"Q4_0": DIGEST, "Q2_K": ""}


def test_names_that_would_write_on_the_terminal_are_left_out(client: httpx2.Client) -> None:
    entries = [
        {"id": "evil/\x1b]0;owned\x07"},
        {"id": "../../etc"},
        {"id": 5},
        {"id": NAME, "tags": ["license:mit\x1b[2J"], "downloads": -3},
    ]
    (only,) = asked(client, entries, search)
    assert (only.repository, only.licence, only.downloads) == (NAME, "mit[2J", 0)
