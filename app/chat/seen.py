"""What the model sees of a conversation, read from the database in one transaction.

The account is a value: every token of the prompt is in exactly one of its numbers, so they
add up to the total that the engine counts.
"""

from collections.abc import Callable

import msgspec

from app.chat.budget import Budget
from app.chat.documents import woven
from app.chat.prompt import Composition, Seen, compose
from app.core.ids import ConversationId, MessageId
from app.storage import conversations, messages, recalls, segments
from app.storage.connection import Tx


class SeenMessage(msgspec.Struct, frozen=True):
    """One message of the branch, how the model sees it, and at what price.

    A recalled one costs its quote; the message it is quoted in costs what is left.
    """

    message: MessageId
    seen: Seen
    tokens: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt as it would be sent now, by parts, in tokens."""

    chat_ctx: int
    reserve: int  # kept for the reply
    system: int  # the system prompt, and what the template writes by itself
    tools: int
    narrative: int
    ledger: int
    messages: tuple[SeenMessage, ...]  # the whole branch, oldest first
    exact: bool  # counted by the engine; else estimated

    @property
    def total(self) -> int:
        said = sum(each.tokens for each in self.messages)
        return self.system + self.tools + self.narrative + self.ledger + said


def load(
    tx: Tx,
    conversation_id: ConversationId,
    budget: Budget,
    *,
    leaf: MessageId | None = None,
    excerpts: dict[MessageId, int] | None = None,
    sees: Callable[[str], bool] = lambda _model: False,
) -> Composition:
    """The active branch, or the one that ends in `leaf`. `sees`: can this model be sent images."""
    conversation = conversations.get(tx, conversation_id)
    branch = messages.path(tx, conversation_id) if leaf is None else messages.path_to(tx, leaf)
    branch = woven(tx, branch, budget, images=sees(conversation.model))
    standing = segments.on_branch(tx, conversation_id, branch[-1].id) if branch else []
    return compose(
        conversation.system_prompt,
        branch,
        standing,
        budget,
        quotes=recalls.under(tx, standing[-1].id) if standing else {},
        excerpts=excerpts,
        model=conversation.model,
    )
