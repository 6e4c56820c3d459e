"""Limits for hostile text, and the cutting of long text into parts that are laid out apart.

Pure. A part starts after a blank line with a line that can only begin a new block, or in a
long table with one of its rows, so parsing the parts one by one gives what parsing the whole
gives (link definitions are shared). Nothing is ever dropped: what is past a limit is shown in
part, with the offer to show all of it as it is.
"""

import re
from collections.abc import Iterator
from itertools import accumulate, islice, zip_longest

import msgspec

from app.ui.transcript.pieces import LEAST_ROWS, piece_rows, widest

PART_LENGTH = 8_000
MAX_UNCUT = 64_000  # a part that offers no place to cut
MAX_LINES = 2_000  # as many blocks, at worst
MAX_LINE = 16_000
_BAR = re.compile(r"(?<!\\)\|")
_MARKUP = re.compile(r"[*`\[]|\]\([^()]*\)")
MAX_BRACKETS = 600  # markdown-it looks for the end of every one of them
MAX_CELLS = 1_500  # of a table that is not cut
MAX_COLUMNS = 40  # of one that is
MAX_FOOTNOTED = 32_000  # footnotes need one parse of all the text
EXCERPT = 1_500
TABLE_TOO_LARGE = "This table is very large"

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_STARTS_BLOCK = re.compile(r"(?![ \t>]|[-+*](?:[ \t]|$)|\d{1,9}[.)](?:[ \t]|$))\S")
_ENDS_TABLE = re.compile(r"#{1,6}(?:[ \t]|$)|`{3}|~{3}")
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\S.*$", re.MULTILINE)
_FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\]\n]+\]:", re.MULTILINE)
_OPENS_MATH = re.compile(r" {0,3}(\$\$|\\\[|\\begin\{([A-Za-z]+\*?)\})")
_LONG_TABLE = re.compile(rf"^\|(?:.*\n\|){{{2 + LEAST_ROWS}}}", re.MULTILINE)  # none shorter is cut
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_RULE = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)*(?:[ \t]*:?-+:?)?[ \t]*\r?\n?\Z")


class Part(msgspec.Struct, frozen=True):
    """One piece of a message's text."""

    text: str
    reason: str = ""  # why it is shown as plain text
    plain: bool = False  # the reader asked for it: show it all, as it is
    above: str = ""  # a sample of the table whose rows it begins with
    below: str = ""  # a sample of the table whose rows it ends with, and the next part begins


def parts(
    text: str, *, anyway: bool = False, tables: bool = False, length: int = PART_LENGTH
) -> list[Part]:
    """The text in pieces; joined they are the text again, but for blank lines between them.

    With `tables` a long table is cut between its rows, too.
    """
    noted = "[^" in text and _FOOTNOTE.search(text) is not None
    tables = tables and not noted and _LONG_TABLE.search(text) is not None
    if len(text) <= length or (len(text) <= MAX_FOOTNOTED and noted):
        cut = [text]
    else:
        cut = list(_cut(text, length))
    found: list[Part] = []
    for piece in cut:
        for part in _between_rows(piece) if tables else (Part(piece),):
            reason = too_much(part.text)
            if reason and anyway:
                found.extend(Part(chunk, plain=True) for chunk in _plain_chunks(part.text))
            else:
                found.append(msgspec.structs.replace(part, reason=reason))
    return found


def too_much(text: str) -> str:
    """Why this text is not laid out as Markdown, or nothing."""
    length, lines, pipes = _prose(text)
    if pipes > 2 * MAX_CELLS:
        return TABLE_TOO_LARGE
    if length > MAX_UNCUT or lines > MAX_LINES:
        return "This block is very long"
    if len(text) > MAX_LINE and max(map(len, text.split("\n"))) > MAX_LINE:
        return "This line is very long"
    if text.count("[") > MAX_BRACKETS or text.count("\\begin{") > MAX_BRACKETS / 6:
        return "This text has very many brackets"
    return ""


def _prose(text: str) -> tuple[int, int, int]:
    """Characters, lines and pipes outside fences: a long listing is laid out in part."""
    if len(text) <= MAX_LINES:
        return len(text), 0, 0
    fence, length, lines, pipes = "", 0, 0, 0
    for line in text.splitlines(keepends=True):
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif match := _FENCE.match(line.rstrip("\n")):
            fence = match.group(1)
        else:
            length += len(line)
            lines += 1
            pipes += line.count("|")
    return length, lines, pipes


