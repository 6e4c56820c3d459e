"""Makes documents for tests: honest ones, and ones that mean harm."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGHS = (
    "<!DOCTYPE lol ["
    '<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


def rezip(data: bytes, changed: dict[str, bytes | str], *, stored: bool = False) -> bytes:
    """A zip with some parts replaced or added."""
    out = io.BytesIO()
    how = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", how) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, part in changed.items():
            new.writestr(name, part)
    return out.getvalue()


def docx(body: str = "<w:p><w:r><w:t>Hello</w:t></w:r></w:p>", prolog: str = "") -> bytes:
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}" '
            'Target="word/document.xml"/></Relationships>',
        )
        document = f'{prolog}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
        file.writestr("word/document.xml", document)
    return out.getvalue()


def pptx(*texts: str) -> bytes:
    import pptx as library

    deck: Any = library.Presentation()
    for text in texts or ("Hello",):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = text
        slide.placeholders[1].text = f"About {text}"
        slide.notes_slide.notes_text_frame.text = f"Say {text}"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def xlsx(*rows: tuple[object, ...]) -> bytes:
    import openpyxl

    book: Any = openpyxl.Workbook()
    for row in rows or (("Hello", 1),):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheet(data: str, prolog: str = "") -> bytes:
    """A workbook with this as its one sheet's rows."""
    part = f'{prolog}<worksheet xmlns="{SHEET}"><sheetData>{data}</sheetData></worksheet>'
    return rezip(xlsx(), {"xl/worksheets/sheet1.xml": part})


def pdf(
    *texts: str,
    kids: str = "",
    count: int | None = None,
    stream: bytes | None = None,
) -> bytes:
    """Pages of one line each; `kids`, `count` and `stream` replace what an honest file has."""
    contents = [f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() for text in texts or ("Hello",)]
    if stream is not None:
        contents = [stream]
    pages = [f"{4 + 2 * n} 0 R" for n in range(len(contents))]
    kids = kids or " ".join(pages)
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count or len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        filtered = " /Filter /FlateDecode" if stream is not None else ""
        objects.append(
            f"<< /Length {len(content)}{filtered} >>\nstream\n".encode() + content + b"\nendstream"
        )
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.writelines(f"{place:010} 00000 n \n".encode() for place in places)
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n".encode())
    out.write(b"%%EOF\n")
    return out.getvalue()


def zeros(size: int) -> bytes:
    """Deflated zeros, made in pieces."""
    packer = zlib.compressobj(9)
    block = b"0" * (1 << 20)
    parts = [packer.compress(block) for _ in range(size >> 20)]
    return b"".join((*parts, packer.flush()))


def lying(data: bytes, part: str, size: int) -> bytes:
    """The zip with one part's declared unpacked size changed, in its directory entry."""
    at = data.rindex(part.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]


def nested(depth: int, width: int) -> bytes:
    inner = b"0" * (1 << 20)
    for _ in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
            for number in range(width):
                file.writestr(f"{number}.zip", inner)
        inner = out.getvalue()
    return inner


def write(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
