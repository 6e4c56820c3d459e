"""What Markdown means, as values: a message is a sequence of groups of leaves.

No Qt and no thread. A leaf is one paragraph, heading, code block, table, formula or rule; what it
sits in (quotes, list items) is its `within`. Equal text always gives equal leaves, so streaming
can compare values to see what changed, and copying can write them back as text.
"""

from collections.abc import Sequence
from itertools import compress, count
from operator import ne
from typing import Literal

import msgspec

SpanKind = Literal["text", "code", "math", "display", "break", "note"]
Align = Literal["left", "center", "right", "auto"]


class Span(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A run of characters that look alike; for a formula `text` is its TeX."""

    text: str
    kind: SpanKind = "text"
    bold: bool = False
    italic: bool = False
    strike: bool = False
    href: str = ""


Spans = tuple[Span, ...]


class Inside(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One container around a leaf; `first` marks the leaf that shows the list marker."""

    kind: Literal["quote", "bullet", "number", "note"]
    marker: str = ""
    checked: bool | None = None
    first: bool = False


Within = tuple[Inside, ...]


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """A paragraph (level 0) or a heading (1 to 6)."""

    spans: Spans
    within: Within = ()
    level: int = 0
    tight: bool = False


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str
    language: str = ""
    within: Within = ()
    plain: bool = False  # text past the caps: shown as it is, wrapped, without a card


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    rows: tuple[tuple[Spans, ...], ...]  # the first row is the header, unless it continues
    aligns: tuple[Align, ...]
    within: Within = ()
    sample: "Table | None" = None  # in a piece of a long one: what decides its widths
    continues: bool = False  # there is a piece above
    goes_on: bool = False  # there is a piece below


class Formula(msgspec.Struct, frozen=True, omit_defaults=True):
    tex: str
    within: Within = ()


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    within: Within = ()


class Capped(msgspec.Struct, frozen=True, omit_defaults=True):
    """Text that would be too costly to lay out; `reason` says why in a few words."""

    text: str
    reason: str
    within: Within = ()


Leaf = Text | Code | Table | Formula | Rule | Capped
Group = tuple[Leaf, ...]


def same_start(old: Sequence[object], new: Sequence[object]) -> int:
    """How many equal values both begin with; thousands of them are compared in no time."""
    return next(compress(count(), map(ne, old, new)), min(len(old), len(new)))


def shared_quotes(before: Within, after: Within) -> int:
    """How many quotes two neighbours lie in together, from the outside."""
    shared = 0
    for one, other in zip(before, after, strict=False):
        if one.kind != other.kind or other.first:
            break
        shared += 1
    return shared
