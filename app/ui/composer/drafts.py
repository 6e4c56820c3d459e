"""What was written and not sent, one text per chat. Main thread; saving happens elsewhere.

The text lives here while the window is open and in its chat's database at most half a second
later. A new chat has no row yet: its draft only the window's own memory keeps, and that of a
new temporary chat nobody.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.core.ids import ConversationId
from app.storage import conversations
from app.storage.database import Tx
from app.ui.bridge import Answers
from app.ui.current import NewChat, Sheet
from app.ui.keeping import Keeping

SAVE_MS = 500


class Drafts(QObject):
    def __init__(self, keeping: Keeping, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keeping = keeping
        self._answers = Answers(self)
        self._texts: dict[Sheet, str] = {}
        self._unsaved: set[ConversationId] = set()
        self._timer = QTimer(self, interval=SAVE_MS, singleShot=True)
        self._timer.timeout.connect(self.save)

    def keep(self, sheet: Sheet, text: str) -> None:
        self._texts[sheet] = text
        if not isinstance(sheet, NewChat):
            self._unsaved.add(sheet)
            self._timer.start()

    def known(self, sheet: Sheet) -> str:
        return self._texts.get(sheet, "")

    def find(self, sheet: Sheet, use: Callable[[str], None]) -> None:
        """Calls back at once when the text is known here, else when the database answered."""
        known = self._texts.get(sheet)
        if known is not None or isinstance(sheet, NewChat):
            use(known or "")
            return

        def came(stored: str) -> None:
            use(self._texts.setdefault(sheet, stored))

        reading = self._keeping.of(sheet).db.read(lambda tx: conversations.get(tx, sheet).draft)
        # A chat that is gone has no draft: the list says so, not the composer.
        self._answers.take(reading, came, lambda _: None)

    def save(self) -> None:
        self._timer.stop()
        unsaved, self._unsaved = self._unsaved, set()
        for conversation in unsaved:
            self._save(conversation, self._texts[conversation])

    def _save(self, conversation: ConversationId, text: str) -> None:
        def put(tx: Tx) -> None:
            conversations.set_draft(tx, conversation, text)

        self._keeping.of(conversation).db.write(put)
