"""A model's README as text our renderer shows well: without its header and without HTML. Pure.

Tags become nothing and pictures their description, except inside code, which stays as it is.
"""

import re

_MOST = 200_000  # characters; what is longer is a log, not a README
# Every repetition is bounded: the text is a stranger's.
_FRONT = re.compile(r"\A\s{0,100}---\s*\n.{0,50000}?\n---\s*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(
    r"(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)[ \t]*$|\Z)|`[^`\n]{1,500}`)", re.M | re.S
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN = re.compile(r"<(style|script)\b.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(
    r"<a\b[^<>]{0,300}?href=[\"']([^\"'>\s]{1,500})[\"'][^<>]{0,300}>(.{0,1000}?)</a>",
    re.DOTALL | re.IGNORECASE,
)
_BREAK = re.compile(r"<(?:br|/p|/div|/h\d|/li|/tr)\b[^<>]{0,100}>", re.IGNORECASE)
_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,300}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_PICTURE = re.compile(r"!\[([^\]\[]{0,300})\]\([^)\s]{0,1000}[^)]{0,100}\)")
_EMPTY_LINK = re.compile(r"\[\s{0,20}\]\([^)]{0,500}\)")
_GAPS = re.compile(r"\n{3,}")


def readable(text: str) -> str:
    text = _FRONT.sub("", text[:_MOST].replace("\r\n", "\n"), count=1)
    parts = _FENCE.split(text)
    # Every second part is code.
    words = (part if number % 2 else _plain(part) for number, part in enumerate(parts))
    return _GAPS.sub("\n\n", "".join(words)).strip()


def _plain(text: str) -> str:
    text = _HIDDEN.sub("", _COMMENT.sub("", text))
    text = _LINK.sub(lambda link: _linked(link[1], link[2]), text)
    text = _HEADING.sub(lambda tag: "\n" + "#" * int(tag[1]) + " ", text)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    return _EMPTY_LINK.sub("", _PICTURE.sub(r"\1", text))


def _linked(url: str, inside: str) -> str:
    words = " ".join(_TAG.sub("", inside).split())
    return f"[{words}]({url})" if words and url.startswith(("http://", "https://")) else words
