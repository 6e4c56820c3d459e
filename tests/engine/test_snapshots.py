"""What survives eviction and restarts, and what must not."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.ids import SessionId
from app.core.protocol import ModelSpec
from app.engine import chunks
from app.engine.build import identity_of
from app.engine.chunks import Chunk, Head, child_key
from app.engine.kv import Roll
from app.engine.llama.context import ContextShape
from app.engine.tiers import Tiers
from tests.engine.fakes import Bench

TOKENS = [index % 97 for index in range(700)]
RAM = 10**6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kv" / "model"


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    bench = Bench(cells=2000, ram_bytes=RAM, folder=folder)
    bench.scheduler.limits = bench.scheduler.limits._replace(chat_ctx=1500)
    yield bench
    bench.close()


def use(bench: Bench, name: str, tokens: list[int], **values: object) -> str:
    """Answer one request; where its beginning came from."""
    job = bench.job(name, tokens, max_tokens=1, **values)
    bench.cache.prefetch(job, lambda: None)
    while not job.ready:
        os.sched_yield()
    bench.drain()
    return f"{job.reuse} {job.reused_tokens}"


def again(folder: Path, *, ram_bytes: int = RAM, roll: Roll | None = None) -> Bench:
    """The next run of the app."""
    bench = Bench(cells=2000, ram_bytes=ram_bytes, folder=folder, roll=roll)
    bench.scheduler.limits = bench.scheduler.limits._replace(chat_ctx=1500)
    return bench


def test_an_evicted_chat_comes_back_from_memory(bench: Bench) -> None:
    assert use(bench, "a", TOKENS) == "none 0"
    bench.cache.evict_all()
    assert bench.sequences.used_cells == 0
    assert use(bench, "b", [*TOKENS, 1, 2]) == "ram 700"


def test_part_of_a_snapshot_is_enough(bench: Bench) -> None:
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    assert use(bench, "b", [*TOKENS[:400], 1, 2]) == "ram 400"


def test_what_is_alive_stays_shared_when_the_rest_comes_back(bench: Bench) -> None:
    use(bench, "a", TOKENS, session="a")
    bench.cache.evict_all()
    use(bench, "b", [*TOKENS[:300], 1], session="b")
    cells = bench.sequences.used_cells
    assert use(bench, "c", [*TOKENS, 5], session="c") == "ram 700"
    # Of the 700 tokens the first chunk was alive; the reply's one token came on top.
    assert bench.sequences.used_cells == cells + 700 - 256 + 1


def test_equal_beginnings_are_kept_once(bench: Bench) -> None:
    use(bench, "a", TOKENS, session="a")
    bench.cache.evict_all()
    kept = bench.tiers.ram_bytes
    use(bench, "b", [*TOKENS[:512], *range(60)], session="b")
    bench.cache.evict_all()
    assert bench.tiers.ram_bytes - kept < kept / 3


def test_a_restart_finds_it_on_the_disk(bench: Bench, folder: Path) -> None:
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    bench.close()
    later = again(folder)
    assert use(later, "b", [*TOKENS, 1]) == "disk 700"
    later.close()


def test_another_model_never_matches(bench: Bench, folder: Path) -> None:
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    bench.close()
    other = again(folder)
    other.cache.snapshots._identity = b"another model"
    assert use(other, "b", [*TOKENS, 1]) == "none 0"
    other.close()


def test_a_state_is_bound_to_its_table_of_positions_not_to_the_contexts_size(
    tiny_model: Path,
) -> None:
    def identity(cells: int, short_ctx: int) -> bytes:
        shape = ContextShape(cells=cells, sequences=4)
        return identity_of(ModelSpec(path=str(tiny_model)), shape, short_ctx)

    assert identity(3072, 4096) == identity(4096, 4096)
    assert identity(4096, 4096) != identity(12_288, 4096)
    assert identity(3072, 0) == identity(12_288, 0)


def test_private_requests_stay_in_memory(bench: Bench, folder: Path) -> None:
    use(bench, "a", TOKENS, persist=False)
    bench.cache.evict_all()
    assert use(bench, "b", [*TOKENS, 1], persist=False) == "ram 700"
    bench.close()
    assert list(folder.glob("*")) == []


def test_only_the_private_part_of_a_shared_chat_is_private(bench: Bench, folder: Path) -> None:
    use(bench, "a", TOKENS[:520], session="a")
    use(bench, "b", [*TOKENS[:520], *range(300)], session="b", persist=False)
    bench.cache.evict_all()
    bench.close()
    kept = [chunks.read(path) for path in folder.glob("*.kv")]
    assert sorted(len(chunk.head.tokens) for chunk in kept if chunk) == [256, 256]


def test_purge_deletes_everywhere(bench: Bench, folder: Path) -> None:
    use(bench, "a", TOKENS, session="gone")
    use(bench, "b", [9, *TOKENS], session="kept")
    bench.cache.evict_all()
    use(bench, "c", TOKENS, session="gone")
    bench.cache.purge(SessionId("gone"))
    assert use(bench, "d", TOKENS) == "none 0"
    bench.close()
    heads = [chunks.read_head(path) for path in folder.glob("*.kv")]
    assert {head.session for head in heads if head} == {"kept"}


def test_purge_reaches_a_session_that_is_still_running(bench: Bench) -> None:
    job = bench.job("a", TOKENS, session="gone", max_tokens=50)
    bench.step()
    bench.scheduler.purge(SessionId("gone"))
    bench.drain()
    assert job.generated == 50
    assert bench.sequences.live == {}


def test_a_queued_request_of_a_purged_session_leaves_nothing(bench: Bench) -> None:
    bench.job("a", TOKENS, session="gone", max_tokens=5)
    bench.scheduler.purge(SessionId("gone"))
    bench.drain()
    assert bench.sequences.live == {}


def test_what_is_purged_while_it_is_read_does_not_come_back(bench: Bench, folder: Path) -> None:
    use(bench, "a", TOKENS, session="gone")
    bench.cache.evict_all()
    bench.close()
    later = again(folder)
    gate, fetched = threading.Event(), threading.Event()
    later.tiers._tasks.put(lambda: gate.wait(5) and None)
    assert later.tiers.fetch(later.cache.snapshots.find(TOKENS, ()), fetched.set)
    later.cache.purge(SessionId("gone"))
    gate.set()
    assert fetched.wait(5)
    assert later.tiers.ram_bytes == 0
    later.close()


def test_a_bug_in_one_file_does_not_end_the_disk_thread(
    bench: Bench,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    expect_log: Callable[[str], None],
) -> None:
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    bench.close()
    later = again(folder)
    expect_log("a snapshot was lost")

    def fail(path: Path) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("app.engine.tiers.read", fail)
        assert use(later, "b", [*TOKENS[:300], 1]) == "none 0"
    assert use(later, "c", [*TOKENS, 1]) == "disk 700"
    later.close()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_damaged_files_count_as_never_saved(bench: Bench, folder: Path, damage: str) -> None:
    use(bench, "a", TOKENS[:500])
    bench.cache.evict_all()
    bench.close()
    later = again(folder)
    for path in folder.glob("*.kv"):
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        changed = {"flip": bytes(data), "cut": bytes(data[:-1]), "empty": b"", "gone": None}
        content = changed[damage]
        path.unlink() if content is None else path.write_bytes(content)
    assert use(later, "b", [*TOKENS[:500], 1]).startswith("none")
    later.close()


def test_strangers_in_the_folder_are_ignored(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "x.kv").write_bytes(b"LCKV\x01\xff\xff\xff\xff" + b"x" * 100)
    (folder / "y.kv").write_bytes(os.urandom(200))
    bench = again(folder)
    assert use(bench, "a", TOKENS) == "none 0"
    bench.close()


def test_the_folder_keeps_its_size_and_the_newest(tmp_path: Path) -> None:
    mine, other = tmp_path / "kv" / "mine", tmp_path / "kv" / "other"
    tiers = Tiers(mine, ram_bytes=RAM, disk_bytes=5000)
    tiers.start()
    stale = chunk(b"stale", 1500)
    other.mkdir(parents=True)
    chunks.write(other / "00.kv", stale)
    os.utime(other / "00.kv", (1, 1))
    for index in range(6):
        tiers.put(chunk(bytes([index]), 1000))
    tiers.close()
    left = {path.name for path in (tmp_path / "kv").glob("*/*.kv")}
    assert "00.kv" not in left
    assert 1 <= len(left) < 6
    assert sum(path.stat().st_size for path in mine.glob("*.kv")) <= 5000


def test_memory_keeps_its_size(folder: Path) -> None:
    tiers = Tiers(None, ram_bytes=3000, disk_bytes=0)
    tiers.start()
    for index in range(6):
        tiers.put(chunk(bytes([index]), 1000))
    assert tiers.ram_bytes == 3000
    tiers.trim(1000)
    assert tiers.ram_bytes == 1000
    tiers.close()


def test_a_longer_end_replaces_the_shorter_one(bench: Bench) -> None:
    use(bench, "a", TOKENS[:300])
    bench.cache.evict_all()
    kept = bench.tiers.ram_bytes
    use(bench, "b", TOKENS[:301])
    bench.cache.evict_all()
    assert bench.tiers.ram_bytes - kept < 20


def test_windowed_models_come_back_whole_or_not_at_all(folder: Path) -> None:
    bench = Bench(cells=2000, ram_bytes=RAM, roll=Roll(window=64))
    bench.scheduler.limits = bench.scheduler.limits._replace(chat_ctx=1500)
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    assert use(bench, "b", [*TOKENS[:600], 1]) == "none 0"
    bench.cache.evict_all()
    assert use(bench, "c", [*TOKENS, 1]) == "ram 700"
    bench.close()


def chunk(name: bytes, size: int) -> Chunk:
    key = child_key(name, [1])
    return Chunk(Head(key, name, (1,), SessionId("s"), size), bytes(size))


def test_what_does_not_fit_into_memory_comes_back_as_far_as_it_does(
    bench: Bench, folder: Path
) -> None:
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    bench.close()
    later = again(folder, ram_bytes=1500)
    assert use(later, "b", [*TOKENS, 1]) == "disk 512"
    later.close()


def test_a_long_chat_that_is_read_does_not_push_itself_out(folder: Path) -> None:
    other = [7, *TOKENS]
    bench = again(folder, ram_bytes=2600)
    for name, tokens in {"a": TOKENS, "b": other}.items():
        use(bench, name, tokens)
        bench.cache.evict_all()
    written = threading.Event()
    bench.tiers._tasks.put(written.set)  # pyright: ignore
    assert written.wait(5)
    assert use(bench, "c", [*TOKENS, 1]) == "disk 700"
    bench.close()


def test_a_live_chat_is_not_left_for_a_snapshot_that_cannot_be_had(folder: Path) -> None:
    bench = again(folder, roll=Roll(window=64))
    use(bench, "a", TOKENS)
    bench.cache.evict_all()
    bench.close()
    later = again(folder, ram_bytes=1000, roll=Roll(window=64))
    assert use(later, "b", TOKENS[:601]) == "none 0"
    assert use(later, "c", [*TOKENS, 1]) == "own 601"
    later.close()


def test_what_has_gone_from_memory_is_saved_once_more(bench: Bench) -> None:
    use(bench, "a", TOKENS, persist=False)
    while bench.cache.save_one():
        pass
    bench.tiers.trim(0)
    bench.cache.evict_all()
    assert use(bench, "b", [*TOKENS, 1], persist=False) == "ram 700"
