"""Which conversations are being answered right now, as the window knows it. Main thread.

Follows the bridge; panels ask `streaming` and follow `changed`, which names the conversation.
"""

from PySide6.QtCore import QObject, Signal

from app.chat.events import MessageAdded, ReplyFinished, TurnRefused
from app.core.ids import ConversationId
from app.ui.bridge import Bridge
from app.ui.events import Event


class Live(QObject):
    changed = Signal(object)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._streaming: set[ConversationId] = set()
        bridge.arrived.connect(self._follow)

    def streaming(self, conversation: ConversationId | None) -> bool:
        return conversation in self._streaming

    def begin(self, conversation: ConversationId) -> None:
        """A message is on its way: the next one has to wait for its answer."""
        if conversation not in self._streaming:
            self._streaming.add(conversation)
            self.changed.emit(conversation)

    def _follow(self, event: Event) -> None:
        match event:
            case MessageAdded(message=message) if message.status == "streaming":
                self.begin(event.conversation)
            case ReplyFinished() | TurnRefused():
                self._streaming.discard(event.conversation)
                self.changed.emit(event.conversation)
            case _:
                pass
