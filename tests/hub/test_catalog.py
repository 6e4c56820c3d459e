"""The catalog against the stand-in: search, paging, offers, headers by ranges, refusals."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from app.core.errors import HubError, InvalidRequest
from app.hub.catalog import Catalog, Query
from app.hub.control import Stopped
from app.hub.references import Reference
from scripts.hub_stand_in import Content, Fault, StandIn


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> bytes:
    return tiny_model.read_bytes()


@pytest.fixture(scope="module")
def big(tiny: bytes) -> Content:
    """Hashed once for all tests."""
    return Content(tiny, 40 << 20)


@pytest.fixture
def catalog(hub: StandIn, client: httpx2.Client, tiny: bytes, big: Content) -> Catalog:
    hub.add(
        "maker/Gem-3-4b-it-GGUF",
        {
            "Gem-3-4b-it-Q4_K_M.gguf": tiny,
            "Gem-3-4b-it-Q8_0.gguf": big,
            "F16/Gem-3-4b-it-F16-00002-of-00002.gguf": b"two",
            "F16/Gem-3-4b-it-F16-00001-of-00002.gguf": b"one",
            "mmproj-Gem-3-4b-it-F16.gguf": b"eye",
            "../../evil-Q4_0.gguf": b"x",
            "README.md": b"# Gem\n\nA model.\n",
        },
        downloads=50,
        licence="gemma",
        architecture="gemma3",
    )
    for index in range(45):
        hub.add(f"other/llama-{index:02}-GGUF", {"m-Q4_0.gguf": b"x" * index}, downloads=index)
    return Catalog(client, hub.endpoint, find_token=lambda: None)


GEM = Reference("maker/Gem-3-4b-it-GGUF")


def test_search_by_words_and_author(catalog: Catalog) -> None:
    (listing,) = catalog.search(Query("gem 4b")).page()
    assert (listing.repository, listing.downloads, listing.licence) == (
        GEM.repository,
        50,
        "gemma",
    )
    assert (listing.architecture, listing.updated) == ("gemma3", "2026-02-01")
    assert len(catalog.search(Query("@other llama-1")).page()) == 10
    assert catalog.search(Query("@nobody")).page() == []
    by_licence = catalog.search(Query(licence="gemma")).page()
    assert [listing.repository for listing in by_licence] == [GEM.repository]


def test_paging_and_sorting(catalog: Catalog) -> None:
    search = catalog.search(Query("@other", sort="downloads"))
    pages = [search.page(), search.page(), search.page()]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert search.page() == []
    assert search.finished
    found = [listing.downloads for page in pages for listing in page]
    assert found == sorted(range(45), reverse=True)


def test_filters_are_taken_as_people_type_them(catalog: Catalog) -> None:
    for query in (
        Query(licence=" Gemma "),
        Query(architecture=" Gemma3 "),
        Query("@maker", licence="GEMMA", architecture="GEMMA3", most_parameters=10**12),
    ):
        assert [one.repository for one in catalog.search(query).page()] == [GEM.repository]
    assert catalog.search(Query("gem", licence="mit")).page() == []
    assert catalog.search(Query("gem", architecture="qwen3")).page() == []
    assert len(catalog.search(Query("gem", licence=" ", architecture=" ")).page()) == 1


def test_a_stale_search_ends(catalog: Catalog) -> None:
    search = catalog.search(Query("@other"))
    search.page()
    search.cancel()
    with pytest.raises(Stopped):
        search.page()


def test_only_models_that_can_fit_are_listed(catalog: Catalog) -> None:
    small = catalog.search(Query("@other", most_parameters=10)).page()
    assert len(small) == 11


def test_an_offer_groups_parts_and_leaves_unsafe_names_out(catalog: Catalog) -> None:
    offer = catalog.offer(GEM)
    assert [(v.title, v.quantization) for v in offer.variants] == [
        ("Gem 3 4b it", "F16"),
        ("Gem 3 4b it", "Q4_K_M"),
        ("Gem 3 4b it", "Q8_0"),
    ]
    assert [path for path, _ in offer.variants[0].files] == [
        "F16/Gem-3-4b-it-F16-00001-of-00002.gguf",
        "F16/Gem-3-4b-it-F16-00002-of-00002.gguf",
    ]
    assert offer.variants[0].size == 6
    assert [v.quantization for v in offer.projectors] == ["F16"]
    assert all(len(file.sha256) == 64 for v in offer.variants for _, file in v.files)


def test_a_quantization_is_chosen(catalog: Catalog) -> None:
    offer = catalog.offer(GEM)
    assert offer.choose().quantization == "Q4_K_M"
    assert offer.choose("q8_0").quantization == "Q8_0"
    with pytest.raises(InvalidRequest, match="it has F16, Q4_K_M, Q8_0"):
        offer.choose("Q2_K")


def test_a_header_takes_a_few_hundred_kilobytes(catalog: Catalog, hub: StandIn) -> None:
    facts = catalog.facts(catalog.offer(GEM).choose("Q8_0"))
    assert (facts.kind, facts.trained_ctx, len(facts.layers)) == ("chat", 32768, 2)
    assert facts.chat_template
    assert hub.sent() <= 512 << 10


def test_a_readme(catalog: Catalog) -> None:
    assert catalog.readme(GEM).startswith("# Gem")
    assert catalog.readme(Reference("other/llama-01-GGUF")) == ""


def test_refusals_in_one_sentence(catalog: Catalog, hub: StandIn, client: httpx2.Client) -> None:
    with pytest.raises(HubError, match=r"The hub has no a/b"):
        catalog.offer(Reference("a/b"))
    hub.hub_faults.append(Fault("429"))
    with pytest.raises(HubError, match="slow down"):
        catalog.search(Query()).page()
    hub.hub_faults.append(Fault("503"))
    with pytest.raises(HubError, match=r"trouble right now \(503\)"):
        catalog.offer(GEM)
    unreachable = Catalog(client, "http://127.0.0.1:9", find_token=lambda: None)
    with pytest.raises(HubError, match="cannot be reached"):
        unreachable.search(Query()).page()


def test_private_and_gated_models_need_the_token(
    catalog: Catalog, hub: StandIn, client: httpx2.Client, tmp_path: Path
) -> None:
    hub.add("me/secret", {"m-Q4_0.gguf": b"x"}, private=True)
    with pytest.raises(HubError, match="private"):
        catalog.offer(Reference("me/secret"))
    mine = Catalog(client, hub.endpoint, find_token=lambda: hub.token)
    assert mine.offer(Reference("me/secret")).choose().quantization == "Q4_0"
    files = [entry for entry in hub.log if entry.server == "files"]
    assert not any(entry.authorization for entry in files)


def test_a_repository_named_or_its_address_comes_first(catalog: Catalog, hub: StandIn) -> None:
    def found(text: str) -> list[str]:
        return [one.repository for one in catalog.search(Query(text)).page()]

    assert found(GEM.repository) == [GEM.repository]
    assert found(f"https://huggingface.co/{GEM.repository}/tree/main") == [GEM.repository]
    assert found(f"{GEM.repository}:Q8_0") == [GEM.repository]
    hub.add("maker/Gem-3-4b-it-GGUF-small", {"m-Q4_0.gguf": b"x"})
    search = catalog.search(Query(GEM.repository))
    pages = [search.page(), search.page()]
    assert [[one.repository for one in page] for page in pages] == [
        [GEM.repository],
        ["maker/Gem-3-4b-it-GGUF-small"],
    ]
    hub.add("private/thing-GGUF", {"m-Q4_0.gguf": b"x"}, private=True)
    assert found("private/thing-GGUF") == []
    assert found("nobody/other") == []


def test_a_private_repository_is_found_with_the_token(
    catalog: Catalog, hub: StandIn, client: httpx2.Client
) -> None:
    hub.add("private/thing-GGUF", {"m-Q4_0.gguf": b"x"}, private=True)
    mine = Catalog(client, hub.endpoint, find_token=lambda: hub.token)
    (one,) = mine.search(Query("private/thing-GGUF")).page()
    assert one.repository == "private/thing-GGUF"


def test_filters_never_show_an_empty_page_before_the_end(catalog: Catalog, hub: StandIn) -> None:
    hub.page_size = 5
    search = catalog.search(Query(architecture="gemma3", sort="likes"))
    assert [one.repository for one in search.page()] == [GEM.repository]
    assert search.page() == []
    assert search.finished
    few = catalog.search(Query("@other", most_parameters=2, sort="downloads"))
    assert len(few.page()) == 3  # of fifteen pages, the last ones


@pytest.mark.parametrize("silence", ["before", "after"])
def test_a_search_is_given_up_at_once_while_the_hub_is_silent(
    client: httpx2.Client, silence: str
) -> None:
    """Nothing is ever answered; and half of an answer."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                if silence == "after":
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[{}")
                asked.set()
                connection.recv(1)  # until it is hung up

        thread = threading.Thread(target=serve)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        search = Catalog(client, endpoint, find_token=lambda: None).search(Query("words"))
        canceller = threading.Thread(target=lambda: asked.wait(10) and search.cancel())
        canceller.start()
        started = time.monotonic()
        with pytest.raises(Stopped):
            search.page()
        took = time.monotonic() - started
        canceller.join()
        thread.join()
    assert took < 5, "the hub's silence was waited for"


def test_states_for_those_who_show_them(
    catalog: Catalog, hub: StandIn, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(ask: Callable[[], object]) -> object:
        with pytest.raises(HubError) as raised:
            ask()
        return raised.value.details["state"], raised.value.details["retry_s"]

    hub.hub_faults.append(Fault("429", retry_after="40"))
    assert state(catalog.search(Query()).page) == ("rate_limited", 40.0)
    hub.hub_faults.append(Fault("503"))
    assert state(catalog.search(Query()).page) == ("trouble", 0.0)
    assert state(lambda: catalog.offer(Reference("a/b"))) == ("missing", 0.0)
    hub.repositories[GEM.repository].gated = True
    assert state(lambda: catalog.facts(catalog.offer(GEM).choose())) == ("gated", 0.0)
    unreachable = Catalog(client, "http://127.0.0.1:9", find_token=lambda: None)
    assert state(unreachable.search(Query()).page) == ("offline", 0.0)
    monkeypatch.setattr("app.hub.catalog.is_offline_mode", lambda: True)
    asked = len(hub.log)
    assert state(catalog.search(Query()).page) == ("offline", 0.0)
    assert len(hub.log) == asked


def test_a_readme_without_its_front_matter(catalog: Catalog, hub: StandIn) -> None:
    text = b"---\nlicense: mit\ntags:\n- gguf\n---\n# Title\n\n---\nrest\n"
    hub.add("maker/front-GGUF", {"README.md": text, "m-Q4_0.gguf": b"x"})
    assert catalog.readme(Reference("maker/front-GGUF")) == "# Title\n\n---\nrest\n"
