"""What a reader asks of a message becomes a verb. Main thread.

The transcript knows what it shows, `Keeping` where the chat lives; what comes of a verb arrives
as an event, for whoever shows it.
"""

from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.core.ids import ConversationId
from app.ui.bridge import Answers
from app.ui.current import Current
from app.ui.keeping import Keeping
from app.ui.live import Live
from app.ui.notes import Notes
from app.ui.reading import message_id
from app.ui.sidebar.library import Library
from app.ui.transcript.items import (
    AnswerCalls,
    Branch,
    Continue,
    Delete,
    Edit,
    ItemId,
    MessageItem,
    OpenLink,
    OpenSegment,
    Regenerate,
    Request,
    SaveCode,
    SwitchVersion,
)
from app.ui.transcript.view import Transcript


class Requests(QObject):
    editing = Signal(object, str)  # a message and its text, wanted in the composer
    narrative = Signal()  # to be read

    def __init__(
        self,
        transcript: Transcript,
        current: Current,
        live: Live,
        keeping: Keeping,
        library: Library,
        notes: Notes,
    ) -> None:
        super().__init__(transcript)
        self._transcript = transcript
        self._current = current
        self._live = live
        self._keeping = keeping
        self._library = library
        self._notes = notes
        self._answers = Answers(self)
        transcript.requested.connect(self._do)

    def edit_last(self) -> None:
        """The reader's last message, into the composer."""
        if (last := self._transcript.last_said()) is not None:
            self.editing.emit(message_id(last.id), last.text)

    def _do(self, request: Request) -> None:
        here = self._current.conversation
        if here is None:
            return
        turns = self._keeping.of(here).turns
        match request:
            case Regenerate(id=item):
                self._regenerate(here, item)
            case Continue(id=item):
                self._live.begin(here)
                turns.continue_reply(here, message_id(item))
            case Delete(id=item):
                turns.delete(here, message_id(item))
            case SwitchVersion(id=item, step=step):
                turns.switch_version(here, message_id(item), step)
            case AnswerCalls(id=item, allowed=allowed):
                self._live.begin(here)
                turns.answer_calls(here, message_id(item), allowed=allowed)
            case Edit(id=item):
                self._edit(item)
            case Branch(id=item):
                branched = self._library.branch_off(here, message_id(item))
                self._answers.take(branched, self._current.open)
            case OpenLink(url=url):
                QDesktopServices.openUrl(QUrl(url))
            case SaveCode(code=code):
                self._save(code)
            case OpenSegment():
                self.narrative.emit()

    def _regenerate(self, here: ConversationId, item: ItemId) -> None:
        """What failed last is tried again where it is; everything else is a new version."""
        turns, shown = self._keeping.of(here).turns, self._transcript.item(item)
        failed = isinstance(shown, MessageItem) and shown.status == "failed"
        again = turns.retry if failed and item == self._transcript.last_item else turns.regenerate
        self._live.begin(here)
        again(here, message_id(item))

    def _edit(self, item: ItemId) -> None:
        shown = self._transcript.item(item)
        if isinstance(shown, MessageItem):
            self.editing.emit(message_id(item), shown.text)

    def _save(self, code: str) -> None:
        path, _ = QFileDialog.getSaveFileName(self._transcript, "Save the code")
        if not path:
            return
        try:
            Path(path).write_text(code, "utf-8")
        except OSError as error:
            self._notes.warn(f"The file could not be written: {error.strerror}.")
