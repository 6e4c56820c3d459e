"""The composer: the editor, its attachments, the queue above it, and Send or Stop.

Main thread. Knows its collaborators, no other panel. A text leaves the editor when it is sent
and leaves the drafts only when the chat room says that it is stored. What was to change a sent
message is no draft: it comes back, to its own chat, as the change it was.
"""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.chat.events import MessageAdded, QueueChanged, TurnRefused
from app.core.ids import ConversationId, MessageId
from app.core.messages import clean_text
from app.storage import queued
from app.storage.database import is_temporary
from app.storage.queued import Queued, QueuedId
from app.ui.bridge import Answers, Bridge
from app.ui.composer.attaching import Attaching
from app.ui.composer.attachments import Attachment, Documents
from app.ui.composer.drafts import Drafts
from app.ui.composer.editing import Edit, EditNote
from app.ui.composer.editor import Editor, local_paths
from app.ui.composer.preset_menu import PresetMenu
from app.ui.composer.queue import QueueRows
from app.ui.controls import IconButton, action
from app.ui.current import Current, NewChat, Place, Sheet
from app.ui.events import Event
from app.ui.keeping import Keeping
from app.ui.live import Live
from app.ui.theme import Theme

_BUSY = "Wait for the reply to end, or stop it, before you change a message."


