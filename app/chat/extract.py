"""The text of one untrusted document, taken out in a process of its own.

`main` runs in that process: `python -m app extract` reads a `Source` on stdin and writes an
`Extracted` on stdout. It limits its own memory and time; `extraction` watches it from outside.
Always true: whatever the file holds, the answer is bounded text or one sentence.
"""

import faulthandler
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from app.chat.extract_office import read_docx, read_pptx, read_xlsx
from app.chat.extract_web import html_text
from app.chat.unpack import Refused, office_kind
from app.core.messages import clean_text

ARGUMENT = "extract"
MEMORY_BYTES = 1 << 30
SECONDS = 30.0
MAX_FILE_BYTES = 200 << 20
MAX_CHARACTERS = 2_000_000
_SOFT_SHARE = 0.6  # of the time: what was read until then is kept
_MAX_PAGES = 5_000
_HTML = frozenset((".html", ".htm", ".xhtml"))
_MAGIC_BYTES = 8192
_ARCHIVES = (
    b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
_ARCHIVE = "An archive cannot be attached. Unpack it and attach the files you need."
_OLD_OFFICE = "Old Office files cannot be read. Save it as .docx, .xlsx or .pptx and attach that."
_BINARY = "This is not a text or a document the app can read."


class Source(msgspec.Struct, frozen=True):
    path: str
    seconds: float = SECONDS


class Extracted(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str = ""
    note: str = ""  # what was left out, as a sentence
    problem: str = ""  # why there is no text, as a sentence


class Enough(Exception):
    """The text is as long, or has taken as long, as it may; what was written stays."""


class Pages:
    """The text so far; refuses more than the limits."""

    def __init__(self, seconds: float) -> None:
        self._parts: list[str] = []
        self._left = MAX_CHARACTERS
        self._deadline = time.monotonic() + seconds
        self.note = ""

    def add(self, text: str) -> None:
        part = text[: self._left]
        self._parts.append(part)
        self._left -= len(part)
        if self._left <= 0:
            self.note = f"Only the first {MAX_CHARACTERS:,} characters were read."
            raise Enough
        if time.monotonic() > self._deadline:
            self.note = "Only its beginning was read: the rest takes too long."
            raise Enough

    def text(self) -> str:
        return clean_text("".join(self._parts)).strip()


def main() -> int:
    source = msgspec.json.decode(sys.stdin.buffer.read(), type=Source)
    faulthandler.dump_traceback_later(source.seconds, exit=True)
    _limit_memory()
    try:
        answer = extract(Path(source.path), source.seconds * _SOFT_SHARE)
    except MemoryError:
        answer = Extracted(problem="This document needs too much memory to be read.")
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.buffer.flush()
    return 0


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def extract(path: Path, seconds: float) -> Extracted:
    pages = Pages(seconds)
    try:
        _reader(path)(path, pages)
    except Enough:
        pass
    except Refused as refused:
        return Extracted(problem=str(refused))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  (three libraries over a hostile file: anything can come)
        return Extracted(problem="This document is damaged and cannot be read.")
    if text := pages.text():
        return Extracted(text, pages.note)
    return Extracted(problem="There is no text in this document.")


def _reader(path: Path) -> Callable[[Path, Pages], None]:
    with path.open("rb") as file:
        head = file.read(_MAGIC_BYTES)
    if head.startswith(b"%PDF-") or b"%PDF-" in head[:1024]:
        return _read_pdf
    if head.startswith(b"PK\x03\x04"):
        return _read_office
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(_OLD_OFFICE)
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        raise Refused(_ARCHIVE)
    return _read_html if path.suffix.lower() in _HTML else _read_text


def _read_office(path: Path, pages: Pages) -> None:
    match office_kind(path):
        case "docx":
            read_docx(path, pages.add)
        case "pptx":
            read_pptx(path, pages.add)
        case "xlsx":
            read_xlsx(path, pages.add)
        case "other":
            raise Refused(_ARCHIVE)


def _read_pdf(path: Path, pages: Pages) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    for number in range(min(len(document), _MAX_PAGES)):
        page = document[number]
        text_page: Any = page.get_textpage()
        pages.add(text_page.get_text_bounded().replace("\r\n", "\n") + "\n\n")
        page.close()
    if len(document) > _MAX_PAGES:
        pages.note = f"Only the first {_MAX_PAGES:,} pages were read."


def _read_html(path: Path, pages: Pages) -> None:
    pages.add(html_text(_decoded(path)))


def _read_text(path: Path, pages: Pages) -> None:
    pages.add(_decoded(path))


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:_MAGIC_BYTES]:
        raise Refused(_BINARY)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
