"""Markdown text to leaves, through markdown-it's tokens; no HTML is read or written.

Main thread; one parser per process. Whatever the text holds, every visible character of it
appears in some leaf: HTML is shown as text, images as their alternative text, links that are
not http, https or mailto as plain words.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from msgspec.structs import replace

from app.ui.transcript.caps import MAX_CELLS, TABLE_TOO_LARGE
from app.ui.transcript.leaves import (
    Align,
    Capped,
    Code,
    Formula,
    Group,
    Inside,
    Leaf,
    Rule,
    Span,
    Spans,
    Table,
    Text,
)
from app.ui.transcript.math_rules import use_math

MAX_NESTING = 40  # of markdown-it's own levels; `caps` keeps text from reaching it
_SAFE = re.compile(r"(?:https?://|mailto:)[^\s]+\Z", re.IGNORECASE)
_BARE_URL = re.compile(r"https?://[^\s<>\"'`|\\^{}]+", re.IGNORECASE)
_TASK = re.compile(r"\[([ xX])\](?: |\Z)")
_ALIGNS: dict[str, Align] = {"left": "left", "center": "center", "right": "right"}


@cache
def parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    markdown.enable(["table", "strikethrough"]).use(footnote_plugin)
    use_math(markdown)
    return markdown


def safe_link(href: str) -> str:
    """The link when it may be opened at all, else nothing."""
    return href if _SAFE.match(href) else ""


def parse(text: str, *, breaks: bool = False, definitions: str = "") -> list[Group]:
    """One group per top-level block; `breaks` keeps single line breaks (what a user typed).

    `definitions` are link definitions that stand elsewhere in the same message.
    """
    env: dict[str, Any] = {}
    if definitions:
        parser().parse(definitions, env)
    blocks = top_level(parser().parse(text, env))
    return [group(tokens, text, breaks=breaks) for tokens in blocks]


def top_level(tokens: Iterable[Token]) -> list[list[Token]]:
    """The tokens of each top-level block; footnotes stay together at the end."""
    result: list[list[Token]] = []
    current: list[Token] = []
    depth = 0
    for token in tokens:
        current.append(token)
        depth += token.nesting
        if depth == 0:
            result.append(current)
            current = []
    return [*result, current] if current else result


def group(tokens: Sequence[Token], source: str, *, breaks: bool = False) -> Group:
    if reason := _past_caps(tokens):
        first, after = tokens[0].map or (0, 0)
        return (Capped("\n".join(source.split("\n")[first:after]), reason),)
    return tuple(_Reader(tokens, breaks).leaves())


def _past_caps(tokens: Sequence[Token]) -> str:
    # markdown-it drops what lies deeper than its limit: better shown plain than lost.
    if tokens[0].map and max(token.level for token in tokens) >= MAX_NESTING - 3:
        return "This is nested very deeply"
    if len(tokens) > MAX_CELLS and tokens[0].type == "table_open":
        cells = sum(token.type in ("td_open", "th_open") for token in tokens)
        return TABLE_TOO_LARGE if cells > MAX_CELLS else ""
    return ""


class _Reader:
    """Walks one block's tokens, keeping the stack of containers around the current leaf."""

    def __init__(self, tokens: Sequence[Token], breaks: bool) -> None:
        self._tokens = tokens
        self._breaks = breaks
        self._within: list[Inside] = []

    def leaves(self) -> list[Leaf]:
        found: list[Leaf] = []
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.type == "table_open":
                end = next(
                    n for n in range(at, len(self._tokens)) if self._tokens[n].type == "table_close"
                )
                found.append(self._table(self._tokens[at:end]))
                at = end
            elif leaf := self._leaf(token, at):
                found.append(leaf)
            elif token.nesting:
                if token.type == "list_item_close" and self._within[-1].first:
                    found.append(Text((), self._place(), tight=True))  # its marker still shows
                self._container(token)
            at += 1
        return found

    def _leaf(self, token: Token, at: int) -> Leaf | None:
        match token.type:
            case "inline":
                return self._text(token, self._tokens[at - 1])
            case "fence" | "code_block":
                language = token.info.strip().split(" ")[0] if token.info else ""
                return Code(token.content.removesuffix("\n"), language, self._place())
            case "math_block":
                return Formula(token.content, self._place())
            case "hr":
                return Rule(self._place())
            case _:
                return None

    def _container(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self._within.append(Inside("quote"))
            case "list_item_open":
                marker = f"{token.info}{token.markup}" if token.info else "•"
                kind = "number" if token.info else "bullet"
                self._within.append(Inside(kind, marker, first=True))
            case "footnote_open":
                self._within.append(Inside("note", f"{_note_label(token.meta)}.", first=True))
            case "list_item_close" | "blockquote_close" | "footnote_close":
                self._within.pop()
            case _:
                pass

    def _place(self, checked: bool | None = None) -> tuple[Inside, ...]:
        """The containers of the next leaf; the markers it shows are spent."""
        place = list(self._within)
        if checked is not None:
            place[-1] = replace(place[-1], checked=checked)
        self._within = [replace(one, first=False) if one.first else one for one in self._within]
        return tuple(place)

    def _text(self, token: Token, before: Token) -> Text:
        spans = self._spans(token.children or [])
        checked = None
        task = _TASK.match(spans[0].text) if spans and spans[0].kind == "text" else None
        if task and self._within and self._within[-1].kind == "bullet" and self._within[-1].first:
            checked = task.group(1) != " "
            rest = replace(spans[0], text=spans[0].text[task.end() :])
            spans = (rest, *spans[1:]) if rest.text else spans[1:]
        level = int(before.tag[1]) if before.type == "heading_open" else 0
        return Text(spans, self._place(checked), level, tight=before.hidden)

    def _table(self, tokens: Sequence[Token]) -> Table:
        rows: list[list[Spans]] = []
        aligns: list[Align] = []
        for token, following in pairwise(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(self._spans(following.children or []))
                if len(rows) == 1:
                    css = str(token.attrGet("style") or "").removeprefix("text-align:")
                    aligns.append(_ALIGNS.get(css, "auto"))
        return Table(tuple(tuple(row) for row in rows), tuple(aligns), self._place())

    def _spans(self, children: Sequence[Token]) -> Spans:
        found: list[Span] = []
        depth = {"strong": 0, "em": 0, "s": 0}
        href = ""
        for token in children:
            if token.type == "link_open":
                href = safe_link(str(token.attrGet("href") or ""))
            elif token.type == "link_close":
                href = ""
            elif token.tag in depth and token.nesting:
                depth[token.tag] += token.nesting
            else:
                bold, italic, strike = (bool(n) for n in depth.values())
                like = Span("", bold=bold, italic=italic, strike=strike, href=href)
                found.extend(self._span(token, like))
        return _merged(found)

    def _span(self, token: Token, like: Span) -> list[Span]:
        match token.type:
            case "text":
                return _linked(token.content, like)
            case "code_inline":
                return [replace(like, text=token.content, kind="code")]
            case "math_inline":
                return [replace(like, text=token.content, kind="math")]
            case "math_display":
                return [replace(like, text=token.content, kind="display")]
            case "hardbreak":
                return [Span("\n", "break")]
            case "softbreak":
                return [Span("\n", "break") if self._breaks else replace(like, text=" ")]
            case "footnote_ref":
                return [replace(like, text=_note_label(token.meta), kind="note")]
            case "image":
                href = safe_link(str(token.attrGet("src") or ""))
                alt = token.content or "image"
                return [replace(like, text=f"🖼 {alt}", href=like.href or href)]
            case _:
                return [replace(like, text=token.content)] if token.content else []


def _note_label(meta: dict[str, Any]) -> str:
    return str(meta.get("label") or meta["id"] + 1)


def _linked(text: str, like: Span) -> list[Span]:
    """Bare addresses become links, as readers expect of a model's answer."""
    if like.href or "://" not in text:
        return [replace(like, text=text)] if text else []
    found: list[Span] = []
    done = 0
    for match in _BARE_URL.finditer(text):
        url = _without_trailing_marks(match.group())
        if match.start() > done:
            found.append(replace(like, text=text[done : match.start()]))
        found.append(replace(like, text=url, href=safe_link(url)))
        done = match.start() + len(url)
    return [*found, replace(like, text=text[done:])] if done < len(text) else found


def _without_trailing_marks(url: str) -> str:
    url = url.rstrip(".,;:!?*_~")
    while url.endswith((")", "]")) and url.count("(" if url[-1] == ")" else "[") < url.count(
        url[-1]
    ):
        url = url[:-1].rstrip(".,;:!?*_~")
    return url


def _merged(spans: list[Span]) -> Spans:
    """Neighbours that look alike as one span: how text was split never shows."""
    result: list[Span] = []
    for span in spans:
        last = result[-1] if result else None
        if last and span.kind == "text" and span == replace(last, text=span.text):
            result[-1] = replace(last, text=last.text + span.text)
        else:
            result.append(span)
    return tuple(result)
