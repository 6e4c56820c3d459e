"""Names for the ids that cross rooms, so that one kind is never passed for another."""

import secrets
from typing import NewType

RequestId = NewType("RequestId", str)
SessionId = NewType("SessionId", str)
WorkerId = NewType("WorkerId", str)
ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)
FolderId = NewType("FolderId", int)


def new_request_id() -> RequestId:
    return RequestId(secrets.token_hex(8))


def session_of(conversation: ConversationId) -> SessionId:
    """The engine's affinity hint and purge key for one stored conversation."""
    return SessionId(f"chat-{conversation}")
