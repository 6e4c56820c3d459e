"""What is selected, as text: formulas as TeX, lists with their markers, tables as TSV or Markdown.

Pure. A selection is cut out of the leaves themselves, so what is copied is what was meant, not
what a text document made of it; positions count UTF-16 units, as Qt does.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from msgspec.structs import replace

from app.ui.transcript.leaves import (
    Capped,
    Code,
    Formula,
    Inside,
    Leaf,
    Rule,
    Span,
    Spans,
    Table,
    Text,
    Within,
)
from app.ui.transcript.pieces import in_whole
from app.ui.transcript.writing import Piece, Written

Form = Literal["text", "markdown"]

# Brackets as such need no backslash, and must have none: ours would open a formula.
_SPECIAL = re.compile(
    r"[\\`*<$~&]|(?<![^\W_])_|_(?![^\W_])|(?<=\[)\^|\^(?=\[)|\](?=[(\[:])|(?<=\[[ xX])\]"
)
_LINE_START = re.compile(r"[ \t]*(?:(#{1,6}(?=\s|$)|[>+=-]|:?-{2,})|(\d{1,9})([.)](?=\s|$)))")


def cut(leaves: Sequence[Leaf], written: Written, start: int, end: int) -> list[Leaf]:
    """The part of a block's leaves between two characters of its document."""
    found: list[Leaf] = []
    for index, leaf in enumerate(leaves):
        pieces = [p for p in written.pieces if p.leaf == index and p.start < end and p.end > start]
        if isinstance(leaf, Table):
            found.append(_cut_table(leaf, pieces, start, end))
        elif not pieces:
            empty = not isinstance(leaf, Text) or not leaf.spans
            if empty and start <= written.starts[index] < end:
                found.append(leaf)
        else:
            found.append(_cut_leaf(leaf, pieces, start, end))
    return found


def _cut_leaf(leaf: Leaf, pieces: list[Piece], start: int, end: int) -> Leaf:
    spans = tuple(_cut_span(piece, start, end) for piece in pieces)
    match leaf:
        case Text():
            return replace(leaf, spans=spans)
        case Code():
            return replace(leaf, code="".join(span.text for span in spans))
        case Capped():
            # What is shown is an excerpt: only a selection of all of it means the whole text.
            whole = pieces[0].start >= start and pieces[-1].end <= end
            return leaf if whole else replace(leaf, text="".join(s.text for s in spans))
        case _:
            return leaf


def _cut_span(piece: Piece, start: int, end: int) -> Span:
    span = piece.span
    if span.kind in ("math", "display", "break", "note"):
        return span
    units = span.text.encode("utf-16-le", "surrogatepass")
    first, last = max(0, start - piece.start), min(end, piece.end) - piece.start
    return replace(span, text=units[2 * first : 2 * last].decode("utf-16-le", "replace"))


def _cut_table(leaf: Table, pieces: list[Piece], start: int, end: int) -> Table:
    """All its rows, with empty cells where nothing is selected."""
    cells: dict[tuple[int, int], Spans] = {
        cell: tuple(_cut_span(piece, start, end) for piece in group)
        for cell, group in groupby(pieces, key=lambda piece: piece.cell)
        if cell is not None
    }
    rows, columns = range(len(leaf.rows)), range(len(leaf.aligns))
    return replace(leaf, rows=tuple(tuple(cells.get((r, c), ()) for c in columns) for r in rows))


def selected_tables(leaves: Sequence[Leaf]) -> list[Leaf]:
    """What was cut out, with tables whole again and no rows around those that are selected."""
    found: list[Leaf] = []
    for leaf in in_whole(leaves):
        found.extend(_without_rest(leaf) if isinstance(leaf, Table) else (leaf,))
    return found


def _without_rest(leaf: Table) -> list[Leaf]:
    cells = [cell for row in leaf.rows for cell in row if cell]
    if len(cells) == 1:
        return [Text(cells[0], leaf.within)]
    rows = [number for number, row in enumerate(leaf.rows) if any(row)]
    return [replace(leaf, rows=leaf.rows[rows[0] : rows[-1] + 1])] if rows else []


def written_out(leaves: Sequence[Leaf], form: Form) -> str:
    """Leaves as a person would type them."""
    lines: list[str] = []
    before: Leaf | None = None
    for leaf in leaves:
        if before is not None and not _tight(before, leaf):
            lines.append(_shared_quote(before.within, leaf.within).rstrip())
        lines.extend(_prefixed(_lines(leaf, form), leaf.within, form))
        before = leaf
    return "\n".join(lines)


