"""What is inside an Office file, judged before any library opens it.

Pure, in the extraction process. Always true of what passes: few enough parts, bounded when
unpacked, and no XML that declares entities (Office writes none; attacks need them).
"""

import zipfile
from pathlib import Path
from typing import Literal

Kind = Literal["docx", "pptx", "xlsx", "other"]

_MAIN_PARTS: tuple[tuple[str, Kind], ...] = (
    ("word/document.xml", "docx"),
    ("ppt/presentation.xml", "pptx"),
    ("xl/workbook.xml", "xlsx"),
)
_MAX_PARTS = 10_000
_MAX_UNPACKED_BYTES = 256 << 20
_MAX_RATIO = 200
_SMALL_BYTES = 1 << 20  # below this no ratio harms
_BLOCK = 1 << 16
_DECLARATIONS = tuple(
    word.encode(code)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for code in ("utf-8", "utf-16-le", "utf-16-be")
)
_TOO_LARGE = "This document unpacks to far more than it seems and was not opened."


class Refused(Exception):
    """Why a document is not read: one sentence."""


def office_kind(path: Path) -> Kind:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        kinds: list[Kind] = [kind for name, kind in _MAIN_PARTS if name in names]
        if not kinds:
            return "other"
        _check(archive, parts)
        return kinds[0]


def _check(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > _MAX_PARTS or sum(p.file_size for p in parts) > _MAX_UNPACKED_BYTES:
        raise Refused(_TOO_LARGE)
    if len({part.filename for part in parts}) < len(parts):
        raise Refused("This document holds parts of the same name and was not opened.")
    for part in parts:
        if part.file_size > _SMALL_BYTES and part.file_size > _MAX_RATIO * part.compress_size:
            raise Refused(_TOO_LARGE)
        if part.filename.endswith((".xml", ".rels", ".vml")):
            _check_xml(archive, part)


def _check_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    unpacked, tail = 0, b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            # The size that is declared may lie.
            unpacked += len(block)
            if unpacked > part.file_size:
                raise Refused(_TOO_LARGE)
            seen = tail + block
            if any(word in seen for word in _DECLARATIONS):
                raise Refused("This document declares entities, as attacks do. It was not opened.")
            tail = seen[-32:]
