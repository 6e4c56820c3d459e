"""Where chats live: most on disk, temporary ones in memory alone, each with its own verbs.

Main thread. Everything that touches a conversation asks here first, so that nothing of a
temporary one can take the way to the disk.
"""

import msgspec

from app.chat.narrator import Narrator
from app.chat.sense import Senses
from app.chat.turns import Turns
from app.core.ids import ConversationId
from app.storage.database import Database, is_temporary


class Chats(msgspec.Struct, frozen=True):
    """One database of chats and the verbs over it."""

    db: Database
    turns: Turns
    narrator: Narrator


class Keeping(msgspec.Struct, frozen=True):
    stored: Chats
    passing: Chats
    senses: Senses | None = None  # without, chats are searched by words alone

    def of(self, conversation: ConversationId) -> Chats:
        return self.passing if is_temporary(conversation) else self.stored

    def new(self, *, temporary: bool) -> Chats:
        return self.passing if temporary else self.stored
