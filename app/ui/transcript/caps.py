"""Limits for hostile text, and the cutting of long text into parts that are laid out apart.

Pure. A part starts after a blank line with a line that can only begin a new block, so parsing the
parts one by one gives what parsing the whole gives (link definitions are shared). Nothing is
ever dropped: what is past a limit is shown in part, with the offer to show all of it as it is.
"""

import re
from collections.abc import Iterator

import msgspec

PART_LENGTH = 8_000
MAX_UNCUT = 64_000  # a part that offers no place to cut
MAX_LINES = 2_000  # as many blocks, at worst
MAX_LINE = 16_000
MAX_BRACKETS = 600  # markdown-it looks for the end of every one of them
MAX_CELLS = 1_500
MAX_FOOTNOTED = 32_000  # footnotes need one parse of all the text
EXCERPT = 1_500
TABLE_TOO_LARGE = "This table is very large"

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_STARTS_BLOCK = re.compile(r"(?![ \t>]|[-+*](?:[ \t]|$)|\d{1,9}[.)](?:[ \t]|$))\S")
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\S.*$", re.MULTILINE)
_FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\]\n]+\]:", re.MULTILINE)
_OPENS_MATH = re.compile(r" {0,3}(\$\$|\\\[|\\begin\{([A-Za-z]+\*?)\})")


class Part(msgspec.Struct, frozen=True):
    """One piece of a message's text."""

    text: str
    reason: str = ""  # why it is shown as plain text
    plain: bool = False  # the reader asked for it: show it all, as it is


def parts(text: str, *, anyway: bool = False, length: int = PART_LENGTH) -> list[Part]:
    """The text in pieces; joined they are the text again, but for blank lines between them."""
    if len(text) <= length or (len(text) <= MAX_FOOTNOTED and _FOOTNOTE.search(text)):
        cut = [text]
    else:
        cut = list(_cut(text, length))
    found: list[Part] = []
    for piece in cut:
        reason = too_much(piece)
        if reason and anyway:
            found.extend(Part(chunk, plain=True) for chunk in _plain_chunks(piece))
        else:
            found.append(Part(piece, reason))
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
    start = at = 0
    fence = math = ""
    blank = False
    for line in text.splitlines(keepends=True):
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif math:
            math = "" if math in line else math
        else:
            if blank and at - start >= length and _STARTS_BLOCK.match(line):
                yield text[start:at]
                start = at
            if match := _FENCE.match(line.rstrip("\n")):
                fence = match.group(1)
            elif match := _OPENS_MATH.match(line):
                math = _left_open(line, match)
        blank = not line.strip()
        at += len(line)
    yield text[start:]


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
