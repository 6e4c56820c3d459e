"""Snapshots on the disk of chats that are no more.

What a chat said lies in the engines' cache, too, and outlives them. Nobody has to remember a
deletion for it to go from there: whatever names no chat of the database goes, also after a
crash, and whichever model wrote it. An engine that misses a file computes its tokens again.
"""

import time
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from app.core.ids import SessionId
from app.engine.chunks import SUFFIX, UNFINISHED, read_head

_WRITTEN_S = 3600.0  # whoever began a file so long ago is gone


def drop_snapshots(folder: Path, kept: Container[SessionId]) -> None:
    """Of every session but those that are kept; what cannot be read goes, too."""
    for path in folder.glob(f"*/*{SUFFIX}"):
        head = read_head(path)
        if head is None or head.session not in kept:
            with suppress(OSError):
                path.unlink()
    for path in folder.glob(f"*/*{UNFINISHED}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _WRITTEN_S:
                path.unlink()
