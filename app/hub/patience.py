"""How long a transfer bears with a server, as a value."""

import msgspec

from app.hub.pace import MOST


class Patience(msgspec.Struct, frozen=True):
    stall_s: float = 20.0  # silence, or less than `floor` bytes a second for as long
    floor_bytes_per_s: int = 1024
    attempts: int = 8  # in a row without a byte of progress
    backoff_s: float = 1.0
    versions: int = 3  # of the file, before it is given up
    trial_s: float = 3.0  # how long a number of connections is measured
    connections: int = MOST
