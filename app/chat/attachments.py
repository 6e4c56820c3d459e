"""Reads what people attach and says what it costs, before anything is sent.

Any thread may call it; files are read on threads of its own, documents in a process of theirs.
A future that fails does so with one sentence.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from app.chat.ask import token_count
from app.chat.budget import Budget
from app.chat.documents import WHOLE_SHARE
from app.chat.extraction import extract_text
from app.core.errors import InvalidRequest, KnownError
from app.core.generator import Generator
from app.storage.documents import Document

_AT_ONCE = 2
_MAX_IMAGE_BYTES = 20 << 20
_CHARACTERS_PER_TOKEN = 3  # when no model is loaded to count
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)
_LARGE_IMAGE = "The image is larger than 20 MB. Make it smaller first."
_UNSEEN = "Kept with the message; the model cannot see it."
_QUOTED = "Too long to be shown whole: what matters to each question is quoted."


class Attachments:
    def __init__(
        self,
        generator: Generator,
        budget: Callable[[], Budget],
        sees: Callable[[str], bool] = lambda _model: False,
    ) -> None:
        """`sees`: whether a model can be sent images; without a name, the one that is loaded."""
        self._generator = generator
        self._sees = sees
        self._budget = budget
        self._threads = ThreadPoolExecutor(_AT_ONCE, "attach")

    def read(self, path: Path) -> "Future[Document]":
        return self._threads.submit(self._read, path)

    def read_text(self, name: str, text: str) -> "Future[Document]":
        """Text that was pasted, as if it had been a file."""
        return self._threads.submit(self._text, name, text)

    def read_image(self, name: str, png: bytes) -> "Future[Document]":
        """A picture that was pasted."""
        return self._threads.submit(_image, name, "image/png", png, seen=self._sees(""))

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _read(self, path: Path) -> Document:
        if mime := _image_type(path):
            if path.stat().st_size > _MAX_IMAGE_BYTES:
                raise InvalidRequest(_LARGE_IMAGE)
            return _image(path.name, mime, path.read_bytes(), seen=self._sees(""))
        found = extract_text(path)
        if found.problem:
            raise InvalidRequest(found.problem)
        return self._text(path.name, found.text, found.note)

    def _text(self, name: str, text: str, note: str = "") -> Document:
        tokens = self._tokens(text)
        too_long = tokens > self._budget().chat_ctx * WHOLE_SHARE
        note = " ".join(filter(None, (note, _QUOTED if too_long else "")))
        return Document(name=name, text=text, tokens=tokens, note=note)

    def _tokens(self, text: str) -> int:
        try:
            return token_count(self._generator, text).result()
        except KnownError:
            return len(text) // _CHARACTERS_PER_TOKEN + 1


def _image(name: str, mime: str, data: bytes, *, seen: bool) -> Document:
    if len(data) > _MAX_IMAGE_BYTES:
        raise InvalidRequest(_LARGE_IMAGE)
    note = "" if seen else _UNSEEN
    return Document(name=name, kind="image", mime=mime, data=data, note=note)


def _image_type(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _IMAGES if head.startswith(magic)), "")
