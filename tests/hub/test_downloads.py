"""The queue: order, pause, cancel, failure, restart, repair, and kill -9 in the middle."""

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from app.core.downloads import (
    Download,
    DownloadEvent,
    DownloadId,
    DownloadRemoved,
    DownloadState,
    State,
)
from app.core.errors import HubError
from app.hub.catalog import Catalog
from app.hub.downloads import Downloads
from app.hub.patience import Patience
from app.hub.references import Reference
from app.hub.variants import Variant
from scripts.hub_stand_in import Content, Fault, StandIn
from tests.hub.file_store import FileStore

DATA = random.Random(2).randbytes(2_000_000)
EAGER = Patience(stall_s=0.4, backoff_s=0.01, attempts=3)


class Watch:
    """A sink that remembers, and waits for what must come."""

    def __init__(self) -> None:
        self.events: list[DownloadEvent] = []
        self._news = threading.Condition()

    def __call__(self, event: DownloadEvent) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait(self, wanted: Callable[[DownloadEvent], bool]) -> DownloadEvent:
        with self._news:
            assert self._news.wait_for(lambda: any(map(wanted, self.events)), timeout=20)
            return next(event for event in reversed(self.events) if wanted(event))

    def wait_state(self, download_id: DownloadId, state: State) -> Download:
        event = self.wait(
            lambda e: (
                isinstance(e, DownloadState)
                and (e.download.id, e.download.state) == (download_id, state)
            )
        )
        assert isinstance(event, DownloadState)
        return event.download


class Bench:
    def __init__(self, hub: StandIn, folder: Path) -> None:
        self.hub, self.folder, self.watch = hub, folder, Watch()
        self.store = FileStore(folder.parent / "store.json")
        self.downloads = Downloads(folder, self.store, patience=EAGER)
        self.downloads.subscribe(self.watch)
        self.downloads.go_on()

    def again(self) -> "Bench":
        self.downloads.close()
        return Bench(self.hub, self.folder)


