"""What people type to name models of the hub: owner/repo, with a quantization, a URL, a search.

Pure functions on any thread.
"""

import re
from urllib.parse import unquote, urlsplit

import msgspec

from app.core.errors import InvalidRequest

_REPO = re.compile(r"([\w][\w.-]{0,95})/([\w][\w.-]{0,95})(?::([\w.-]{1,40}))?")
_AUTHOR = re.compile(r"(?:^|\s)@([\w][\w.-]{0,95})(?=\s|$)")
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")


class Reference(msgspec.Struct, frozen=True):
    repository: str
    quantization: str = ""
    file: str = ""
    revision: str = "main"


class Words(msgspec.Struct, frozen=True):
    text: str = ""
    author: str = ""


def read_reference(text: str) -> Reference | None:
    """A repository, if that is what the text names."""
    text = text.strip()
    if "://" in text or text.casefold().startswith(tuple(f"{host}/" for host in _HOSTS)):
        return _from_url(text if "://" in text else f"https://{text}")
    match = _REPO.fullmatch(text)
    return Reference(f"{match[1]}/{match[2]}", match[3] or "") if match else None


def _from_url(text: str) -> Reference | None:
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    if url.hostname not in _HOSTS:
        return None
    owner, _, rest = unquote(url.path).strip("/").partition("/")
    name, _, rest = rest.partition("/")
    match = _REPO.fullmatch(f"{owner}/{name}")
    if match is None:
        return None
    kind, _, rest = rest.partition("/")
    revision, _, file = rest.partition("/")
    if kind not in ("blob", "resolve", "tree"):
        revision = file = ""
    if kind == "tree":
        file = ""
    return Reference(f"{match[1]}/{match[2]}", match[3] or "", file, revision or "main")


def read_words(text: str) -> Words:
    """A search; `@author` may stand anywhere in it."""
    authors = _AUTHOR.findall(text)
    if len(set(authors)) > 1:
        raise InvalidRequest("A search can name one @author only.")
    rest = " ".join(_AUTHOR.sub(" ", text).split())
    return Words(rest, authors[0] if authors else "")
