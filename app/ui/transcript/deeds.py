"""What a click or a key on a spot of the transcript does: a `Request` goes out, the rest stays.

Pure values, compared and matched exhaustively in `view`.
"""

from typing import Literal

import msgspec
from PySide6.QtCore import QRectF

from app.ui.transcript.items import ItemId, Request


class CopyText(msgspec.Struct, frozen=True):
    text: str


class CopyMessage(msgspec.Struct, frozen=True):
    id: ItemId
    form: Literal["markdown", "text"]


class Toggle(msgspec.Struct, frozen=True):
    """Opens or closes something of one item: a fold, a wrapped card, text past the caps."""

    id: ItemId
    what: str


class ShowMenu(msgspec.Struct, frozen=True):
    """All of an item's actions, where the footer has no room for them."""

    id: ItemId


class ShowLink(msgspec.Struct, frozen=True):
    """A link in the text, by the character it starts at: shown whole before it may be opened."""

    url: str
    start: int
    end: int


Deed = CopyText | CopyMessage | Toggle | ShowMenu | ShowLink | Request


class Spot(msgspec.Struct, frozen=True):
    """A place that can be clicked or focused; `rect` is in its block's coordinates."""

    rect: QRectF
    deed: Deed
    name: str  # spoken, and shown as a tooltip where there is no label
    icon: str = ""
    label: str = ""
    enabled: bool = True
