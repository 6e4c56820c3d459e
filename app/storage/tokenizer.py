"""How text becomes search terms, for the index and for queries alike.

Pure functions on whatever thread SQLite calls them from. Words follow Unicode's letters and
marks, folded in case, width and accents. Scripts written without spaces become overlapping
pairs of characters, so any run of two or more is found as a phrase. A code identifier is one
term with its parts beside it at the same position, so a phrase never depends on the parts.
"""

import re
import unicodedata
from functools import lru_cache

# Raised whenever the terms made of the same text change: the index is then built anew.
# Python's Unicode tables are part of that.
VERSION = f"1/{unicodedata.unidata_version}"

_MAX_TERM_CHARS = 64
_FTS5_TOKENIZE_QUERY = 0x1

Term = tuple[int, int, str, *tuple[str, ...]]


def _marks() -> str:
    """Combining marks of the scripts people write today; `\\w` leaves them out."""
    blocks = ((0x300, 0x1D00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0x302A, 0x309B))
    blocks += ((0xA600, 0xAC00), (0xFE20, 0xFE30))
    found = (chr(c) for low, high in blocks for c in range(low, high))
    return "".join(c for c in found if unicodedata.category(c).startswith("M"))


_MARKS = _marks()
# Han, kana, bopomofo, Hangul, Thai to Lao, Myanmar, Khmer, Tai: no spaces between words, or
# (Korean) endings grown onto them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aad"
    "\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7af\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
_SYMBOLS = "\u2600-\u27bf\U0001f000-\U0001faff"
# A plain word needs no parts; `+` and `#` after it may make it C++ or C#.
_PLAIN = r"(?P<plain>(?:[a-z]+|[A-Z][a-z]*|[A-Z]+)(?![\w+#{marks}]))"
_LANGUAGE = r"(?P<language>\b[A-Za-z](?:\+\+|\#(?!\w)))"
_ASCII_TERM = re.compile(rf"{_PLAIN.format(marks='')}|{_LANGUAGE}|(?P<word>\w+)", re.ASCII)
_TERM = re.compile(
    rf"{_PLAIN.format(marks=_MARKS)}|{_LANGUAGE}"
    rf"|(?P<unspaced>(?:(?=[\w{_MARKS}])[{_UNSPACED}])+)"
    rf"|(?P<word>(?:(?![{_UNSPACED}])[\w{_MARKS}])+)"
    rf"|(?P<symbol>[{_SYMBOLS}])"
)
_HAS_PARTS = re.compile(r"[_\d+#]|[a-z][A-Z]|[A-Z]{2}[a-z]")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\da-zA-Z_]+")
# A character with what cannot stand without it: marks, half-width voicing, Hangul's inner jamo.
_CLUSTER = re.compile(rf".[{_MARKS}\uff9e\uff9f\u1160-\u11ff]*", re.DOTALL)
# Accents of Latin, Greek and Cyrillic; the points of Hebrew; the vowel signs and hamzas of Arabic.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
_UNDECOMPOSED = str.maketrans("đøłħıŧ", "dolhit")


def terms(utf8: bytes, *, for_index: bool) -> list[Term]:
    """Each term as (first byte, past the last byte, term, terms at the same position…)."""
    text = utf8.decode("utf-8", "replace")
    return _ascii_terms(text, for_index) if text.isascii() else _unicode_terms(text, for_index)


def _ascii_terms(text: str, for_index: bool) -> list[Term]:
    lower = text.lower()
    found: list[Term] = []
    for match in _ASCII_TERM.finditer(text):
        start, end = match.span()
        if match.lastgroup == "plain" and end - start <= _MAX_TERM_CHARS:
            found.append((start, end, lower[start:end]))
        else:
            found.append((start, end, *_word(match[0], for_index)))
    return found


def _unicode_terms(text: str, for_index: bool) -> list[Term]:
    found: list[Term] = []
    chars = first = 0
    for match in _TERM.finditer(text):
        start, end = match.span()
        run, kind = match[0], match.lastgroup
        first += _size(text[chars:start])
        size = _size(run)
        if kind == "unspaced":
            found += _pairs(run, first, for_index)
        elif kind == "symbol":
            found.append((first, first + size, run))
        else:
            found.append((first, first + size, *_word(run, for_index)))
        chars, first = end, first + size
    return found


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def is_query(reason: int) -> bool:
    return bool(reason & _FTS5_TOKENIZE_QUERY)


def fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _fold_unicode(text)


@lru_cache(maxsize=20_000)
def _fold_unicode(text: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFC", plain.translate(_UNDECOMPOSED))


def _word(word: str, for_index: bool) -> tuple[str, *tuple[str, ...]]:
    word = word[:_MAX_TERM_CHARS]
    whole = fold(word) or word
    if not for_index or not _HAS_PARTS.search(word):
        return (whole,)
    return (whole, *sorted({fold(part) for part in _PARTS.findall(word)} - {whole, ""}))


def _pairs(run: str, first: int, for_index: bool) -> list[Term]:
    """Overlapping pairs; in the index the last character also stands alone.

    Then a search for one character, as a prefix, finds it wherever it stands.
    """
    clusters = _CLUSTER.findall(run)
    if len(clusters) == 1:
        return [(first, first + _size(run), fold(run))]
    found: list[Term] = []
    sizes = [_size(cluster) for cluster in clusters]
    last = len(clusters) - 2
    for i in range(last + 1):
        pair = fold(clusters[i] + clusters[i + 1])
        alone = (fold(clusters[-1]),) if for_index and i == last else ()
        found.append((first, first + sizes[i] + sizes[i + 1], pair, *alone))
        first += sizes[i]
    return found