@pytest.fixture
def bench(hub: StandIn, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(hub, tmp_path / "Models")
    yield bench
    bench.downloads.close()


@pytest.fixture
def offer(hub: StandIn, client: httpx2.Client) -> Callable[..., Variant]:
    def make(name: str, *, parts: int = 1, data: bytes | Content = DATA) -> Variant:
        def part(index: int) -> bytes | Content:
            return bytes([index]) + data if isinstance(data, bytes) else data

        stem = f"{name}-7B-Q4_0"
        files = {f"{stem}-{i + 1:05}-of-{parts:05}.gguf": part(i) for i in range(parts)}
        files = files if parts > 1 else {f"{stem}.gguf": data}
        hub.add(f"maker/{name}", files)
        catalog = Catalog(client, hub.endpoint, find_token=lambda: None)
        return catalog.offer(Reference(f"maker/{name}")).choose()

    return make


def test_a_model_arrives(bench: Bench, offer: Callable[..., Variant]) -> None:
    added = bench.downloads.start("maker/a", offer("a"))
    done = bench.watch.wait_state(added, "done")
    assert done.title == "a 7B Q4_0"
    assert (bench.folder / "maker" / "a" / "a-7B-Q4_0.gguf").read_bytes() == DATA
    changes = [e for e in bench.watch.events if isinstance(e, DownloadState)]
    states = dict.fromkeys(event.download.state for event in changes)
    assert list(states) == ["queued", "running", "done"]
    assert changes[-1].received == len(DATA)
    bench.downloads.close()
    assert bench.store.load() == []


def test_the_order_can_be_changed(bench: Bench, offer: Callable[..., Variant]) -> None:
    bench.hub.faults.append(Fault("drip", 0.1))
    ids = {name: bench.downloads.start(f"maker/{name}", offer(name)) for name in "abc"}
    bench.downloads.move_first(ids["c"])
    assert bench.downloads.start("maker/a", offer("a")) == ids["a"]
    for name in "abc":
        bench.watch.wait_state(ids[name], "done")
    ended = [
        e.download.id
        for e in bench.watch.events
        if isinstance(e, DownloadState) and e.download.state == "done"
    ]
    assert ended == [ids["a"], ids["c"], ids["b"]]


def test_pause_keeps_and_resume_goes_on(bench: Bench, offer: Callable[..., Variant]) -> None:
    bench.hub.faults.append(Fault("stall", 0.5))
    added = bench.downloads.start("maker/a", offer("a"))
    bench.watch.wait(lambda e: isinstance(e, DownloadState) and e.received > 900_000)
    bench.downloads.pause(added)
    bench.watch.wait_state(added, "paused")
    sent = bench.hub.sent()
    bench.downloads.resume(added)
    bench.watch.wait_state(added, "done")
    assert bench.hub.sent() - sent < 0.65 * len(DATA)


def test_cancel_removes_what_arrived(bench: Bench, offer: Callable[..., Variant]) -> None:
    bench.hub.faults.append(Fault("stall", 0.5))
    added = bench.downloads.start("maker/a", offer("a"))
    bench.watch.wait(lambda e: isinstance(e, DownloadState) and e.received > 0)
    bench.downloads.cancel(added)
    bench.watch.wait(lambda e: e == DownloadRemoved(added))
    assert [path for path in bench.folder.rglob("*") if path.is_file()] == []
    assert bench.downloads.list() == ()
    bench.downloads.cancel(added)  # once more is no error


@pytest.fixture
def eye(hub: StandIn, client: httpx2.Client) -> Variant:
    hub.add("maker/eye", {"mmproj-a-F16.gguf": b"eye" * 1000, "a-Q4_0.gguf": b"x"})
    catalog = Catalog(client, hub.endpoint, find_token=lambda: None)
    (projector,) = catalog.offer(Reference("maker/eye")).projectors
    return projector


def half_way(bench: Bench, offer: Callable[..., Variant]) -> tuple[Variant, DownloadId]:
    bench.hub.faults.append(Fault("stall", 0.5))
    variant = offer("a")
    running = bench.downloads.start("maker/a", variant)
    bench.watch.wait(lambda e: isinstance(e, DownloadState) and e.received > 900_000)
    return variant, running


def test_cancel_leaves_what_another_one_wants(
    bench: Bench, offer: Callable[..., Variant], eye: Variant
) -> None:
    """The same model, asked for without its projector and then with it."""
    variant, running = half_way(bench, offer)
    waiting = bench.downloads.start("maker/a", variant, eye)
    bench.downloads.cancel(waiting)
    bench.watch.wait(lambda e: e == DownloadRemoved(waiting))
    bench.watch.wait_state(running, "done")
    assert (bench.folder / "maker" / "a" / "a-7B-Q4_0.gguf").read_bytes() == DATA
    assert bench.hub.sent() <= 1.15 * len(DATA)


def test_the_last_one_cancelled_takes_what_both_wanted(
    bench: Bench, offer: Callable[..., Variant], eye: Variant
) -> None:
    variant, running = half_way(bench, offer)
    bench.downloads.pause(running)
    bench.watch.wait_state(running, "paused")
    other = bench.downloads.start("maker/a", variant, eye)
    bench.downloads.cancel(other)
    bench.watch.wait(lambda e: e == DownloadRemoved(other))
    assert [path for path in bench.folder.rglob("*.part") if "mmproj" not in path.name]
    bench.downloads.cancel(running)
    bench.watch.wait(lambda e: e == DownloadRemoved(running))
    assert [path for path in bench.folder.rglob("*") if path.is_file()] == []


def test_a_failure_says_why_and_can_be_retried(bench: Bench, offer: Callable[..., Variant]) -> None:
    bench.hub.faults += [Fault("503")] * 3
    added = bench.downloads.start("maker/a", offer("a"))
    failed = bench.watch.wait_state(added, "failed")
    assert "busy (503)" in failed.error
    bench.downloads.retry(added)
    bench.watch.wait_state(added, "done")


def test_what_ran_goes_on_after_a_restart(bench: Bench, offer: Callable[..., Variant]) -> None:
    bench.hub.faults.append(Fault("stall", 0.5))
    added = bench.downloads.start("maker/a", offer("a"))
    waiting = bench.downloads.start("maker/b", offer("b"))
    bench.downloads.pause(waiting)
    bench.watch.wait_state(waiting, "paused")
    bench.watch.wait(lambda e: isinstance(e, DownloadState) and e.received > 900_000)
    later = bench.again()
    try:
        later.watch.wait_state(added, "done")
        assert [d.download.state for d in later.downloads.list()] == ["paused"]
        assert bench.hub.sent() <= 1.15 * len(DATA)
    finally:
        later.downloads.close()


def test_only_the_bad_part_is_fetched_again(bench: Bench, offer: Callable[..., Variant]) -> None:
    variant = offer("big", parts=3)
    bench.watch.wait_state(bench.downloads.start("maker/big", variant), "done")
    spoiled = bench.folder / "maker" / "big" / "big-7B-Q4_0-00002-of-00003.gguf"
    whole = spoiled.read_bytes()
    spoiled.write_bytes(b"\0" * len(whole))
    sent = bench.hub.sent()
    bench.watch.events.clear()
    bench.watch.wait_state(bench.downloads.start("maker/big", variant), "done")
    assert spoiled.read_bytes() == whole
    assert bench.hub.sent() - sent == len(whole)


def test_unsafe_names_are_refused_when_asked_for(
    bench: Bench, offer: Callable[..., Variant]
) -> None:
    variant = offer("a")
    evil = Variant("x", "Q4_0", (("../../x.gguf", variant.files[0][1]),))
    with pytest.raises(HubError, match="not safe"):
        bench.downloads.start("maker/a", evil)
    assert bench.downloads.list() == ()


def test_a_folder_that_is_none_fails_with_a_sentence_and_the_queue_lives(
    bench: Bench, offer: Callable[..., Variant], expect_log: Callable[[str], None]
) -> None:
    expect_log("could not be deleted")
    bench.folder.write_text("a file where the models folder should be")
    added = bench.downloads.start("maker/a", offer("a"))
    failed = bench.watch.wait_state(added, "failed")
    assert "cannot be written" in failed.error
    bench.downloads.cancel(added)
    bench.watch.wait(lambda e: e == DownloadRemoved(added))
    bench.folder.unlink()
    bench.watch.wait_state(bench.downloads.start("maker/b", offer("b")), "done")


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_begun_goes_on_where_its_bytes_are(
    bench: Bench, offer: Callable[..., Variant], tmp_path: Path, *, restarted: bool
) -> None:
    """The models folder is changed while a download is paused."""
    bench.hub.faults.append(Fault("stall", 0.5))
    added = bench.downloads.start("maker/a", offer("a"))
    bench.watch.wait(lambda e: isinstance(e, DownloadState) and e.received > 900_000)
    bench.downloads.pause(added)
    bench.watch.wait_state(added, "paused")
    sent, new = bench.hub.sent(), tmp_path / "New"
    if restarted:
        bench.downloads.close()
        later = Downloads(new, bench.store, patience=EAGER)
        later.subscribe(bench.watch)
        later.go_on()
    else:
        later = bench.downloads
        later.set_folder(new)
    later.resume(added)
    bench.watch.wait_state(added, "done")
    assert bench.hub.sent() - sent < 0.65 * len(DATA)
    assert (bench.folder / "maker" / "a" / "a-7B-Q4_0.gguf").read_bytes() == DATA
    bench.watch.wait_state(later.start("maker/b", offer("b")), "done")
    assert (new / "maker" / "b" / "b-7B-Q4_0.gguf").exists(), "the next ones go to the new one"
    later.close()


def test_what_was_moved_along_goes_on_in_the_new_folder(
    bench: Bench, offer: Callable[..., Variant], tmp_path: Path
) -> None:
    bench.hub.faults.append(Fault("stall", 0.5))
    added = bench.downloads.start("maker/a", offer("a"))
    bench.watch.wait(lambda e: isinstance(e, DownloadState) and e.received > 900_000)
    bench.downloads.pause(added)
    bench.watch.wait_state(added, "paused")
    sent, new = bench.hub.sent(), tmp_path / "New"
    bench.folder.rename(new)
    bench.downloads.set_folder(new)
    bench.downloads.resume(added)
    bench.watch.wait_state(added, "done")
    assert bench.hub.sent() - sent < 0.65 * len(DATA)
    assert (new / "maker" / "a" / "a-7B-Q4_0.gguf").read_bytes() == DATA
