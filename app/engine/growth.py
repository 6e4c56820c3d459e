"""What a load really took: this process's memory and the GPUs' before it and after.

On the decode thread. The estimate is checked against this; other programs move the GPUs' figure.
"""

from typing import NamedTuple

import psutil

from app.engine.devices import list_devices


class Taken(NamedTuple):
    ram: int
    gpu: int


def taken() -> Taken:
    free = sum(device.free_bytes for device in list_devices() if device.kind == "gpu")
    return Taken(psutil.Process().memory_info().rss, -free)


def growth(before: Taken, after: Taken) -> int:
    return max(0, after.ram - before.ram) + max(0, after.gpu - before.gpu)