class Composer(QWidget):
    edit_last = Signal()  # the last message is wanted back, for a change
    refused = Signal(str)  # a sentence

    def __init__(
        self,
        keeping: Keeping,
        drafts: Drafts,
        current: Current,
        live: Live,
        bridge: Bridge,
        theme: Theme,
        documents: Documents,
    ) -> None:
        super().__init__()
        self._keeping = keeping
        self._drafts = drafts
        self._current = current
        self._live = live
        self._theme = theme
        self._answers = Answers(self)
        self._starting = False
        self._presets: PresetMenu | None = None
        self._editing: MessageId | None = None  # whose text the editor holds for a change
        self._edit_waits = False  # it is sent when the reply that was stopped has ended
        self._edits: dict[ConversationId, Edit] = {}  # in chats that are not shown
        self._sheet: Sheet = current.place.sheet
        self.editor = Editor(theme)
        self.attaching = Attaching(self.editor, theme, documents, self._sheet, self)
        self.queue = QueueRows(theme)
        self.send_button = IconButton("send", "Send", theme)
        self.attach_button = IconButton("attach", "Attach files", theme)
        self.edit_note = EditNote(theme)
        self.stop_action = action(self, "S&top the reply", self.stop, "Ctrl+.")
        self.attach_action = action(self, "&Attach files…", self.attaching.choose, "Ctrl+U")
        self._lay_out()
        self._connect(bridge)
        self.set_theme(theme)
        self._drafts.find(self._sheet, self._show_draft)

    def _lay_out(self) -> None:
        self._card = QFrame()
        self._card.setObjectName("card")
        bar = self._bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(self.attach_button)
        bar.addStretch(1)
        bar.addWidget(self.send_button)
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(16, 12, 8, 8)
        inside.setSpacing(6)
        inside.addWidget(self.edit_note)
        inside.addWidget(self.attaching.chips)
        inside.addWidget(self.editor)
        inside.addLayout(bar)
        column = QWidget()
        column.setMaximumWidth(round(self._theme.column))
        stacked = QVBoxLayout(column)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(0)
        stacked.addWidget(self.queue)
        stacked.addWidget(self._card)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 4, 24, 16)
        row.addStretch(1)
        row.addWidget(column, 100)
        row.addStretch(1)
        self._column = column
        self.setFocusProxy(self.editor)
        self.setAcceptDrops(True)
        self.send_button.setObjectName("send")

    def _connect(self, bridge: Bridge) -> None:
        self.editor.submitted.connect(self.send)
        self.editor.textChanged.connect(self._written)
        self.editor.recalled.connect(self.edit_last)
        self.editor.given_up.connect(self._give_up)
        self.edit_note.cancelled.connect(self._end_edit)
        self.editor.focused.connect(self._outline)
        self.attaching.changed.connect(self._refresh)
        self.send_button.clicked.connect(self._pressed)
        self.attach_button.does(self.attach_action)
        self.queue.changed.connect(self._edit_waiting)
        self.queue.removed.connect(self._remove_waiting)
        self.queue.left_over.connect(self._take_change)
        self.queue.sent.connect(self._send_waiting)
        self._current.changed.connect(self._show)
        self._live.changed.connect(self._follow_live)
        bridge.arrived.connect(self._follow)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._column.setMaximumWidth(round(theme.column))
        for part in (
            self.editor, self.attaching.chips, self.queue, self.attach_button, self.edit_note,
        ):  # fmt: skip
            part.set_theme(theme)
        if self._presets is not None:
            self._presets.set_theme(theme)
        self._refresh()

    def offer(self, presets: PresetMenu) -> None:
        """Beside the files; a chat that begins takes along what is chosen in it."""
        self._presets = presets
        self._bar.insertWidget(1, presets)

    @property
    def _here(self) -> ConversationId | None:
        return self._current.conversation

    # -- verbs

    def send(self) -> None:
        text, here = self.editor.toPlainText(), self._here
        attached = self.attaching
        if self._starting or not self._complete:
            return
        if here is None:
            self._start(text)
        elif self._editing is not None:
            self._send_edit(here, self._editing, text)
        else:
            carried = attached.documents
            attached.sent(here, attached.take())
            self._empty()
            if not self._live.streaming(here):
                self._live.begin(here)
            self._keeping.of(here).turns.send(here, text, carried)

    @property
    def _complete(self) -> bool:
        """There is something to send, and all of it has been read."""
        written = bool(self.editor.toPlainText().strip())
        if self._editing is not None:  # what is attached waits for the next message
            return written
        return (written or self.attaching.any) and self.attaching.ready

    def _send_edit(self, here: ConversationId, question: MessageId, text: str) -> None:
        self._edit_waits = self._live.stopping(here)
        if self._edit_waits:
            return
        if self._live.streaming(here):
            self.refused.emit(_BUSY)
            return
        self._end_edit()
        self._live.begin(here)
        self._keeping.of(here).turns.edit(here, question, text)

    def stop(self) -> None:
        here = self._here
        if here is not None and self._live.streaming(here):
            self._live.stop(here)
            self._keeping.of(here).turns.stop(here)

    def write(self, text: str) -> None:
        """Put a text there to be looked at before it is sent; Ctrl+Z brings back what was there."""
        self.editor.selectAll()
        self.editor.insertPlainText(text)
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin_edit(self, message: MessageId, text: str) -> None:
        """Change what was said: sending makes a new version of that message."""
        if self._live.streaming(self._here) and not self._live.stopping(self._here):
            self.refused.emit(_BUSY)
            return
        self._keep_written()
        self._hold(Edit(message, text))
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _hold(self, edit: Edit) -> None:
        self._editing = edit.message
        self.edit_note.show()
        self._take_files(False)
        self._show_draft(edit.text)

    def _end_edit(self) -> None:
        self._editing = None
        self._edit_waits = False
        self.edit_note.hide()
        self._take_files(True)
        self._show_draft(self._drafts.known(self._sheet))

    @property
    def edits(self) -> dict[ConversationId, Edit]:
        """Every change that was begun, for the next start: of temporary chats nothing is kept."""
        found = dict(self._edits)
        if self._here is not None and self._editing is not None:
            found[self._here] = Edit(self._editing, self.editor.toPlainText())
        return {chat: edit for chat, edit in found.items() if not is_temporary(chat)}

    def restore(self, edits: Mapping[ConversationId, Edit]) -> None:
        self._edits = dict(edits)

    def _take_files(self, on: bool) -> None:
        """An edited message keeps the files it had; those waiting here wait on."""
        self.setAcceptDrops(on)
        self.editor.takes_attachments = on
        self.attach_action.setEnabled(on)
        self.attaching.chips.setVisible(on and self.attaching.any)

    def _give_up(self) -> None:
        if self._editing is not None:
            self._end_edit()
        else:
            self.stop()

    def set_return_sends(self, on: bool) -> None:
        self.editor.return_sends = on
        self._refresh()

    # -- what happens

    def _follow_live(self) -> None:
        self._refresh()
        if self._edit_waits and not self._live.streaming(self._here):
            self.send()

    def _start(self, text: str) -> None:
        sheet, attached = self._sheet, self.attaching.documents
        taken = self.attaching.take()

        def opened(conversation: ConversationId) -> None:
            self._starting = False
            if (written := self._drafts.known(sheet)) != text:  # more, meanwhile
                self._drafts.keep(conversation, written)
            self._drafts.keep(sheet, "")
            if self._presets is not None:
                self._presets.taken()
            self._live.begin(conversation)
            self.attaching.sent(conversation, taken)
            if self._sheet == sheet:
                self._current.open(conversation)

        def failed(error: BaseException) -> None:
            self._starting = False
            self._give_back(sheet, text, taken)
            self.refused.emit(str(error))

        self._starting = True
        self.editor.replace("")
        self._drafts.keep(sheet, text)  # until the new chat is on disk
        turns = self._keeping.new(temporary=self._current.place.temporary).turns
        preset = self._presets.for_new if self._presets is not None else None
        self._answers.take(turns.start(text, preset=preset, carried=attached), opened, failed)

    def _empty(self) -> None:
        # The draft on disk stays until the message is: a crash between loses nothing.
        self._show_draft("")

    def _follow(self, event: Event) -> None:
        match event:
            case MessageAdded(message=message) if message.message.role == "user":
                self._stored(event.conversation, [message.message.text])
            case QueueChanged():
                if event.conversation == self._here:
                    self.queue.show_queue(event.waiting, held=event.held)
                self._stored(event.conversation, [each.text for each in event.waiting])
            case TurnRefused():
                if event.text:
                    self._take_back(event)
                self.attaching.refused(event.conversation)
                self.refused.emit(event.error.message)
            case _:
                pass

    def _stored(self, conversation: ConversationId, said: Sequence[str]) -> None:
        """What was sent is on disk: only what was written since is still a draft."""
        self.attaching.stored(conversation)
        if conversation == self._here:
            self._keep_written()
        elif clean_text(self._drafts.known(conversation)).strip() in said:
            self._drafts.keep(conversation, "")

    def _take_back(self, refused: TurnRefused) -> None:
        sheet, question = refused.conversation, refused.question
        if question is None or (sheet == self._sheet and self._editing is not None):
            self._give_back(sheet, refused.text, ())
        elif sheet == self._sheet:
            self._keep_written()
            self._hold(Edit(question, refused.text))
        else:
            self._edits[sheet] = Edit(question, refused.text)

    def _give_back(self, sheet: Sheet, text: str, attached: tuple[Attachment, ...]) -> None:
        if sheet == self._sheet and self._editing is None:
            written = self.editor.toPlainText()
            self.editor.replace("\n\n".join(filter(None, (text, written))))
        else:
            written = self._drafts.known(sheet)
            parts = (text, "" if written == text else written)
            self._drafts.keep(sheet, "\n\n".join(filter(None, parts)))
        self.attaching.give_back(sheet, attached)

    def _take_change(self, text: str, typing: bool) -> None:
        """The message was sent as it was: its change can be the next one."""
        self._give_back(self._sheet, text, ())
        if typing:
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, place: Place) -> None:
        if place.sheet == self._sheet:
            return
        self._drafts.save()
        if self._editing is not None and not isinstance(self._sheet, NewChat):
            self._edits[self._sheet] = Edit(self._editing, self.editor.toPlainText())
            self._end_edit()
        self.queue.show_queue((), held=False)
        self._sheet = sheet = place.sheet
        self._empty()
        self.attaching.show_sheet(sheet)
        self._mark("temporary", place.temporary)
        self._drafts.find(sheet, self._show_draft_of(sheet))
        if not isinstance(sheet, NewChat) and (edit := self._edits.pop(sheet, None)):
            self._hold(edit)
        if place.conversation is not None:
            self._find_queue(place.conversation)
        self._refresh()

    def _find_queue(self, conversation: ConversationId) -> None:
        """What has waited since before this chat was opened."""

        def came(waiting: tuple[Queued, ...]) -> None:
            if conversation == self._here:
                self.queue.show_queue(waiting, held=not self._live.streaming(conversation))

        reading = self._keeping.of(conversation).db.read(
            lambda tx: queued.waiting(tx, conversation)
        )
        self._answers.take(reading, came, lambda _: None)

    def _show_draft_of(self, sheet: Sheet) -> Callable[[str], None]:
        def show(text: str) -> None:
            if self._sheet == sheet and not self.editor.toPlainText():
                self._show_draft(text)

        return show

    def _show_draft(self, text: str) -> None:
        blocked = self.editor.blockSignals(True)
        self.editor.replace(text)
        self.editor.blockSignals(blocked)
        self._refresh()

    def _written(self) -> None:
        self._keep_written()
        self._refresh()

    def _keep_written(self) -> None:
        if self._editing is None:
            self._drafts.keep(self._sheet, self.editor.toPlainText())

    def _edit_waiting(self, waiting: int, text: str) -> None:
        if (here := self._here) is not None:
            self._keeping.of(here).turns.edit_waiting(here, QueuedId(waiting), text)

    def _remove_waiting(self, waiting: int) -> None:
        if (here := self._here) is not None:
            self._keeping.of(here).turns.remove_waiting(here, QueuedId(waiting))

    def _send_waiting(self) -> None:
        if (here := self._here) is not None:
            self._live.begin(here)
            self._keeping.of(here).turns.send_waiting(here)

    def _pressed(self) -> None:
        if self._live.streaming(self._here):
            self.stop()
        else:
            self.send()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _refresh(self) -> None:
        streaming = self._live.streaming(self._here)
        self.send_button.setEnabled(streaming or self._complete)
        self.send_button.setProperty("kind", "primary")
        colors = self._theme.colors
        tint = colors.on_accent if self.send_button.isEnabled() else colors.faint
        self.send_button.show_icon("stop" if streaming else "send", tint)
        self.send_button.set_theme(self._theme)
        side = round(self._theme.px(32))
        self.send_button.setFixedSize(QSize(side, side))
        keys = self.editor.send_keys
        self.send_button.label("Stop the reply (Esc)" if streaming else f"Send ({keys})")
        self.stop_action.setEnabled(streaming)
        self.editor.invite(self._invitation(streaming))

    def _invitation(self, streaming: bool) -> str:
        if streaming:
            return "Write the next message; it waits its turn"
        if self._current.place.temporary:
            return "Write a message; this chat is not kept"
        return "Write a message"

    def _outline(self, active: bool) -> None:
        self._mark("active", active)

    def _mark(self, name: str, on: bool) -> None:
        self._card.setProperty(name, on)
        self._card.style().unpolish(self._card)
        self._card.style().polish(self._card)

    # -- dropped files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.acceptDrops() and local_paths(event.mimeData()):
            self._mark("dropping", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark("dropping", False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._mark("dropping", False)
        self.attaching.attach(local_paths(event.mimeData()))
        event.acceptProposedAction()
