"""The text of Word, PowerPoint and Excel files; runs in the extraction process only.

Each reader hands over pieces as it finds them and stops when told to by an exception.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from app.chat.extract_web import html_text

Add = Callable[[str], None]

_MAX_GROUPS = 20


def read_docx(path: Path, add: Add) -> None:
    import mammoth

    convert = cast(
        Callable[..., Any],
        mammoth.convert_to_html,  # pyright: ignore[reportUnknownMemberType]
    )
    with path.open("rb") as file:
        add(html_text(convert(file, convert_image=_no_image).value))


def _no_image(_image: object) -> list[object]:
    return []


def read_pptx(path: Path, add: Add) -> None:
    import pptx

    with path.open("rb") as file:
        deck = pptx.Presentation(file)
    for number, slide in enumerate(deck.slides, 1):
        add(f"## Slide {number}\n\n")
        for text in _shape_texts(slide.shapes):
            add(text.strip() + "\n\n")
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            add(f"Notes: {slide.notes_slide.notes_text_frame.text}\n\n")


def _shape_texts(shapes: Any, depth: int = 0) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _MAX_GROUPS:
            yield from _shape_texts(shape.shapes, depth + 1)
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                yield " | ".join(cell.text for cell in row.cells)
        elif getattr(shape, "has_text_frame", False):
            yield shape.text_frame.text


def read_xlsx(path: Path, add: Add) -> None:
    import openpyxl

    with path.open("rb") as file:  # a path it would judge by its suffix
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        for sheet in book.worksheets:
            add(f"## {sheet.title}\n\n")
            sheet.reset_dimensions()  # what the file claims to span may be the whole grid
            for row in sheet.iter_rows(values_only=True):
                cells = ["" if value is None else str(value) for value in row]
                add("\t".join(cells).rstrip() + "\n" if any(cells) else "")
            add("\n")
