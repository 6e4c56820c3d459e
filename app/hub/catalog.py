"""The Hugging Face hub as a catalog: search, what a repository offers, its README and headers.

Every call blocks on the network and belongs on a worker thread. Always true: a failure is a
HubError of one sentence, and the token (the hub library's own login) is neither kept nor logged.
The search request is our own: the library's waits without a limit, and retries for half a minute
when there is no network.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx2
import msgspec
from huggingface_hub import HfApi, get_token, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import hf_raise_for_status

from app.core import gguf
from app.core.downloads import RemoteFile
from app.core.errors import HubError, InvalidRequest
from app.core.model_facts import ModelFacts, describe, spread
from app.hub.control import Stopped
from app.hub.names import preference, read_name
from app.hub.references import Reference, read_words
from app.hub.safe_path import is_safe
from app.hub.variants import Variant

Sort = Literal["trending_score", "downloads", "likes", "last_modified"]

PAGE_SIZE = 20
TIMEOUT_S = 15.0
HEADER_BYTES = 384 << 10
README_BYTES = 512 << 10
_SORTS: dict[Sort, str] = {
    "trending_score": "trendingScore",
    "downloads": "downloads",
    "likes": "likes",
    "last_modified": "lastModified",
}
_PROPERTIES = ["author", "downloads", "gated", "gguf", "lastModified", "likes", "tags"]
_OFFLINE = "The hub cannot be reached. Check the network; local models work without it."


class Query(msgspec.Struct, frozen=True):
    text: str = ""
    sort: Sort = "trending_score"
    licence: str = ""
    architecture: str = ""
    most_parameters: int = 0  # 0: any


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


class Offer(msgspec.Struct, frozen=True):
    repository: str
    gated: bool
    licence: str
    variants: tuple[Variant, ...]
    projectors: tuple[Variant, ...] = ()

    def having(self, file: str) -> Variant:
        """The one that a file of the repository is, or is a part of."""
        for variant in self.variants:
            if file in (path for path, _ in variant.files):
                return variant
        raise InvalidRequest(f"{self.repository} has no model in {file}.")

    def choose(self, quantization: str = "") -> Variant:
        if not self.variants:
            raise HubError(f"{self.repository} has no GGUF model to download.")
        by_name = {variant.quantization: variant for variant in reversed(self.variants)}
        if quantization:
            if chosen := by_name.get(quantization.upper()):
                return chosen
            names = ", ".join(sorted(name for name in by_name if name))
            raise InvalidRequest(f"{self.repository} has no {quantization}; it has {names}.")
        return min(self.variants, key=lambda variant: preference(variant.quantization))


class Search:
    """One search's results, page by page; `cancel` makes a stale one end quietly."""

    def __init__(self, pages: Iterator[list[Listing]]) -> None:
        self._pages = pages
        self._cancelled = False
        self.finished = False

    def cancel(self) -> None:
        self._cancelled = True

    def page(self) -> list[Listing]:
        """The next results; none when it is finished."""
        if self._cancelled:
            raise Stopped
        with _plain_errors():
            page = next(self._pages, None)
        if self._cancelled:
            raise Stopped
        self.finished = page is None
        return page or []


