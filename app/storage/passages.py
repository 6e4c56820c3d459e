"""How a long text is cut into passages: what is quoted of it, and what gets a vector. Pure."""

import re

_LONGEST = 800  # characters


def split(text: str) -> tuple[str, ...]:
    """Paragraphs, short ones together and long ones cut at sentences, else anywhere."""
    passages: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in _cut(paragraph.strip()):
            if passages and len(passages[-1]) + len(piece) + 2 <= _LONGEST:
                passages[-1] += "\n\n" + piece
            else:
                passages.append(piece)
    return tuple(passages)


def _cut(paragraph: str) -> list[str]:
    pieces: list[str] = []
    while len(paragraph) > _LONGEST:
        ends = [m.end() for m in re.finditer(r"[.!?。！？]\s*|\n", paragraph[:_LONGEST])]
        end = ends[-1] if ends and ends[-1] > _LONGEST // 3 else _LONGEST
        pieces.append(paragraph[:end].strip())
        paragraph = paragraph[end:].strip()
    return [*pieces, paragraph] if paragraph else pieces
