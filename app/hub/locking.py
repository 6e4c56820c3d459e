"""A lock on an open file that ends with the file or with the process, however it ends."""

import os
from typing import IO

_FAR = 1 << 62  # a byte that no file has: on Windows, what is locked cannot be written by others


def lock(file: IO[bytes]) -> bool:
    """Whether it is ours now; does not wait."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
