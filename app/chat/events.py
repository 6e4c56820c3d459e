"""What changed, for whoever shows it: one frozen union, posted by `Turns` and its neighbours.

Events arrive on whatever thread caused them, in order per conversation. A view refreshes
from them and never asks what it could have been told.
"""

import msgspec

from app.core.errors import ErrorInfo
from app.core.ids import ConversationId, MessageId
from app.core.messages import ToolCall
from app.storage.messages import StoredMessage
from app.storage.queued import Queued
from app.storage.segments import Segment


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    conversation: ConversationId


class ConversationChanged(_Event, frozen=True):
    """Created, renamed, moved, trashed …: the list shows it anew."""


class BranchChanged(_Event, frozen=True):
    """Another path through the tree is shown: edit, regenerate, switch, delete."""


class MessageAdded(_Event, frozen=True):
    message: StoredMessage


class MessageDeleted(_Event, frozen=True):
    """`message` and what followed it are out of sight; `Turns.undelete` undoes it."""

    message: MessageId
    leaf: MessageId


class QueueChanged(_Event, frozen=True):
    """What waits to be sent, oldest first."""

    waiting: tuple[Queued, ...]
    held: bool  # nothing streams: it waits for `send_waiting`, or for the next reply to end well


class ReplyResumed(_Event, frozen=True):
    """A reply that had ended streams again, in the same place."""

    message: StoredMessage


class ToolsAsked(_Event, frozen=True):
    """The model wants these to run; `Turns.answer_calls` says whether they may."""

    reply: MessageId
    calls: tuple[ToolCall, ...]


class ReplyProgress(_Event, frozen=True):
    reply: MessageId
    done: int
    total: int
    reused: int


class ReplyDelta(_Event, frozen=True):
    reply: MessageId
    text: str
    reasoning: str
    # Characters of text and reasoning before this: a view that opened meanwhile skips what it has.
    text_at: int
    reasoning_at: int


class ReplyFinished(_Event, frozen=True):
    """The reply as it is stored now: complete, interrupted or failed (`message.error`)."""

    message: StoredMessage


class WindStarted(_Event, frozen=True):
    """The oldest turns are being narrated; nobody waits unless `awaited`."""

    awaited: bool = False


class WindFinished(_Event, frozen=True):
    segment: Segment | None  # None: nothing changed
    prefilled_tokens: int = 0  # what this wind cost the engine beyond its cache
    duration_ms: float = 0.0


class NarrativeChanged(_Event, frozen=True):
    """By people: edited, taken back or written again; `standing` is what counts now."""

    standing: tuple[Segment, ...]


class WindowMeasured(_Event, frozen=True):
    """What the window holds after a turn, in tokens."""

    chat_ctx: int
    used: int
    reserve: int


class TurnRefused(_Event, frozen=True):
    """Nothing was stored: the text, if there is one, still belongs to the composer."""

    text: str
    error: ErrorInfo
    question: MessageId | None = None  # the text is a change of this message


ChatEvent = (
    ConversationChanged
    | BranchChanged
    | MessageAdded
    | MessageDeleted
    | QueueChanged
    | ReplyResumed
    | ToolsAsked
    | ReplyProgress
    | ReplyDelta
    | ReplyFinished
    | WindStarted
    | WindFinished
    | NarrativeChanged
    | WindowMeasured
    | TurnRefused
)
