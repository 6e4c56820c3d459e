"""Which conversation is shown, for every panel that follows it. Main thread.

A chat without a row in the database yet is a new one, temporary or not. Panels change what is
shown with `open` and `begin` and follow `changed`; none of them knows another.
"""

from enum import Enum

import msgspec
from PySide6.QtCore import QObject, Signal

from app.core.ids import ConversationId, MessageId
from app.storage.database import is_temporary


class NewChat(Enum):
    """A chat that has no row yet."""

    STORED = "stored"
    TEMPORARY = "temporary"


Sheet = ConversationId | NewChat  # what a text is written on


class Place(msgspec.Struct, frozen=True):
    conversation: ConversationId | None = None
    message: MessageId | None = None  # what to scroll to: a search hit, or where one was
    part: int = 0  # of that message, and how far down in it
    below: float = 0.0
    words: str = ""  # what was searched for, when it is a search hit
    new: NewChat = NewChat.STORED  # which kind of new chat, when there is no conversation

    @property
    def sheet(self) -> Sheet:
        return self.new if self.conversation is None else self.conversation

    @property
    def temporary(self) -> bool:
        here = self.conversation
        return self.new is NewChat.TEMPORARY if here is None else is_temporary(here)


class Current(QObject):
    changed = Signal(object)
    opened = Signal()  # also the one that is shown already

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._place = Place()

    @property
    def place(self) -> Place:
        return self._place

    @property
    def conversation(self) -> ConversationId | None:
        return self._place.conversation

    def open(
        self,
        conversation: ConversationId | None,
        message: MessageId | None = None,
        part: int = 0,
        below: float = 0.0,
        words: str = "",
    ) -> None:
        self._go(Place(conversation, message, part, below, words))
        self.opened.emit()

    def begin(self, new: NewChat) -> None:
        """The empty page of a new chat."""
        self._go(Place(new=new))

    def _go(self, place: Place) -> None:
        if place == self._place and place.message is None:
            return
        self._place = place
        self.changed.emit(place)
