"""Markdown as a reader would say it: the words without the marks around them. Pure.

For the few words of a search hit, not for a page: emphasis, code marks, heading and quote signs,
table rules and the addresses of links go, list bullets become •. What lies in code stays as it is.
Nothing that a search found is taken away, were it part of an address.
"""

import re
from collections.abc import Iterator, Sequence

Mark = tuple[int, int]
Change = tuple[int, int, str]  # characters from and to, and what stands there instead

_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,}).*$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^`\n](?:.*?[^`])??)\1(?!`)")
_LINE_SIGNS = re.compile(
    r"^(?:[ \t]*>)*[ \t]*(?:#{1,6}[ \t]+|([-*+])[ \t]+(?:\[[ xX]\][ \t]+)?)?", re.M
)
_SIGNS_ONLY = re.compile(r"^[-=*_|:> \t]+$", re.MULTILINE)
_RULE = re.compile(r"--|==|\*\*\*|___")
_ADDRESS = r"\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:[ \t]+\"[^\"\n]*\")?\)"
_LINK = re.compile(rf"(!?\[)([^\[\]\n]*)(\](?:{_ADDRESS}|\[[^\]\n]*\]))")
_AUTOLINK = re.compile(r"(<)(?:https?://|mailto:)[^<>\s]*(>)")
_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|~~)(?=[^\s*~])(.+?)(?<=[^\s*~])\1", re.DOTALL)
_UNDERLINED = re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_])(.+?)(?<=[^\s_])\1(?!\w)", re.DOTALL)
_FORMULA = re.compile(r"(?<![\\$\w])(\$\$?)(?=[^\s$])([^$\n]*[^\s$\\])\1(?![\d$])")
_CELLS = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_PAIRS = (_EMPHASIS, _UNDERLINED)


def plainly(text: str, marks: Sequence[Mark], *, in_code: bool = False) -> tuple[str, list[Mark]]:
    """The text without its marks-up, and where in it `marks` are now."""
    shown: list[str] = []
    now: list[int] = []  # where each character of the text is in what is shown
    at = length = 0
    for start, end, instead in sorted(_changes(text, marks, in_code), key=_widest_first):
        if start < at:
            continue
        now += range(length, length + start - at)
        now += [length + start - at] * (end - start)
        shown += (text[at:start], instead)
        length += start - at + len(instead)
        at = end
    shown.append(text[at:])
    now += range(length, length + len(text) - at + 1)
    return "".join(shown), [(now[a], now[b]) for a, b in marks]


def _widest_first(change: Change) -> tuple[int, int]:
    return change[0], -change[1]


def ends_in_code(text: str) -> bool:
    """Whether what follows is inside a fence."""
    return sum(1 for _ in _FENCE.finditer(text)) % 2 == 1


def _changes(text: str, marks: Sequence[Mark], in_code: bool) -> Iterator[Change]:
    at, code = 0, in_code
    for fence in [*_FENCE.finditer(text), None]:
        end = fence.start() if fence else len(text)
        if not code:
            yield from _of_prose(text, marks, at, end)
        if fence:
            if not _found_in(fence.span(), marks):
                yield (*fence.span(), "")
            at, code = fence.end(), not code


def _of_prose(text: str, marks: Sequence[Mark], start: int, end: int) -> Iterator[Change]:
    """Changes between two positions; in the words of inline code nothing else is changed."""
    verbatim: list[Mark] = []
    for match in _CODE.finditer(text, start, end):
        verbatim.append(match.span())
        yield (match.start(), match.start(2), "")
        yield (match.end(2), match.end(), "")
    for change in (*_of_words(text, start, end), *_of_links(text, marks, start, end)):
        if not any(a <= change[0] and change[1] <= b for a, b in verbatim):
            yield change


def _of_words(text: str, start: int, end: int) -> Iterator[Change]:
    for match in _SIGNS_ONLY.finditer(text, start, end):
        if _RULE.search(match.group()):
            yield (*match.span(), "")
    for match in _LINE_SIGNS.finditer(text, start, end):
        if match.group():
            yield (*match.span(), "• " if match.group(1) else "")
    for match in _AUTOLINK.finditer(text, start, end):
        yield (*match.span(1), "")
        yield (*match.span(2), "")
    for match in _FORMULA.finditer(text, start, end):
        yield (*match.span(1), "")
        yield (match.end(2), match.end(), "")
    for pair in _PAIRS:
        yield from _emphasis(pair, text, start, end)
    for row in _CELLS.finditer(text, start, end):
        for at in (n for n in range(*row.span()) if text[n] == "|" and text[n - 1 : n] != "\\"):
            edge = not text[row.start() : at].strip() or not text[at + 1 : row.end()].strip()
            yield (at, at + 1, "" if edge else "·")
    for match in _ESCAPED.finditer(text, start, end):
        yield (*match.span(), "")


def _of_links(text: str, marks: Sequence[Mark], start: int, end: int) -> Iterator[Change]:
    for match in _LINK.finditer(text, start, end):
        if not _found_in(match.span(3), marks):
            yield (*match.span(1), "")
            yield (*match.span(3), "")


def _found_in(span: Mark, marks: Sequence[Mark]) -> bool:
    return any(a < span[1] and span[0] < b for a, b in marks)


def _emphasis(pair: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Change]:
    """Pairs, and pairs within them."""
    for match in pair.finditer(text, start, end):
        yield (*match.span(1), "")
        yield (match.end(2), match.end(), "")
        yield from _emphasis(pair, text, match.start(2), match.end(2))
