"""What the models page asks of the rooms below: on threads of its own, answered by futures.

Verbs may be called on the main thread and return at once. Always true: `close` returns soon,
whatever the network does; what was asked and not yet answered is dropped.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import msgspec

from app.core.downloads import DownloadId, DownloadState
from app.core.errors import KnownError
from app.core.fit import Fit
from app.core.fit import Settings as FitSettings
from app.core.model_facts import ModelFacts
from app.core.protocol import Device
from app.hub import trash
from app.hub.catalog import Listing, Offer, Query, Search
from app.hub.choosing import Judged, Recommendation, judge, most_parameters, recommend
from app.hub.importing import How, Imported, import_models
from app.hub.library import Library
from app.hub.models import Broken, Model
from app.hub.references import Reference
from app.hub.suggestions import Suggestion, suggest
from app.hub.variants import Variant
from app.ui.models.readme import readable

P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Catalog(Protocol):
    """The hub, as far as the page needs it; every call blocks."""

    def search(self, query: Query) -> Search: ...

    def offer(self, reference: Reference) -> Offer: ...

    def readme(self, reference: Reference) -> str: ...

    def facts(self, variant: Variant) -> ModelFacts: ...


class Downloads(Protocol):
    """Verbs that return at once; what comes of them arrives as events."""

    def start(
        self, repository: str, variant: Variant, projector: Variant | None = None
    ) -> DownloadId: ...

    def pause(self, download_id: DownloadId) -> None: ...

    def resume(self, download_id: DownloadId) -> None: ...

    def retry(self, download_id: DownloadId) -> None: ...

    def cancel(self, download_id: DownloadId) -> None: ...

    def list(self) -> Sequence[DownloadState]: ...


class Machine(Protocol):
    """Where models can live, and how the settings would have them loaded."""

    def devices(self) -> tuple[Device, ...]: ...

    def fit_settings(self, trained_ctx: int) -> FitSettings: ...

    def fit(self, model: Model) -> Fit:
        """Of one that is here, which may have settings of its own."""
        ...

    def models_folder(self) -> Path: ...


class Judgement(msgspec.Struct, frozen=True):
    """Every quantization of an offer, and the one for this machine."""

    judged: tuple[Judged, ...]
    recommendation: Recommendation


class Shelf:
    def __init__(
        self,
        catalog: Catalog,
        downloads: Downloads,
        machine: Machine,
        look_now: Callable[[], None],
    ) -> None:
        self.look_now = look_now
        self._catalog = catalog
        self._downloads = downloads
        self._machine = machine
        self._closed = False
        self._lane = ThreadPoolExecutor(4, "shelf")

    def close(self) -> None:
        self._closed = True
        self._lane.shutdown(wait=True, cancel_futures=True)

    def _submit(self, job: Callable[P, T], *args: P.args, **named: P.kwargs) -> "Future[T]":
        """Asked while everything closes, it is cancelled: nobody waits any more."""
        if self._closed:
            dropped: Future[T] = Future()
            dropped.cancel()
            return dropped
        return self._lane.submit(job, *args, **named)

    # -- the hub

    def search(self, query: Query) -> Search:
        """Nothing is asked before its first page is."""
        return self._catalog.search(query)

    def most_parameters(self) -> int:
        """Of a model that could fit this machine at all."""
        return most_parameters(self._machine.devices())

    def page(self, search: Search) -> "Future[list[Listing]]":
        return self._submit(search.page)

    def offer(self, reference: Reference) -> "Future[Offer]":
        return self._submit(self._catalog.offer, reference)

    def readme(self, reference: Reference) -> "Future[str]":
        """As text for our renderer."""
        return self._submit(lambda: readable(self._catalog.readme(reference)))

    def judge(self, offer: Offer) -> "Future[Judgement]":
        """From the header of one of them, a few hundred kilobytes of it."""
        return self._submit(self._judge, offer)

    def _judge(self, offer: Offer) -> Judgement:
        facts = self._catalog.facts(offer.variants[0])
        settings = self._machine.fit_settings(facts.trained_ctx)
        judged = judge(offer, facts, settings, self._machine.devices())
        return Judgement(judged, recommend(judged, facts.parameters))

    def suggestions(self) -> "Future[list[Suggestion]]":
        def for_this_machine() -> list[Suggestion]:
            memory = max((device.total_bytes for device in self._machine.devices()), default=0)
            return suggest(memory)

        return self._submit(for_this_machine)

    # -- downloads; what comes of them arrives as events

    def start(
        self, repository: str, variant: Variant, projector: Variant | None = None
    ) -> "Future[DownloadId]":
        return self._submit(self._downloads.start, repository, variant, projector)

    def fetch(self, suggestion: Suggestion) -> "Future[DownloadId]":
        def choose_and_start() -> DownloadId:
            offer = self._catalog.offer(Reference(suggestion.repository))
            variant = offer.choose(suggestion.quantization)
            return self._downloads.start(suggestion.repository, variant)

        return self._submit(choose_and_start)

    def pause(self, download_id: DownloadId) -> None:
        self._downloads.pause(download_id)

    def resume(self, download_id: DownloadId) -> None:
        self._downloads.resume(download_id)

    def retry(self, download_id: DownloadId) -> None:
        self._downloads.retry(download_id)

    def cancel(self, download_id: DownloadId) -> None:
        self._downloads.cancel(download_id)

    def on_the_way(self) -> Sequence[DownloadState]:
        return self._downloads.list()

    # -- what is here

    def fits(self, models: Sequence[Model]) -> "Future[dict[Path, Fit]]":
        def all_of_them() -> dict[Path, Fit]:
            return {model.path: self._machine.fit(model) for model in models if model.facts.layers}

        return self._submit(all_of_them)

    def remove(self, model: Model | Broken, library: Library) -> "Future[trash.Removal]":
        folder = self._machine.models_folder()
        return self._after(lambda: trash.remove(model, library, folder))

    def restore(self, removal: trash.Removal) -> "Future[None]":
        folder = self._machine.models_folder()
        return self._after(lambda: trash.restore(removal, folder))

    def bring_in(self, paths: Sequence[Path], how: How) -> "Future[list[Imported]]":
        folder = self._machine.models_folder()
        return self._after(lambda: import_models(paths, folder, how))

    def _after(self, job: Callable[[], T]) -> "Future[T]":
        def run() -> T:
            try:
                return job()
            except KnownError as error:
                _log.info("%s", error.message)
                raise
            finally:
                self.look_now()

        return self._submit(run)
