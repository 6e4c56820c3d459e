"""What changed, for whoever shows it: one frozen union, posted by `Turns` and its neighbours.

Events arrive on whatever thread caused them, in order per conversation. A view refreshes
from them and never asks what it could have been told.
"""

import msgspec

from app.core.errors import ErrorInfo
from app.core.ids import ConversationId, MessageId
from app.storage.messages import StoredMessage


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    conversation: ConversationId


class ConversationChanged(_Event):
    """Created, renamed, moved, trashed …: the list shows it anew."""


class BranchChanged(_Event):
    """Another path through the tree is shown: edit, regenerate, switch, delete."""


class MessageAdded(_Event):
    message: StoredMessage


class ReplyProgress(_Event):
    reply: MessageId
    done: int
    total: int
    reused: int


class ReplyDelta(_Event):
    reply: MessageId
    text: str
    reasoning: str


class ReplyFinished(_Event):
    """The reply as it is stored now: complete, interrupted or failed (`message.error`)."""

    message: StoredMessage


class TurnRefused(_Event):
    """Nothing was stored: the text still belongs to the composer."""

    text: str
    error: ErrorInfo


ChatEvent = (
    ConversationChanged
    | BranchChanged
    | MessageAdded
    | ReplyProgress
    | ReplyDelta
    | ReplyFinished
    | TurnRefused
)

__all__ = [
    "BranchChanged",
    "ChatEvent",
    "ConversationChanged",
    "MessageAdded",
    "ReplyDelta",
    "ReplyFinished",
    "ReplyProgress",
    "TurnRefused",
]
