"""Which conversation is shown, for every panel that follows it. Main thread.

`None` is a new chat that has no row in the database yet. Panels change it with `open` and
follow `changed`; none of them knows another.
"""

import msgspec
from PySide6.QtCore import QObject, Signal

from app.core.ids import ConversationId, MessageId


class Place(msgspec.Struct, frozen=True):
    conversation: ConversationId | None = None
    message: MessageId | None = None  # what to scroll to: a search hit


class Current(QObject):
    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._place = Place()

    @property
    def conversation(self) -> ConversationId | None:
        return self._place.conversation

    def open(self, conversation: ConversationId | None, message: MessageId | None = None) -> None:
        place = Place(conversation, message)
        if place == self._place and message is None:
            return
        self._place = place
        self.changed.emit(place)
