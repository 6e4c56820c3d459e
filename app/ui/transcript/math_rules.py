"""Markdown rules for TeX: `$..$`, `$$..$$`, `\\(..\\)`, `\\[..\\]` and `\\begin{..}` blocks.

Pure functions called by markdown-it on the main thread. Money stays money: a dollar opens a
formula only before a non-space, and closes it only after one and before a non-digit (the rule
of pandoc). An unclosed block is left alone, so the text stays visible while it streams.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_BEGIN = re.compile(r"\\begin\{([A-Za-z]+\*?)\}")
_MAX_LINES = 200  # of one formula: looking further for its end is quadratic
_CLOSER = {"$$": "$$", r"\[": r"\]"}
_BRACKETS = {r"\(": (r"\)", "math_inline"), r"\[": (r"\]", "math_display")}


def use_math(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("escape", "tex_inline", _inline)
    markdown.block.ruler.before(
        "fence", "tex_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _inline(state: StateInline, silent: bool) -> bool:
    src, start = state.src, state.pos
    if src[start] == "\\":
        return _bracketed(state, silent)
    if src[start] != "$":
        return False
    if src.startswith("$$", start):
        end = src.find("$$", start + 2)
        if end <= start + 2 or not src[start + 2 : end].strip():
            return False
        return _push(state, silent, "math_display", slice(start + 2, end), end + 2)
    end = _dollar_end(src, start, state.posMax)
    return end > 0 and _push(state, silent, "math_inline", slice(start + 1, end), end + 1)


def _bracketed(state: StateInline, silent: bool) -> bool:
    opener = state.src[state.pos : state.pos + 2]
    if opener not in _BRACKETS:
        return False
    closer, kind = _BRACKETS[opener]
    end = state.src.find(closer, state.pos + 2)
    if end < 0 or not state.src[state.pos + 2 : end].strip():
        return False
    return _push(state, silent, kind, slice(state.pos + 2, end), end + 2)


def _dollar_end(src: str, start: int, limit: int) -> int:
    if start and (src[start - 1].isalnum() or src[start - 1] == "\\"):
        return -1
    if start + 1 >= limit or src[start + 1].isspace():
        return -1
    end = src.find("$", start + 1)
    while 0 < end < limit:
        before, after = src[end - 1], src[end + 1 : end + 2]
        if before != "\\":
            closes = not before.isspace() and not after.isdigit() and "\n\n" not in src[start:end]
            return end if closes else -1
        end = src.find("$", end + 1)
    return -1


def _push(state: StateInline, silent: bool, kind: str, inside: slice, after: int) -> bool:
    if after > state.posMax:
        return False
    if not silent:
        token = state.push(kind, "math", 0)
        token.content = state.src[inside].strip()
    state.pos = after
    return True


def _block(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    if state.is_code_block(startLine):
        return False
    first = _line(state, startLine)
    begin = _BEGIN.match(first)
    opener = first[:2]
    if begin:
        closer, opener = rf"\end{{{begin.group(1)}}}", ""
    elif opener in _CLOSER:
        closer = _CLOSER[opener]
    else:
        return False
    last = _closing_line(state, startLine, endLine, len(opener), closer)
    if last < 0:
        return False
    if silent:
        return True
    lines = [_line(state, n) for n in range(startLine, last + 1)]
    tex = "\n".join(lines).rstrip()
    token = state.push("math_block", "math", 0)
    token.content = tex if begin else tex[len(opener) : -len(closer)].strip()
    token.map = [startLine, last + 1]
    state.line = last + 1
    return True


def _closing_line(state: StateBlock, start: int, stop: int, skip: int, closer: str) -> int:
    """The line that ends with the closer, or -1: text after a closer makes it inline."""
    for number in range(start, min(stop, start + _MAX_LINES)):
        if number > start and not state.isEmpty(number) and state.sCount[number] < state.blkIndent:
            return -1
        text = _line(state, number)[skip if number == start else 0 :]
        at = text.find(closer)
        if at >= 0:
            closes = not text[at + len(closer) :].strip()
            empty = number == start and not text[:at].strip()
            return number if closes and not empty else -1
    return -1


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
