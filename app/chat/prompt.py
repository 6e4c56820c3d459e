"""From the stored branch to the messages a request carries.

Deterministic: the same branch always gives the same messages, and a longer branch starts
with the shorter one's, so that the engine's cached prefix stays valid. No dates, no
changing text before the conversation.
"""

from collections.abc import Sequence

from app.core.messages import Message
from app.storage.messages import StoredMessage


def assemble(system_prompt: str, branch: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """`branch` is oldest first and ends with the message to be answered."""
    head = (Message(role="system", content=system_prompt),) if system_prompt else ()
    return head + tuple(stored.message for stored in branch if _was_said(stored))


def _was_said(stored: StoredMessage) -> bool:
    # A reply that failed before its first word would teach the model to say nothing.
    message = stored.message
    return bool(message.content or message.tool_calls)
