"""The composer: the editor, its attachments, the queue above it, and Send or Stop.

Main thread. Knows its collaborators, no other panel. A text leaves the editor when it is sent
and leaves the drafts only when the chat room says that it is stored.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from PySide6.QtCore import QBuffer, QIODevice, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.chat.events import MessageAdded, QueueChanged, TurnRefused
from app.core.ids import ConversationId, MessageId
from app.storage.queued import QueuedId
from app.ui.bridge import Answers, Bridge
from app.ui.composer.attachments import Attachment, Documents
from app.ui.composer.chips import Chips
from app.ui.composer.drafts import Drafts
from app.ui.composer.editing import EditNote
from app.ui.composer.editor import Editor, local_paths
from app.ui.composer.queue import QueueRows
from app.ui.controls import IconButton, action
from app.ui.current import Current, Place
from app.ui.events import Event
from app.ui.live import Live
from app.ui.theme import Theme

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


class Sender(Protocol):
    """The verbs of a conversation the composer speaks; `Turns` is one."""

    def start(self, text: str, model: str = "") -> "Future[ConversationId]": ...

    def send(self, conversation: ConversationId, text: str) -> None: ...

    def stop(self, conversation: ConversationId) -> None: ...

    def send_waiting(self, conversation: ConversationId) -> None: ...

    def edit_waiting(self, conversation: ConversationId, waiting: QueuedId, text: str) -> None: ...

    def remove_waiting(self, conversation: ConversationId, waiting: QueuedId) -> None: ...

    def edit(self, conversation: ConversationId, question: MessageId, text: str) -> None: ...


class Composer(QWidget):
    edit_last = Signal()  # the last message is wanted back, for a change
    refused = Signal(str)  # a sentence

    def __init__(
        self,
        sender: Sender,
        drafts: Drafts,
        current: Current,
        live: Live,
        bridge: Bridge,
        theme: Theme,
        documents: Documents | None = None,
    ) -> None:
        super().__init__()
        self._sender = sender
        self._drafts = drafts
        self._current = current
        self._live = live
        self._theme = theme
        self._documents = documents
        self._answers = Answers(self)
        self._starting = False
        self._editing: MessageId | None = None  # whose text the editor holds for a change
        self._shown: ConversationId | None = current.conversation
        self._queues: dict[ConversationId, QueueChanged] = {}
        self.editor = Editor(theme)
        self.chips = Chips(theme, documents)
        self.queue = QueueRows(theme)
        self.send_button = IconButton("send", "Send", theme)
        self.attach_button = IconButton("attach", "Attach files", theme)
        self.edit_note = EditNote(theme)
        self.stop_action = action(self, "S&top the reply", self.stop, "Ctrl+.")
        self._lay_out()
        self._connect(bridge)
        self.set_theme(theme)
        self._drafts.find(self._shown, self._show_draft)

    def _lay_out(self) -> None:
        self._card = QFrame()
        self._card.setObjectName("card")
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(self.attach_button)
        bar.addStretch(1)
        bar.addWidget(self.send_button)
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(16, 12, 8, 8)
        inside.setSpacing(6)
        inside.addWidget(self.edit_note)
        inside.addWidget(self.chips)
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
        self.setAcceptDrops(self._documents is not None)
        self.attach_button.setVisible(self._documents is not None)
        self.editor.takes_attachments = self._documents is not None
        self.send_button.setObjectName("send")

    def _connect(self, bridge: Bridge) -> None:
        self.editor.submitted.connect(self.send)
        self.editor.textChanged.connect(self._written)
        self.editor.recalled.connect(self.edit_last)
        self.editor.given_up.connect(self._give_up)
        self.edit_note.cancelled.connect(self._end_edit)
        self.editor.focused.connect(self._outline)
        self.editor.files_pasted.connect(self.attach)
        self.editor.image_pasted.connect(self._attach_image)
        self.editor.long_text_pasted.connect(self._attach_text)
        self.chips.inlined.connect(self.editor.insertPlainText)
        self.chips.changed.connect(self._refresh)
        self.send_button.clicked.connect(self._pressed)
        self.attach_button.clicked.connect(self._choose_files)
        self.queue.changed.connect(self._edit_waiting)
        self.queue.removed.connect(self._remove_waiting)
        self.queue.sent.connect(self._send_waiting)
        self._current.changed.connect(self._show)
        self._live.changed.connect(self._live_changed)
        bridge.arrived.connect(self._follow)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._column.setMaximumWidth(round(theme.column))
        for part in (
            self.editor, self.chips, self.queue, self.attach_button, self.edit_note,
        ):  # fmt: skip
            part.set_theme(theme)
        self._refresh()

    # -- verbs

    def send(self) -> None:
        text = self.editor.toPlainText()
        if self._starting or not (text.strip() or self.chips.attachments) or not self.chips.ready:
            return
        if self._documents is not None and self.chips.attachments:
            text = self._documents.weave(text, self.chips.attachments)
            self.chips.clear()
        here = self._current.conversation
        if here is None:
            self._start(text)
        elif self._editing is not None:
            question = self._editing
            self._end_edit()
            self._live.begin(here)
            self._sender.edit(here, question, text)
        else:
            streaming = self._live.streaming(here)
            self._empty()
            if not streaming:
                self._live.begin(here)
            self._sender.send(here, text)

    def stop(self) -> None:
        here = self._current.conversation
        if here is not None and self._live.streaming(here):
            self._sender.stop(here)

    def write(self, text: str) -> None:
        """Put a text there to be looked at before it is sent."""
        self.editor.replace(text)
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin_edit(self, message: MessageId, text: str) -> None:
        """Change what was said: sending makes a new version of that message."""
        if not self._live.streaming(self._shown):
            self._drafts.keep(self._shown, self.editor.toPlainText())
            self._editing = message
            self.edit_note.show()
            self._show_draft(text)
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _end_edit(self) -> None:
        self._editing = None
        self.edit_note.hide()
        self._show_draft(self._drafts.known(self._shown))

    def _give_up(self) -> None:
        if self._editing is not None:
            self._end_edit()
        else:
            self.stop()

    def attach(self, paths: list[str]) -> None:
        for path in paths:
            kind = "image" if path.lower().endswith(_IMAGES) else "file"
            name = path.replace("\\", "/").rsplit("/", 1)[-1]
            self.chips.add(Attachment(name=name, kind=kind, path=path))

    # -- what happens

    def _start(self, text: str) -> None:
        def opened(conversation: ConversationId) -> None:
            self._starting = False
            self._drafts.keep(None, "")
            self._live.begin(conversation)
            if self._current.conversation is None:
                self._current.open(conversation)

        def failed(error: BaseException) -> None:
            self._starting = False
            self._show_draft(text)
            self.refused.emit(str(error))

        self._starting = True
        self.editor.replace("")
        self._drafts.keep(None, text)  # until the new chat is on disk
        self._answers.take(self._sender.start(text), opened, failed)

    def _empty(self) -> None:
        # The draft on disk stays until the message is: a crash between loses nothing.
        blocked = self.editor.blockSignals(True)
        self.editor.replace("")
        self.editor.blockSignals(blocked)
        self._refresh()

    def _follow(self, event: Event) -> None:
        match event:
            case MessageAdded(message=message) if message.message.role == "user":
                if event.conversation == self._shown:
                    self._keep_written()
                else:
                    self._drafts.keep(event.conversation, "")
            case QueueChanged():
                self._queues[event.conversation] = event
                if event.conversation == self._shown:
                    self.queue.follow(event)
                    self._keep_written()
            case TurnRefused():
                self._take_back(event)
            case _:
                pass

    def _take_back(self, event: TurnRefused) -> None:
        if event.conversation == self._shown:
            written = self.editor.toPlainText()
            self.editor.replace("\n\n".join(filter(None, (event.text, written))))
        elif event.text:
            self._drafts.keep(event.conversation, event.text)
        self.refused.emit(event.error.message)

    def _show(self, place: Place) -> None:
        if place.conversation == self._shown:
            return
        self._drafts.save()
        self._editing = None
        self.edit_note.hide()
        self._shown = place.conversation
        self._empty()
        self.chips.clear()
        self._drafts.find(self._shown, self._show_draft_of(self._shown))
        queue = self._queues.get(self._shown) if self._shown is not None else None
        self.queue.show_queue(queue.waiting if queue else (), held=bool(queue and queue.held))
        self._refresh()

    def _show_draft_of(self, conversation: ConversationId | None) -> Callable[[str], None]:
        def show(text: str) -> None:
            if self._shown == conversation and not self.editor.toPlainText():
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
            self._drafts.keep(self._shown, self.editor.toPlainText())

    def _edit_waiting(self, waiting: int, text: str) -> None:
        if self._shown is not None:
            self._sender.edit_waiting(self._shown, QueuedId(waiting), text)

    def _remove_waiting(self, waiting: int) -> None:
        if self._shown is not None:
            self._sender.remove_waiting(self._shown, QueuedId(waiting))

    def _send_waiting(self) -> None:
        if self._shown is not None:
            self._sender.send_waiting(self._shown)

    def _pressed(self) -> None:
        if self._live.streaming(self._shown):
            self.stop()
        else:
            self.send()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _live_changed(self, _: ConversationId) -> None:
        self._refresh()

    def _refresh(self) -> None:
        streaming = self._live.streaming(self._shown)
        written = bool(self.editor.toPlainText().strip() or self.chips.attachments)
        self.send_button.setEnabled(streaming or (written and self.chips.ready))
        self.send_button.setProperty("kind", "primary")
        colors = self._theme.colors
        tint = colors.on_accent if self.send_button.isEnabled() else colors.faint
        self.send_button.show_icon("stop" if streaming else "send", tint)
        self.send_button.set_theme(self._theme)
        side = round(self._theme.px(32))
        self.send_button.setFixedSize(QSize(side, side))
        self.send_button.label("Stop the reply (Esc)" if streaming else "Send (Return)")
        self.stop_action.setEnabled(streaming)
        self.editor.setPlaceholderText(
            "Write the next message; it waits its turn" if streaming else "Write a message"
        )

    def _outline(self, active: bool) -> None:
        self._mark("active", active)

    def _mark(self, name: str, on: bool) -> None:
        self._card.setProperty(name, on)
        self._card.style().unpolish(self._card)
        self._card.style().polish(self._card)

    # -- files

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Attach files")
        self.attach(paths)

    def _attach_text(self, text: str) -> None:
        lines = text.count("\n") + 1
        self.chips.add(Attachment(name=f"Pasted text, {lines:,} lines", kind="text", text=text))

    def _attach_image(self, image: QImage) -> None:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, b"png").write(image)
        data = bytes(buffer.data().data())
        self.chips.add(Attachment(name="Pasted image", kind="image", data=data))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_paths(event.mimeData()):
            self._mark("dropping", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark("dropping", False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._mark("dropping", False)
        self.attach(local_paths(event.mimeData()))
        event.acceptProposedAction()
