"""What the window keeps between two starts: where it stood and which chat was open.

One small JSON file of our own, written when the window closes. A missing or broken file is the
same as a first start.
"""

import logging
from pathlib import Path

import msgspec

from app.core.ids import ConversationId, MessageId
from app.storage.files import replace_with
from app.ui.composer.editing import Edit

_log = logging.getLogger(__name__)


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    geometry: bytes = b""
    split: tuple[int, ...] = ()
    sidebar: bool = True
    conversation: ConversationId | None = None
    message: MessageId | None = None  # at the top of the view; None: the end is shown
    part: int = 0  # of that message, and how far down in it
    below: float = 0.0
    folders: tuple[int, ...] = ()  # those that are open
    draft: str = ""  # of the new chat, which has no row yet
    edits: dict[ConversationId, Edit] = {}  # of sent messages, begun and not sent


def recall(path: Path) -> Remembered:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remembered)
    except FileNotFoundError:
        return Remembered()
    except (OSError, msgspec.DecodeError) as error:
        _log.info("the window's memory could not be read: %s", type(error).__name__)
        return Remembered()


def keep(path: Path, remembered: Remembered) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_with(path, msgspec.json.encode(remembered))
    except OSError as error:
        _log.info("the window's memory could not be kept: %s", type(error).__name__)