def _tight(before: Leaf, leaf: Leaf) -> bool:
    return (
        isinstance(leaf, Text)
        and leaf.tight
        and bool(before.within)
        and bool(leaf.within)
        and _continues(before.within[0], leaf.within[0])
    )


def _continues(one: Inside, other: Inside) -> bool:
    return one.kind == other.kind


def _shared_quote(before: Within, within: Within) -> str:
    shared = ""
    for one, other in zip(before, within, strict=False):
        if one.kind != "quote" or other.kind != "quote":
            break
        shared += "> "
    return shared


def _prefixed(lines: list[str], within: Within, form: Form) -> list[str]:
    first = rest = ""
    for inside in within:
        opening, following = _prefix(inside, form)
        first, rest = first + opening, rest + following
    return [f"{rest if n else first}{line}".rstrip(" ") for n, line in enumerate(lines)]


def _prefix(inside: Inside, form: Form) -> tuple[str, str]:
    match inside.kind:
        case "quote":
            return "> ", "> "
        case "note" if form == "markdown":
            label = f"[^{inside.marker.removesuffix('.')}]: "
            return (label if inside.first else "    "), "    "
        case _:
            marker = "-" if inside.kind == "bullet" else inside.marker
            blank = " " * (len(marker) + 1)
            if not inside.first:
                return blank, blank
            box = "" if inside.checked is None else "[x] " if inside.checked else "[ ] "
            return f"{marker} {box}", blank


def _lines(leaf: Leaf, form: Form) -> list[str]:
    match leaf:
        case Text():
            return _text(leaf, form)
        case Code():
            code = leaf.code.split("\n")
            if form == "text" or leaf.plain:
                return code
            fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", leaf.code)), default=0))
            return [f"{fence}{leaf.language}", *code, fence]
        case Table():
            return _table(leaf, form)
        case Formula():
            if leaf.tex.startswith("\\begin"):
                return leaf.tex.split("\n")
            return ["$$", *leaf.tex.split("\n"), "$$"]
        case Rule():
            return ["---"]
        case Capped():
            return leaf.text.split("\n")


def _text(leaf: Text, form: Form) -> list[str]:
    if form == "text":
        return "".join(_plain(span) for span in leaf.spans).split("\n")
    lines = "".join(map(_marked, leaf.spans)).split("\n")
    if leaf.level:
        return [f"{'#' * leaf.level} {' '.join(lines)}"]
    return [_escaped_start(line) for line in lines]


def _escaped_start(line: str) -> str:
    """A paragraph stays one though it begins like a heading, a quote or a list."""
    match = _LINE_START.match(line)
    if match is None:
        return line
    at = match.start(1) if match.group(1) else match.start(3)
    return f"{line[:at]}\\{line[at:]}"


def _plain(span: Span) -> str:
    match span.kind:
        case "math":
            return f"${span.text}$"
        case "display":
            return f"$${span.text}$$"
        case "note":
            return f"[{span.text}]"
        case _:
            return span.text


def _marked(span: Span) -> str:
    match span.kind:
        case "math" | "display":
            return _plain(span)
        case "note":
            return f"[^{span.text}]"
        case "break":
            return "\\\n"
        case "code":
            ticks = "`" * (1 + max(map(len, re.findall(r"`+", span.text)), default=0))
            pad = " " if span.text.startswith("`") or span.text.endswith("`") else ""
            text = f"{ticks}{pad}{span.text}{pad}{ticks}"
        case "text":
            text = _SPECIAL.sub(lambda match: f"\\{match.group()}", span.text)
    for on, mark in ((span.italic, "*"), (span.bold, "**"), (span.strike, "~~")):
        if on and (inner := text.strip()):
            at = text.index(inner)
            text = f"{text[:at]}{mark}{inner}{mark}{text[at + len(inner) :]}"
    if span.href and text.strip():
        return f"<{span.href}>" if span.text == span.href else f"[{text}]({span.href})"
    return text


def _table(leaf: Table, form: Form) -> list[str]:
    if form == "text":
        cells = (("".join(map(_plain, cell)).replace("\n", " ") for cell in r) for r in leaf.rows)
        return ["\t".join(text.replace("\t", " ") for text in row) for row in cells]
    rows = [[_cell(cell) for cell in row] for row in leaf.rows]
    rules = {"left": ":---", "center": ":---:", "right": "---:", "auto": "---"}
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], f"| {' | '.join(rules[align] for align in leaf.aligns)} |", *lines[1:]]


def _cell(spans: Spans) -> str:
    return "".join(map(_marked, spans)).replace("\\\n", " ").replace("|", "\\|")
