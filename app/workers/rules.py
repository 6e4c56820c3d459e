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
    backpressure: Backpressure = "refuse"
