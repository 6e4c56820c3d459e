"""What the pool is told at its birth: bounds, deadlines, and when to try again."""

from typing import Literal

import msgspec

Backpressure = Literal["refuse", "suspend"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    start_s: float = 60.0  # until Hello: a cold disk under a virus scanner takes its time
    silence_s: float = 10.0  # without any frame an engine counts as hung
    stop_s: float = 0.8  # a Stop that the engine has not answered by then is answered here
    close_s: float = 1.5  # for an orderly end; then the process is killed
    restart_s: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)  # by crashes in a row; then no more
    max_requests: int = 256  # accepted and not yet ended
    backpressure: Backpressure = "refuse"  # or the caller of submit waits for room
    memory_bytes: int = 0  # ceiling of each engine process; 0: none
    idle_s: float = 900.0  # an unpinned model that is not used for so long is unloaded; 0: never
    low_ram_share: float = 0.06  # less free memory than this: caches go, then idle models
    relief_s: float = 3.0  # between one measure against low memory and the next
