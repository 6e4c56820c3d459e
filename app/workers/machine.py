"""What this machine has to share out: memory and processors, read when asked.

A value with one function inside, so that tests can hand in a machine they made up.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

_NODES = Path("/sys/devices/system/node")


class Machine(msgspec.Struct, frozen=True):
    ram_bytes: int
    free_ram: Callable[[], int]
    nodes: tuple[tuple[int, ...], ...]  # the processors of each NUMA node we may use
    cores: int  # physical ones: two threads on one core only get in each other's way


def this_machine() -> Machine:
    allowed = _allowed_cpus()
    return Machine(
        ram_bytes=psutil.virtual_memory().total,
        free_ram=lambda: psutil.virtual_memory().available,
        nodes=find_nodes(_NODES, allowed),
        cores=min(psutil.cpu_count(logical=False) or len(allowed), len(allowed)),
    )


def find_nodes(folder: Path, allowed: frozenset[int]) -> tuple[tuple[int, ...], ...]:
    """One entry per NUMA node that has processors for us; a single one when nothing is known."""
    found: list[tuple[int, ...]] = []
    for file in sorted(folder.glob("node[0-9]*/cpulist")):
        cpus = tuple(cpu for cpu in parse_cpus(file.read_text()) if cpu in allowed)
        if cpus:
            found.append(cpus)
    return tuple(found) or (tuple(sorted(allowed)),)


def parse_cpus(text: str) -> list[int]:
    """The kernel's list format: `0-3,8,10-11`."""
    cpus: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return cpus


def _allowed_cpus() -> frozenset[int]:
    if sys.platform == "darwin":
        return frozenset(range(os.cpu_count() or 1))
    return frozenset(psutil.Process().cpu_affinity() or (0,))