class Catalog:
    def __init__(
        self,
        client: httpx2.Client,
        endpoint: str = "",
        find_token: Callable[[], str | None] = get_token,
    ) -> None:
        self._client = client
        self._api = HfApi(endpoint=endpoint or None, library_name="llama-chat")
        self._find_token = find_token

    @property
    def token(self) -> str:
        return self._find_token() or ""

    def search(self, query: Query) -> Search:
        return Search(self._search_pages(query))

    def _search_pages(self, query: Query) -> Iterator[list[Listing]]:
        words = read_words(query.text)
        filters = ["gguf"]
        filters += [f"license:{query.licence}"] if query.licence else []
        filters += [query.architecture] if query.architecture else []
        wish = {"search": words.text, "author": words.author, "sort": _SORTS[query.sort]}
        params: dict[str, Any] = {name: value for name, value in wish.items() if value}
        params |= {"filter": filters, "limit": PAGE_SIZE, "expand": _PROPERTIES}
        url: str | None = str(httpx2.URL(f"{self._api.endpoint}/api/models", params=params))
        # The next page's address comes from the network, and the token goes with it.
        while url and url.startswith(f"{self._api.endpoint}/"):
            response = self._client.get(url, headers=self._authorization(), timeout=TIMEOUT_S)
            hf_raise_for_status(response)
            found = [_listing(ModelInfo(**entry)) for entry in _entries(response)]
            most = query.most_parameters
            yield [listing for listing in found if not most or listing.parameters <= most]
            url = response.links.get("next", {}).get("url")

    def offer(self, reference: Reference) -> Offer:
        with _plain_errors(reference.repository):
            info = self._api.model_info(
                reference.repository,
                revision=None if reference.revision == "main" else reference.revision,
                files_metadata=True,
                timeout=TIMEOUT_S,
                token=self.token or False,
            )
            return self._offer(info, reference)

    def readme(self, reference: Reference) -> str:
        """Markdown, cut at a bound; empty when there is none."""
        url = self._url(reference, "README.md")
        with _plain_errors(reference.repository), self._get(url, {}) as response:
            if response.status_code == 404:
                return ""
            response.raise_for_status()
            return _read(response, README_BYTES).decode("utf-8", "replace")

    def facts(self, variant: Variant) -> ModelFacts:
        """From the first kilobytes of the file; weights are spread evenly over the layers."""
        first = variant.files[0][1]

        def read(offset: int, length: int) -> bytes:
            headers = {"Range": f"bytes={offset}-{offset + length - 1}"}
            with self._get(first.url, headers) as response:
                response.raise_for_status()
                if offset and response.status_code != 206:
                    raise HubError("The hub does not serve parts of files.")
                return _read(response, length)

        with _plain_errors():
            header = gguf.read_header(read, first.size, HEADER_BYTES)
        return spread(describe(header), variant.size)

    def _url(self, reference: Reference, path: str) -> str:
        return hf_hub_url(
            reference.repository,
            path,
            revision=reference.revision,
            endpoint=self._api.endpoint,
        )

    def _get(self, url: str, headers: dict[str, str]) -> Any:
        # The client drops the token itself when a redirect leads to another host.
        headers = headers | self._authorization()
        return self._client.stream(
            "GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S
        )

    def _authorization(self) -> dict[str, str]:
        token = self.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _offer(self, info: ModelInfo, reference: Reference) -> Offer:
        pinned = msgspec.structs.replace(reference, revision=info.sha or reference.revision)
        groups: dict[tuple[bool, str, str], list[tuple[int, str, RemoteFile]]] = {}
        for sibling in info.siblings or ():
            path = sibling.rfilename
            if not path.lower().endswith(".gguf") or not is_safe(path) or sibling.size is None:
                continue
            name = read_name(path.rpartition("/")[2])
            file = RemoteFile(
                self._url(pinned, path),
                sibling.size,
                sha256=sibling.lfs.sha256 if sibling.lfs else "",
                git_sha1="" if sibling.lfs else sibling.blob_id or "",
            )
            key = (name.projector, name.title, name.quantization)
            groups.setdefault(key, []).append((name.shard, path, file))
        variants = {
            key: Variant(key[1], key[2], tuple((path, file) for _, path, file in sorted(
                parts, key=lambda part: part[:2]
            )))
            for key, parts in groups.items()
        }  # fmt: skip
        ordered = sorted(variants.items(), key=lambda item: item[1].size)
        listing = _listing(info)
        return Offer(
            reference.repository,
            listing.gated,
            listing.licence,
            tuple(variant for key, variant in ordered if not key[0]),
            tuple(variant for key, variant in ordered if key[0]),
        )


def _listing(info: ModelInfo) -> Listing:
    tags = info.tags or []
    licence = next((tag.partition(":")[2] for tag in tags if tag.startswith("license:")), "")
    facts: dict[str, Any] = getattr(info, "gguf", None) or {}
    return Listing(
        repository=info.id,
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        updated=info.last_modified.date().isoformat() if info.last_modified else "",
        gated=bool(info.gated),
        licence=licence,
        architecture=str(facts.get("architecture", "")),
        parameters=int(facts.get("total") or 0),
        trained_ctx=int(facts.get("context_length") or 0),
    )


def _entries(response: httpx2.Response) -> list[dict[str, Any]]:
    try:
        entries = msgspec.json.decode(response.content, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise HubError("The hub answered with something else than a list of models.") from error
    return [{"siblings": None} | entry for entry in entries if isinstance(entry.get("id"), str)]


def _read(response: httpx2.Response, limit: int) -> bytes:
    """Up to `limit` bytes, whatever the server goes on to send."""
    data = b""
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) >= limit:
            break
    return data[:limit]


@contextmanager
def _plain_errors(repository: str = "This model") -> Generator[None]:
    try:
        yield
    except GatedRepoError as error:
        raise HubError(
            f"{repository} asks for permission: accept its terms on its page at the hub and "
            "enter an access token in Settings."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise HubError(
            f"The hub has no {repository}, or it is private and needs an access token."
        ) from error
    except HFValidationError as error:
        raise InvalidRequest("That is not the name of a model at the hub.") from error
    except (HfHubHTTPError, httpx2.HTTPStatusError) as error:
        raise HubError(_status_sentence(error.response.status_code)) from error
    except (httpx2.TransportError, OfflineModeIsEnabled) as error:
        raise HubError(_OFFLINE) from error


def _status_sentence(status: int) -> str:
    if status == 429:
        return "The hub asks to slow down. Try again in a few minutes."
    if status in (401, 403):
        return "The hub refuses this: check the access token in Settings."
    return f"The hub has trouble right now ({status}). Try again later."
