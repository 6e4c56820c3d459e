"""Which conversations are streaming or about to, for the marks, the composer and the footer.

Main thread. `begin` may be called before the chat room has said so: the button must not wait.
What is refused takes only that promise back, never the mark of a reply that does stream.
A reply that was asked to stop streams until it has ended.
"""

from PySide6.QtCore import QObject, Signal

from app.chat.events import (
    MessageAdded,
    ReplyDelta,
    ReplyFinished,
    ReplyProgress,
    ReplyResumed,
    TurnRefused,
)
from app.core.ids import ConversationId
from app.ui.bridge import Bridge
from app.ui.events import Event


class Live(QObject):
    changed = Signal(object)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._awaited: set[ConversationId] = set()
        self._streaming: set[ConversationId] = set()
        self._stopped: set[ConversationId] = set()
        bridge.arrived.connect(self._follow)

    def streaming(self, conversation: ConversationId | None) -> bool:
        return conversation in self._streaming or conversation in self._awaited

    def stopping(self, conversation: ConversationId | None) -> bool:
        return conversation in self._stopped and self.streaming(conversation)

    def stop(self, conversation: ConversationId) -> None:
        """It was asked to end, and will in a moment."""
        self._stopped.add(conversation)

    def begin(self, conversation: ConversationId) -> None:
        """A message is on its way: the next one has to wait for its answer."""
        self._stopped.discard(conversation)
        self._mark(conversation, self._awaited)

    def seen(self, conversation: ConversationId) -> None:
        """A reply does stream there."""
        self._mark(conversation, self._streaming)

    def _mark(self, conversation: ConversationId, among: set[ConversationId]) -> None:
        known = self.streaming(conversation)
        among.add(conversation)
        if not known:
            self.changed.emit(conversation)

    def _follow(self, event: Event) -> None:
        match event:
            case MessageAdded(message=message) if message.status == "streaming":
                self.seen(event.conversation)
            case ReplyResumed() | ReplyProgress() | ReplyDelta():
                self.seen(event.conversation)
            case TurnRefused():
                self._end(event.conversation, self._awaited)
            case ReplyFinished():
                self._awaited.discard(event.conversation)
                self._stopped.discard(event.conversation)
                self._end(event.conversation, self._streaming)
            case _:
                pass

    def _end(self, conversation: ConversationId, among: set[ConversationId]) -> None:
        among.discard(conversation)
        self.changed.emit(conversation)
