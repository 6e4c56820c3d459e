"""One search at the hub, page by page, that can be given up at any moment.

A page blocks on the network and belongs on a worker thread; `cancel` may come from any other.
Always true: a search that was cancelled ends in Stopped, at once even while the hub is silent.
The request is our own: the library's waits without a limit, and retries for half a minute when
there is no network.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Literal

import httpx2
import msgspec
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import hf_raise_for_status

from app.core.errors import HubError
from app.hub.answers import any_shape, whole
from app.hub.control import Control
from app.hub.plain_errors import plain_errors
from app.hub.references import read_reference, read_words
from app.hub.safe_path import is_safe

Sort = Literal["trending_score", "downloads", "likes", "last_modified"]

PAGE_SIZE = 20
TIMEOUT_S = 15.0
_CONNECT_S = 6.0
_FILTERED_SIZE = 100  # what is filtered here is asked for in larger pages
_MOST_ASKED = 10  # requests for one page of results that hardly anything passes
_SORTS: dict[Sort, str] = {
    "trending_score": "trendingScore",
    "downloads": "downloads",
    "likes": "likes",
    "last_modified": "lastModified",
}
PROPERTIES = ["author", "downloads", "gated", "gguf", "lastModified", "likes", "tags"]


class Query(msgspec.Struct, frozen=True):
    """`text`: words, an @author anywhere in it, owner/repo, or an address of the hub.

    The filters are as people type them; an empty one lets everything through.
    """

    text: str = ""
    sort: Sort = "trending_score"
    licence: str = ""  # such as apache-2.0
    architecture: str = ""  # such as qwen3
    most_parameters: int = 0  # what a machine could hold; see `choosing.most_parameters`


class Listing(msgspec.Struct, frozen=True):
    repository: str
    downloads: int = 0
    likes: int = 0
    updated: str = ""
    gated: bool = False
    licence: str = ""
    architecture: str = ""
    parameters: int = 0
    trained_ctx: int = 0


# Asks for one repository; None when the hub has none of that name.
Lookup = Callable[[str], Listing | None]


class Search:
    """Its results; an empty page is the end."""

    def __init__(self, pages: Callable[[Control], Iterator[list[Listing]]]) -> None:
        self._control = Control()
        self._pages = pages(self._control)
        self.finished = False

    def cancel(self) -> None:
        self._control.stop()

    def page(self) -> list[Listing]:
        """The next results; none when it is finished."""
        self._control.check()
        try:
            with plain_errors():
                page = next(self._pages, None)
        except HubError:
            self._control.check()  # hung up by `cancel`
            raise
        self._control.check()
        self.finished = page is None
        return page or []


def pages(
    endpoint: str, headers: dict[str, str], query: Query, lookup: Lookup, control: Control
) -> Iterator[list[Listing]]:
    """Never an empty one before the end."""
    reference = read_reference(query.text)
    named = lookup(reference.repository) if reference else None
    if named:
        yield [named]
        if "://" in query.text or (reference and reference.quantization):
            return  # an address means the one
    wanted = msgspec.structs.replace(query, text=reference.repository) if reference else query
    for found in _asked(endpoint, headers, wanted, control):
        if rest := [one for one in found if named is None or one.repository != named.repository]:
            yield rest


def _asked(
    endpoint: str, headers: dict[str, str], query: Query, control: Control
) -> Iterator[list[Listing]]:
    url: str | None = str(httpx2.URL(f"{endpoint}/api/models", params=_params(query)))
    asked = 0
    with ExitStack() as held, httpx2.Client() as client:

        def trace(event: str, info: dict[str, Any]) -> None:
            # From the moment there is a connection, `cancel` can hang it up.
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
                socket = info["return_value"].get_extra_info("socket")
                held.enter_context(control.reading(socket))

        # The next page's address comes from the network, and the token goes with it.
        while url and url.startswith(f"{endpoint}/") and asked < _MOST_ASKED:
            control.check()
            with client.stream(
                "GET",
                url,
                headers=headers,
                timeout=httpx2.Timeout(TIMEOUT_S, connect=_CONNECT_S),
                extensions={"trace": trace},
            ) as streamed:
                response = whole(streamed)
            with any_shape():
                hf_raise_for_status(response)
                found = [listing(ModelInfo(**entry)) for entry in _entries(response)]
            asked += 1
            if passed := [one for one in found if _passes(one, query)]:
                asked = 0
                yield passed
            url = response.links.get("next", {}).get("url")


def _params(query: Query) -> dict[str, Any]:
    words = read_words(query.text)
    licence = query.licence.strip().casefold()  # the hub's tags are in small letters
    filters = ["gguf", *([f"license:{licence}"] if licence else [])]
    wish = {"search": words.text, "author": words.author, "sort": _SORTS[query.sort]}
    params: dict[str, Any] = {name: value for name, value in wish.items() if value}
    filtered = query.architecture.strip() or query.most_parameters
    size = _FILTERED_SIZE if filtered else PAGE_SIZE
    return params | {"filter": filters, "limit": size, "expand": PROPERTIES}


def _passes(one: Listing, query: Query) -> bool:
    """What the hub cannot filter by: it knows these of the files, not of its tags."""
    architecture = query.architecture.strip().casefold()
    return (not architecture or one.architecture.casefold() == architecture) and (
        not query.most_parameters or one.parameters <= query.most_parameters
    )


def listing(info: ModelInfo) -> Listing:
    tags = info.tags or []
    licence = next((tag.partition(":")[2] for tag in tags if tag.startswith("license:")), "")
    facts: dict[str, Any] = getattr(info, "gguf", None) or {}
    return Listing(
        repository=info.id,
        downloads=_count(info.downloads),
        likes=_count(info.likes),
        updated=info.last_modified.date().isoformat() if info.last_modified else "",
        gated=bool(info.gated),
        licence=_word(licence),
        architecture=_word(facts.get("architecture", "")),
        parameters=_count(facts.get("total")),
        trained_ctx=_count(facts.get("context_length")),
    )


def _count(value: Any) -> int:
    return max(0, int(value or 0))


def _word(value: Any) -> str:
    """As it can be printed on a terminal."""
    return "".join(sign for sign in str(value)[:80] if sign.isprintable())


def _entries(response: httpx2.Response) -> list[dict[str, Any]]:
    """Those whose name could be downloaded, and shown."""
    entries = msgspec.json.decode(response.content, type=list[dict[str, Any]])
    return [
        {"siblings": None} | entry
        for entry in entries
        if isinstance(entry.get("id"), str) and is_safe(entry["id"])
    ]
