"""What an engine process may use: threads, processors, memory, its place in the queue."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.core.errors import OutOfMemory, from_info
from app.core.ids import WorkerId
from app.core.protocol import SUMMARIZER
from app.workers.events import WorkerReady
from app.workers.limits import share
from app.workers.machine import Machine, find_nodes, parse_cpus, this_machine
from tests.workers.asking import Until, ask, load
from tests.workers.conftest import MakePool

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="limits of the Linux kernel")


def machine(nodes: tuple[tuple[int, ...], ...], cores: int) -> Machine:
    return Machine(8_000_000_000, lambda: 4_000_000_000, nodes, cores)


def test_on_one_node_workers_divide_the_cores_and_the_system_places_them() -> None:
    one = machine((tuple(range(8)),), cores=8)
    assert share(one, 1) == [(8, ())]
    assert share(one, 3) == [(2, ())] * 3
    assert share(one, 20) == [(1, ())] * 20


def test_on_several_nodes_each_worker_stays_on_one() -> None:
    two = machine(((0, 1, 2, 3), (4, 5, 6, 7)), cores=8)
    assert share(two, 1) == [(8, ())]
    assert share(two, 2) == [(4, (0, 1, 2, 3)), (4, (4, 5, 6, 7))]
    assert share(two, 3) == [(2, (0, 1, 2, 3)), (4, (4, 5, 6, 7)), (2, (0, 1, 2, 3))]


def test_two_threads_of_a_core_count_once() -> None:
    assert share(machine((tuple(range(8)),), cores=4), 2) == [(2, ())] * 2
    assert share(machine(((0, 1, 2, 3), (4, 5, 6, 7)), cores=4), 2)[0] == (2, (0, 1, 2, 3))


def test_nodes_come_from_the_kernels_lists_and_only_those_we_may_use(tmp_path: Path) -> None:
    for node, cpus in enumerate(("0-3,8", "4-7", "9")):
        (tmp_path / f"node{node}").mkdir()
        (tmp_path / f"node{node}" / "cpulist").write_text(cpus + "\n")
    assert find_nodes(tmp_path, frozenset(range(9))) == ((0, 1, 2, 3, 8), (4, 5, 6, 7))
    assert find_nodes(tmp_path / "none", frozenset({2, 1})) == ((1, 2),)
    assert parse_cpus("") == []


def test_this_machine_has_something_to_share() -> None:
    here = this_machine()
    assert 0 < here.free_ram() <= here.ram_bytes
    assert 1 <= here.cores <= sum(map(len, here.nodes))


def test_two_workers_get_half_of_the_threads_each(make_pool: MakePool) -> None:
    pool = make_pool(machine=machine((tuple(range(8)),), cores=8))
    load(pool, workers=2)
    answers = [ask(pool, "say=threads", worker=name) for name in ("w1", "w2")]
    assert [each.finished().stats.notes for each in answers] == [("threads 4",)] * 2


@linux_only
def test_workers_are_pinned_to_their_nodes(make_pool: MakePool) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("one processor cannot be two nodes")
    pool = make_pool(machine=machine(((cpus[0],), (cpus[1],)), cores=2))
    until = Until(pool, WorkerReady)
    load(pool, workers=2)
    pids = {ready.worker: ready.pid for ready in (until.wait(), until.wait())}
    for worker, cpu in zip(("w1", "w2"), cpus[:2], strict=True):
        threads = psutil.Process(pids[WorkerId(worker)]).threads()
        assert len(threads) > 1
        assert {tuple(os.sched_getaffinity(thread.id)) for thread in threads} == {(cpu,)}


def threads_nice(pid: int) -> list[int]:
    threads = psutil.Process(pid).threads()
    assert len(threads) > 1
    return [os.getpriority(os.PRIO_PROCESS, thread.id) for thread in threads]


@linux_only
def test_a_background_worker_yields_the_processor(make_pool: MakePool) -> None:
    pool = make_pool()
    until = Until(pool, WorkerReady)
    load(pool, "model=chat")
    load(pool, "model=small", role=SUMMARIZER)
    chat, small = (threads_nice(until.wait().pid) for _ in range(2))
    assert max(chat) < min(small)


@linux_only
def test_an_engine_that_outgrows_its_ceiling_fails_alone(
    make_pool: MakePool, expect_log: Callable[[str], None]
) -> None:
    """The kernel refuses the memory: the engine's own allocation fails, cleanly or not."""
    expect_log("stopped unexpectedly")
    pool = make_pool(memory_bytes=400_000_000)
    load(pool)
    answer = ask(pool, "tokens=2 eat_mb=1000 eat_at=1")
    assert answer.error().error.kind == "worker_died"
    assert ask(pool).finished().reason == "stop"


def test_an_engine_whose_resident_size_passes_the_ceiling_is_ended(
    make_pool: MakePool, expect_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel cannot be asked the watch does it."""
    expect_log("may use")
    monkeypatch.setattr(psutil.Process, "rlimit", lambda *_: None)
    pool = make_pool(memory_bytes=200_000_000)
    load(pool)
    answer = ask(pool, "tokens=100000 every_ms=5 eat_mb=400 eat_at=1")
    assert isinstance(from_info(answer.error().error), OutOfMemory)
    assert ask(pool).finished().reason == "stop"


def test_without_a_ceiling_the_same_engine_lives(make_pool: MakePool) -> None:
    """The control of the two above."""
    pool = make_pool()
    load(pool)
    assert ask(pool, "tokens=30 every_ms=20 eat_mb=400 eat_at=1").finished().reason == "stop"
