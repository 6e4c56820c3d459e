"""The account of the chat on screen, asked for anew whenever it may have changed.

Main thread; counting is the engine's and may take a moment. While a reply streams nothing is
asked: its end says so. Without a model there is no account, and nothing is shown.
"""

from PySide6.QtCore import QObject, Signal

from app.chat.events import (
    BranchChanged,
    MessageDeleted,
    NarrativeChanged,
    ReplyFinished,
    WindFinished,
    WindowMeasured,
)
from app.chat.seen import Account
from app.core.ids import ConversationId
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current, Place
from app.ui.events import Event, ModelChanged, ModelReady
from app.ui.keeping import Keeping
from app.ui.live import Live


class Accounts(QObject):
    changed = Signal()

    def __init__(self, keeping: Keeping, current: Current, live: Live, bridge: Bridge) -> None:
        super().__init__(current)
        self._keeping = keeping
        self._current = current
        self._live = live
        self._answers = Answers(self)
        self._ready = False
        self._known: dict[ConversationId, Account] = {}
        current.changed.connect(self._place_changed)
        bridge.arrived.connect(self._follow)

    @property
    def here(self) -> Account | None:
        """Of the chat on screen, as it was counted last."""
        conversation = self._current.conversation
        return None if conversation is None else self._known.get(conversation)

    def count(self) -> None:
        conversation = self._current.conversation
        if conversation is None or not self._ready or self._live.streaming(conversation):
            return

        def came(account: Account) -> None:
            self._known[conversation] = account
            self.changed.emit()

        counting = self._keeping.of(conversation).narrator.account(conversation)
        # A model that is just being unloaded counts nothing: the next one will.
        self._answers.take(counting, came, lambda _: None)

    def _place_changed(self, _: Place) -> None:
        self.changed.emit()
        self.count()

    def _follow(self, event: Event) -> None:
        match event:
            case ModelChanged(state=state):
                ready, self._ready = self._ready, isinstance(state, ModelReady)
                if self._ready and not ready:
                    self._known.clear()  # another model counts otherwise
                    self.count()
            case (
                ReplyFinished()
                | WindowMeasured()
                | WindFinished()
                | NarrativeChanged()
                | BranchChanged()
                | MessageDeleted()
            ):
                if event.conversation == self._current.conversation:
                    self.count()
            case _:
                pass
