"""What a person typed into a search box, understood; pure.

Text is never query syntax: every piece reaches FTS5 as a quoted string. `in:` `role:`
`model:` `before:` `after:` are filters when what follows makes sense, and plain words when not.
"""

import re
import unicodedata
from datetime import datetime
from typing import cast, get_args

import msgspec

from app.core.messages import Role, clean_text
from app.storage import tokenizer

_MAX_CHARS = 1_000
_MAX_PIECES = 16
_STEM = 5
_PIECE = re.compile(
    r'(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+))', re.IGNORECASE
)


class Piece(msgspec.Struct, frozen=True):
    """Terms that must stand side by side; the last one may be only begun."""

    text: str
    terms: tuple[str, ...]
    prefix: bool = False

    def matches(self, position: int, terms: tuple[str, ...]) -> bool:
        """Whether the terms at one position of a text are what this piece wants there."""
        wanted = self.terms[position]
        if self.prefix and position == len(self.terms) - 1:
            return any(term.startswith(wanted) for term in terms)
        return wanted in terms


class Query(msgspec.Struct, frozen=True):
    pieces: tuple[Piece, ...] = ()
    folder: str = ""
    role: Role | None = None
    model: str = ""
    before_ms: int | None = None
    after_ms: int | None = None

    def match(self) -> str:
        """The FTS5 expression: all pieces, each a quoted phrase."""
        return " AND ".join(self.phrases())

    def match_any(self) -> str:
        return " OR ".join(self.phrases())

    def phrases(self) -> list[str]:
        return [_phrase(piece) for piece in self.pieces]


def parse(text: str) -> Query:
    text = clean_text(text)[:_MAX_CHARS]
    filters: dict[str, object] = {}
    pieces: list[Piece] = []
    for found in _PIECE.finditer(text):
        value = found["quoted"] if found["quoted"] is not None else found["plain"]
        meaning = _filter(found["key"], value) if found["key"] else None
        if meaning is not None:
            filters |= meaning
            continue
        # Still being typed: nothing follows it, not even a space or a closing quote.
        begun = found.end() == len(text) and found["quoted"] is None
        if piece := _piece(found[0] if found["key"] else value, begun):
            pieces.append(piece)
    return msgspec.convert({"pieces": pieces[:_MAX_PIECES], **filters}, Query)


def words(text: str, limit: int = 24) -> Query:
    """The longest distinct words of a text's beginning: a query for passages about the same."""
    utf8 = clean_text(text)[:_MAX_CHARS].encode()
    found = tokenizer.terms(utf8, for_index=False)
    distinct = {term: utf8[start:end].decode() for start, end, term, *_ in found}
    longest = sorted(distinct, key=lambda term: (-len(term), term))[:limit]
    return Query(tuple(Piece(distinct[term], (term,)) for term in longest))


def stem(piece: Piece) -> Piece:
    """By its beginning: "deployment" also finds "deploy", "crash" also "crashes"."""
    first, *more = piece.terms
    if more or len(first) < _STEM:
        return piece
    return Piece(piece.text[:_STEM], (first[:_STEM],), prefix=True)


def _piece(text: str, begun: bool) -> Piece | None:
    terms = tuple(term[2] for term in tokenizer.terms(text.encode(), for_index=False))
    if not terms:
        return None
    # One Latin letter begins a tenth of all words; one Han character means something.
    return Piece(text, terms, begun and (len(terms[-1]) > 1 or not terms[-1].isascii()))


def _filter(key: str, value: str) -> dict[str, object] | None:
    match key.lower():
        case "in" if value:
            return {"folder": value}
        case "model" if value:
            return {"model": value}
        case "role" if value.lower() in get_args(Role):
            return {"role": cast(Role, value.lower())}
        case "before" if (when := _day_ms(value)) is not None:
            return {"before_ms": when}
        case "after" if (when := _day_ms(value)) is not None:
            return {"after_ms": when}
        case _:
            return None


def _day_ms(value: str) -> int | None:
    """The start of a local day, month or year: 2026-11-21, 2026-11, 2026."""
    plain = unicodedata.normalize("NFKC", value)
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            return int(datetime.strptime(plain, form).astimezone().timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _phrase(piece: Piece) -> str:
    text = piece.text.replace('"', '""')
    return f'"{text}"' + (" *" if piece.prefix else "")
