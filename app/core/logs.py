"""One rotating log file for the app process; never chat content, never keys.

Rooms log through `logging.getLogger(__name__)`. Engine processes write to their stderr, which
their parent keeps in a file of its own.
"""

import logging
import logging.handlers
import sys
from pathlib import Path

# They log addresses, and those of a file host carry what opens them.
_CHATTY = ("httpx2", "httpcore2", "huggingface_hub", "markdown_it", "asyncio")
_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"


def start_logging(file: Path, *, verbose: bool = False) -> None:
    """`verbose` adds debug lines to the file and repeats everything on stderr."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rotating = logging.handlers.RotatingFileHandler(
        file, maxBytes=2_000_000, backupCount=3, encoding="utf-8", delay=True
    )
    handlers: list[logging.Handler] = [rotating]
    if verbose and sys.stderr is not None:  # windowed Windows builds have no stderr
        handlers.append(logging.StreamHandler())
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format=_FORMAT,
        handlers=handlers,
        force=True,
    )
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
