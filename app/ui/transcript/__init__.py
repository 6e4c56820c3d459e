"""The conversation as the user reads it: a virtual list of messages in one widget."""

from app.ui.transcript.items import (
    Branch,
    Continue,
    Delete,
    Edit,
    Item,
    ItemId,
    MessageItem,
    OpenLink,
    OpenSegment,
    Quote,
    Regenerate,
    Request,
    SaveCode,
    Stats,
    SwitchVersion,
    ToolCard,
    WindItem,
)
from app.ui.transcript.view import Transcript

__all__ = [
    "Branch",
    "Continue",
    "Delete",
    "Edit",
    "Item",
    "ItemId",
    "MessageItem",
    "OpenLink",
    "OpenSegment",
    "Quote",
    "Regenerate",
    "Request",
    "SaveCode",
    "Stats",
    "SwitchVersion",
    "ToolCard",
    "Transcript",
    "WindItem",
]
