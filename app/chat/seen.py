"""What the model sees of a conversation, read from the database in one transaction."""

import msgspec

from app.chat.budget import Budget
from app.chat.documents import woven
from app.chat.prompt import Composition, Seen, compose, was_said
from app.core.ids import ConversationId, MessageId
from app.core.protocol import Counted
from app.storage import conversations, messages, recalls, segments
from app.storage.connection import Tx


class Account(msgspec.Struct, frozen=True):
    """One message, how the model sees it, and at what price."""

    message: MessageId
    seen: Seen
    tokens: int


def load(
    tx: Tx,
    conversation_id: ConversationId,
    budget: Budget,
    *,
    leaf: MessageId | None = None,
    excerpts: dict[MessageId, int] | None = None,
) -> Composition:
    """The active branch, or the one that ends in `leaf`."""
    conversation = conversations.get(tx, conversation_id)
    branch = messages.path(tx, conversation_id) if leaf is None else messages.path_to(tx, leaf)
    branch = woven(tx, branch, budget)
    standing = segments.on_branch(tx, conversation_id, branch[-1].id) if branch else []
    return compose(
        conversation.system_prompt,
        branch,
        standing,
        budget,
        quotes=recalls.under(tx, standing[-1].id) if standing else {},
        excerpts=excerpts,
    )


def account(composition: Composition, counted: Counted) -> tuple[Account, ...]:
    """Per message of the branch; what is narrated costs nothing by itself."""
    said = [stored for stored in composition.verbatim if was_said(stored)]
    price = dict(
        zip((s.id for s in said), counted.each[len(counted.each) - len(said) :], strict=True)
    )
    return tuple(
        Account(stored.id, composition.seen(stored), price.get(stored.id, 0))
        for stored in composition.branch
    )
