"""What one engine process may use: threads, processors, memory, a place in the queue.

Set from the parent on the running process before its model is loaded, so nothing has to run
between fork and exec. Never RLIMIT_AS, which breaks CUDA: RLIMIT_DATA here, and the pool
watches the resident size besides.
"""

import logging
import sys

import msgspec
import psutil

from app.workers.machine import Machine

_NICER = 10
_LEAST_NICE = 19

_log = logging.getLogger(__name__)


class Limits(msgspec.Struct, frozen=True):
    threads: int = 0  # 0: all cores
    cpus: tuple[int, ...] = ()  # empty: wherever the system likes
    memory_bytes: int = 0  # 0: no ceiling
    background: bool = False  # yields the processor to everything else


def share(machine: Machine, workers: int) -> list[tuple[int, tuple[int, ...]]]:
    """Threads and processors of each of N workers that compute at the same time.

    On one node the system places threads better than we would. On several, each worker stays
    on the node that holds its memory.
    """
    nodes = machine.nodes
    if workers == 1 or len(nodes) == 1:
        return [(max(1, machine.cores // workers), ())] * workers
    sharing = [len(range(node, workers, len(nodes))) for node in range(len(nodes))]
    logical = sum(map(len, nodes))
    shares: list[tuple[int, tuple[int, ...]]] = []
    for index in range(workers):
        node = index % len(nodes)
        cores = len(nodes[node]) * machine.cores // logical
        shares.append((max(1, cores // sharing[node]), nodes[node]))
    return shares


def impose(pid: int, limits: Limits) -> None:
    """A process that has just ended is the reader's business; what the system refuses is logged."""
    try:
        process = psutil.Process(pid)
        if sys.platform == "linux":
            _impose_on_threads(process, limits)
            if limits.memory_bytes:
                process.rlimit(psutil.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
        else:
            if limits.background:
                process.nice(_lower_priority())
            if limits.cpus and sys.platform != "darwin":
                process.cpu_affinity(list(limits.cpus))
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    except (psutil.Error, OSError, ValueError) as error:
        _log.warning("limits of process %d could not be set: %s", pid, error)


def _impose_on_threads(process: psutil.Process, limits: Limits) -> None:
    """Linux sets both per thread; those that run already inherit nothing."""
    if not (limits.background or limits.cpus):
        return
    for thread in process.threads():
        # A thread's number works where a process's does.
        one = psutil.Process(thread.id)
        if limits.background:
            one.nice(_lower_priority())
        if limits.cpus and sys.platform == "linux":
            one.cpu_affinity(list(limits.cpus))


def _lower_priority() -> int:
    if sys.platform == "win32":
        return psutil.BELOW_NORMAL_PRIORITY_CLASS
    return min(_LEAST_NICE, psutil.Process().nice() + _NICER)


def resident_bytes(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0
