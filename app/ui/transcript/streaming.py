"""Markdown that is still being written: finished blocks are kept, only the tail is parsed again.

Pure, main thread. A block is finished when the next one has begun with a complete line; an open
formula block is never finished, and a last line made only of marker characters is held back,
because a setext underline, a table or a list could still come of it. The tail is parsed with a
copy of the link definitions seen so far, and without the finished lines of a long block (see
`growing`); `finish` is one full parse, so how the text was split never shows in the end.
"""

import re
from typing import Any

from app.ui.transcript.growing import Aside, joined, set_aside
from app.ui.transcript.leaves import Group
from app.ui.transcript.markdown import group, parse, parser, top_level

_HELD_BACK = re.compile(
    r"[ \t]*(?:[-=*_+#>~`|$]+[ \t]*|\d{1,9}[.)]?[ \t]*|\|.*|\[[^\]]*\]:.*|\\(?:\[|begin.*)?)"
)
_OPEN_MATH = re.compile(r"^[ \t>]*(?:\$\$|\\\[|\\begin\{)", re.MULTILINE)


class Stream:
    """One growing text."""

    def __init__(self, text: str = "") -> None:
        self.text = ""
        self._finished: list[Group] = []
        self._tail = ""
        self._aside = Aside()  # finished lines of the tail's first block
        self._references: dict[str, Any] = {}
        self._read = ""  # what `_groups` were read from
        self._groups: list[Group] = []
        if text:
            self.feed(text)

    def feed(self, text: str) -> None:
        self.text += text
        self._tail += text

    def groups(self) -> list[Group]:
        """Everything so far, as it should be shown now."""
        shown = _without_held_back(self._tail)
        if shown != self._read:
            self._groups = self._parsed(shown)
            self._read = _without_held_back(self._tail)
        return self._groups

    def _parsed(self, shown: str) -> list[Group]:
        env: dict[str, Any] = {"references": dict(self._references)}
        blocks = top_level(parser().parse(shown, env))
        done = self._finished_count(blocks, shown)
        tail = [group(tokens, shown) for tokens in blocks[1:]]
        if blocks:
            tail.insert(0, joined(self._aside, blocks[0], shown))
        if not done:
            self._set_aside(tail, blocks, shown)
            return [*self._finished, *tail]
        line = _line_of(blocks[done])
        self._finished += tail[:done]
        self._tail = self._tail[_offset(self._tail, line) :]
        self._aside = Aside()
        self._references = {
            label: found
            for label, found in env["references"].items()
            if label in self._references or found["map"][1] <= line
        }
        return [*self._finished, *tail[done:]]

    def _set_aside(self, tail: list[Group], blocks: list[list[Any]], shown: str) -> None:
        found = set_aside(self._aside, tail[0], blocks[0], shown) if len(blocks) == 1 else None
        if found:
            self._aside, first, last = found
            start, end = _offset(self._tail, first), _offset(self._tail, last)
            self._tail = self._tail[:start] + self._tail[end:]

    def finish(self) -> list[Group]:
        return parse(self.text)

    def _finished_count(self, blocks: list[list[Any]], shown: str) -> int:
        """How many leading blocks can no longer change."""
        count = max(0, len(blocks) - 1)
        while count > 0 and blocks[count][0].map is None:
            count -= 1  # footnotes are gathered at the end and have no place of their own
        if count > 0 and "\n" not in shown[_offset(shown, _line_of(blocks[count])) :]:
            count -= 1  # its first line may still turn out to belong to the block before
        for number in range(count):
            start, end = blocks[number][0].map
            source = shown[_offset(shown, start) : _offset(shown, end)]
            whole = blocks[number][0].type in ("fence", "code_block", "math_block")
            if not whole and _OPEN_MATH.search(source):
                return number
        return count


def _without_held_back(tail: str) -> str:
    start = tail.rfind("\n") + 1
    return tail[:start] if start and _HELD_BACK.fullmatch(tail, start) else tail


def _line_of(block: list[Any]) -> int:
    return int(block[0].map[0])


def _offset(text: str, line: int) -> int:
    """Where a line starts."""
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at