def link_definitions(text: str) -> str:
    """Every `[label]: address` line, to be parsed ahead of each part."""
    return "\n\n".join(_DEFINITION.findall(text)) if "]:" in text else ""


def excerpt(text: str) -> str:
    short = text[:EXCERPT]
    return short if len(short) == len(text) else f"{short}…"


def _cut(text: str, length: int) -> Iterator[str]:
    start = 0
    blank = False
    for at, line, plain in _lines(text):
        if plain and blank and at - start >= length and _STARTS_BLOCK.match(line):
            yield text[start:at]
            start = at
        blank = not line.strip()
    yield text[start:]


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each line, where it starts, and whether it is outside of listings and formulas."""
    at = 0
    fence = math = ""
    for line in _LINE.findall(text):
        yield at, line, not (fence or math)
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif math:
            math = "" if math in line else math
        elif match := _FENCE.match(line.rstrip("\n")):
            fence = match.group(1)
        elif match := _OPENS_MATH.match(line):
            math = _left_open(line, match)
        at += len(line)


def _between_rows(text: str) -> Iterator[Part]:
    """Cut in its long tables."""
    start, above = 0, ""
    for first, lines, more in _tables(text):
        size = piece_rows(_columns(lines[1]))
        cuts = range(2 + size, len(lines), size)
        sample = _sample([*lines, *more]) if cuts else ""
        ends = list(accumulate(map(len, lines), initial=first))
        for line in cuts:
            yield Part(text[start : ends[line]], above=above, below=sample)
            start, above = ends[line], sample
    yield Part(text[start:], above=above)


def _tables(text: str) -> Iterator[tuple[int, list[str], list[str]]]:
    """Where a table begins that no list is around, its lines that begin with a bar, and its others.

    Words right below a table are rows of it, and so is what follows them.
    """
    found: list[str] = []
    more: list[str] = []
    before, first = "", 0
    outside = True  # of lists, quotes and tables that begin without a bar
    for at, line, plain in _lines(text):
        row = plain and line.startswith("|")
        words = _STARTS_BLOCK.match(line) is not None
        if found and row and not more:
            found.append(line)
        elif found and words and not _ENDS_TABLE.match(line):
            more.append(line)
        elif found:
            yield first, found, more
            found, more = [], []
        elif row and outside and _is_ruled(before, line):
            first, found = at - len(before), [before, line]
        outside = not line.strip() or (outside and words and (row or "|" not in line))
        before = line if row else ""
    if found:
        yield first, found, more


def _is_ruled(header: str, rule: str) -> bool:
    """Whether a table begins with these lines."""
    fits = _columns(rule) == len(_cells(header)) <= MAX_COLUMNS
    return fits and "-" in rule and _RULE.match(rule) is not None


def _columns(rule: str) -> int:
    return rule.strip().strip("|").count("|") + 1


def _cells(row: str) -> list[str]:
    bare = row.strip()
    cells = _BAR.split(bare) if "\\" in bare else bare.split("|")
    cells = cells[1:] if bare.startswith("|") else cells
    return cells if not cells or cells[-1] else cells[:-1]


def _sample(lines: list[str]) -> str:
    """A table as wide as the one of these lines."""
    cells = (_cells(line) for line in lines[2:])
    columns = islice(zip_longest(*cells, fillvalue=""), _columns(lines[1]))
    chosen = [widest(column, _without_markup) for column in columns]
    rows = (f"|{'|'.join(row)}|\n" for row in zip(*chosen, strict=True))
    return "".join([*lines[:2], *rows])


def _without_markup(cell: str) -> str:
    return _MARKUP.sub("", cell)


def _left_open(line: str, match: re.Match[str]) -> str:
    """The closer that an opening line still waits for."""
    if match.group(2):
        closer = rf"\end{{{match.group(2)}}}"
    else:
        closer = "$$" if match.group(1) == "$$" else r"\]"
    return "" if closer in line[match.end() :] else closer


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and set(bare) == {fence[0]}


def _plain_chunks(text: str) -> Iterator[str]:
    """Pieces of a size that lays out in a few milliseconds, at line ends where there are any."""
    at = 0
    while at < len(text):
        end = min(len(text), at + PART_LENGTH // 2)
        line_end = text.rfind("\n", at, end)
        if end < len(text) and line_end > at:
            end = line_end + 1
        yield text[at:end].removesuffix("\n")
        at = end
