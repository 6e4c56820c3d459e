"""The Hugging Face hub as a catalog: search, what a repository offers, its README and headers.

Every call blocks on the network and belongs on a worker thread. Always true: a failure is a
HubError of one sentence, and the token (the hub library's own login) is neither kept nor logged.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard
from urllib.parse import quote

import httpx2
import msgspec
from huggingface_hub import get_token, hf_hub_url, is_offline_mode
from huggingface_hub.constants import ENDPOINT
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import hf_raise_for_status, validate_repo_id

from app.core import gguf
from app.core.downloads import RemoteFile
from app.core.errors import HubError, InvalidRequest
from app.core.model_facts import ModelFacts, describe, spread
from app.hub.answers import any_shape, read_up_to, whole
from app.hub.control import Control
from app.hub.names import preference, read_name
from app.hub.plain_errors import offline, plain_errors
from app.hub.references import Reference
from app.hub.safe_path import is_safe
from app.hub.searching import PROPERTIES, TIMEOUT_S, Listing, Query, Search, Sort, listing, pages
from app.hub.variants import Variant

__all__ = ["Catalog", "Listing", "Offer", "Query", "Search", "Sort", "Variant"]

HEADER_BYTES = 384 << 10
README_BYTES = 512 << 10
_MOST_BYTES = 1 << 50
_SHA256, _SHA1 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")
_FRONT_MATTER = re.compile(r"\A---\r?\n.*?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


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


class Catalog:
    def __init__(
        self,
        client: httpx2.Client,
        endpoint: str = "",
        find_token: Callable[[], str | None] = get_token,
    ) -> None:
        self._client = client
        self._endpoint = endpoint or ENDPOINT
        self._find_token = find_token

    @property
    def token(self) -> str:
        return self._find_token() or ""

    def search(self, query: Query) -> Search:
        """Returns at once; its pages block."""

        def found(control: Control) -> Iterator[list[Listing]]:
            _refuse_offline()
            headers = self._authorization()
            yield from pages(self._endpoint, headers, query, self._lookup, control)

        return Search(found)

    def _lookup(self, repository: str) -> Listing | None:
        try:
            info = self._about(Reference(repository), {"expand": PROPERTIES})
        except (RepositoryNotFoundError, HFValidationError):
            return None
        with any_shape():
            return listing(info)

    def _about(self, reference: Reference, wish: dict[str, Any]) -> ModelInfo:
        """The library's own call for this reads answers of any length."""
        validate_repo_id(reference.repository)
        url = f"{self._endpoint}/api/models/{reference.repository}"
        if reference.revision != "main":
            url += f"/revision/{quote(reference.revision, safe='')}"
        with self._get(str(httpx2.URL(url, params=wish)), {}) as streamed:
            response = whole(streamed)
        with any_shape():
            hf_raise_for_status(response)
            return ModelInfo(**msgspec.json.decode(response.content, type=dict[str, Any]))

    def offer(self, reference: Reference) -> Offer:
        with plain_errors(reference.repository):
            info = self._about(reference, {"blobs": True})
            with any_shape():
                return self._offer(info, reference)

    def readme(self, reference: Reference) -> str:
        """Markdown, cut at a bound; empty when there is none."""
        url = self._url(reference, "README.md")
        with plain_errors(reference.repository), self._get(url, {}) as response:
            if response.status_code == 404:
                return ""
            response.raise_for_status()
            text = read_up_to(response, README_BYTES).decode("utf-8", "replace")
        return _FRONT_MATTER.sub("", text, count=1).lstrip()

    def facts(self, variant: Variant) -> ModelFacts:
        """From the first kilobytes of the file; weights are spread evenly over the layers."""
        first = variant.files[0][1]

        def read(offset: int, length: int) -> bytes:
            headers = {"Range": f"bytes={offset}-{offset + length - 1}"}
            with self._get(first.url, headers) as response:
                response.raise_for_status()
                if offset and response.status_code != 206:
                    raise HubError("The hub does not serve parts of files.")
                return read_up_to(response, length)

        with plain_errors():
            header = gguf.read_header(read, first.size, HEADER_BYTES)
        return spread(describe(header), variant.size)

    def _url(self, reference: Reference, path: str) -> str:
        return hf_hub_url(
            reference.repository,
            path,
            revision=reference.revision,
            endpoint=self._endpoint,
        )

    def _get(self, url: str, headers: dict[str, str]) -> Any:
        # The client drops the token itself when a redirect leads to another host.
        _refuse_offline()
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
            size = sibling.size
            if not path.lower().endswith(".gguf") or not is_safe(path) or not _is_size(size):
                continue
            name = read_name(path.rpartition("/")[2])
            # A checksum becomes part of a file's name: one that is none is left out, and a
            # file without any is not downloaded.
            sha256 = sibling.lfs.sha256 if sibling.lfs else ""
            git_sha1 = "" if sibling.lfs else sibling.blob_id or ""
            file = RemoteFile(
                self._url(pinned, path),
                size,
                sha256=sha256 if _SHA256.fullmatch(sha256) else "",
                git_sha1=git_sha1 if _SHA1.fullmatch(git_sha1) else "",
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
        found = listing(info)
        return Offer(
            reference.repository,
            found.gated,
            found.licence,
            tuple(variant for key, variant in ordered if not key[0]),
            tuple(variant for key, variant in ordered if key[0]),
        )


def _refuse_offline() -> None:
    if is_offline_mode():
        raise offline()


def _is_size(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= _MOST_BYTES
