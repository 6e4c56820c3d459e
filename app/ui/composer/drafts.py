"""What was written and not sent, one text per conversation. Main thread; saving happens elsewhere.

The text lives here while the window is open and in the database at most half a second later;
`None` is the new chat that has no row yet, whose draft only the window's own memory keeps.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.core.ids import ConversationId
from app.storage import conversations
from app.storage.database import Database
from app.ui.bridge import Answers

SAVE_MS = 500


class Drafts(QObject):
    def __init__(self, db: Database, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._db = db
        self._answers = Answers(self)
        self._texts: dict[ConversationId | None, str] = {}
        self._unsaved: set[ConversationId] = set()
        self._timer = QTimer(self, interval=SAVE_MS, singleShot=True)
        self._timer.timeout.connect(self.save)

    def keep(self, conversation: ConversationId | None, text: str) -> None:
        self._texts[conversation] = text
        if conversation is not None:
            self._unsaved.add(conversation)
            self._timer.start()

    def known(self, conversation: ConversationId | None) -> str:
        return self._texts.get(conversation, "")

    def find(self, conversation: ConversationId | None, use: Callable[[str], None]) -> None:
        """Calls back at once when the text is known here, else when the database answered."""
        known = self._texts.get(conversation)
        if known is not None or conversation is None:
            use(known or "")
            return

        def came(stored: str) -> None:
            use(self._texts.setdefault(conversation, stored))

        reading = self._db.read(lambda tx: conversations.get(tx, conversation).draft)
        # A chat that is gone has no draft: the list says so, not the composer.
        self._answers.take(reading, came, lambda _: None)

    def save(self) -> None:
        self._timer.stop()
        changed = {found: self._texts[found] for found in self._unsaved}
        self._unsaved.clear()
        if changed:
            self._db.write(
                lambda tx: [
                    conversations.set_draft(tx, found, text) for found, text in changed.items()
                ]
            )
