"""What people hand to the composer beside text: chosen, pasted or dropped files and pictures.

Main thread. Each chat keeps what is attached to its unsent message while the window is open;
what was sent is kept until it is stored, so that a refusal brings it back.
"""

from PySide6.QtCore import QBuffer, QIODevice, QObject, Signal
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QFileDialog, QWidget

from app.core.ids import ConversationId
from app.storage.documents import Document
from app.ui.composer.attachments import Attachment, Documents
from app.ui.composer.chips import Chips
from app.ui.composer.editor import Editor
from app.ui.current import Sheet
from app.ui.theme import Theme

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


class Attaching(QObject):
    changed = Signal()

    def __init__(
        self, editor: Editor, theme: Theme, documents: Documents, sheet: Sheet, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.chips = Chips(theme, documents)
        self._owner = parent
        self._sheet: Sheet = sheet
        self._kept: dict[Sheet, tuple[Attachment, ...]] = {}
        self._sent: dict[ConversationId, tuple[Attachment, ...]] = {}
        self.chips.changed.connect(self.changed)
        self.chips.inlined.connect(editor.insertPlainText)
        editor.files_pasted.connect(self.attach)
        editor.image_pasted.connect(self._attach_image)
        editor.long_text_pasted.connect(self._attach_text)

    @property
    def documents(self) -> tuple[Document, ...]:
        found = (each.document for each in self.chips.attachments)
        return tuple(document for document in found if document is not None)

    @property
    def any(self) -> bool:
        return bool(self.chips.attachments)

    @property
    def ready(self) -> bool:
        return self.chips.ready

    # -- taking things in

    def choose(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self._owner, "Attach files")
        self.attach(paths)

    def attach(self, paths: list[str]) -> None:
        for path in paths:
            kind = "image" if path.lower().endswith(_IMAGES) else "file"
            name = path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
            self.chips.add(Attachment(name=name, kind=kind, path=path))

    def _attach_text(self, text: str) -> None:
        lines = text.count("\n") + 1
        name = f"Pasted text, {lines:,} lines" if lines > 1 else "Pasted text"
        self.chips.add(Attachment(name=name, kind="text", text=text))

    def _attach_image(self, image: QImage) -> None:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, b"png").write(image)
        data = bytes(buffer.data().data())
        self.chips.add(Attachment(name="Pasted image", kind="image", data=data))

    # -- which message they belong to

    def show_sheet(self, sheet: Sheet) -> None:
        self._kept[self._sheet] = self.chips.attachments
        self._sheet = sheet
        self.chips.show_all(self._kept.pop(sheet, ()))

    def take(self) -> tuple[Attachment, ...]:
        """They leave with the message."""
        taken = self.chips.attachments
        self.chips.show_all(())
        return taken

    def sent(self, conversation: ConversationId, attachments: tuple[Attachment, ...]) -> None:
        self._sent[conversation] = attachments

    def stored(self, conversation: ConversationId) -> None:
        self._sent.pop(conversation, None)

    def give_back(self, sheet: Sheet, attachments: tuple[Attachment, ...]) -> None:
        if sheet == self._sheet:
            self.chips.show_all((*attachments, *self.chips.attachments))
        else:
            self._kept[sheet] = (*attachments, *self._kept.get(sheet, ()))

    def refused(self, conversation: ConversationId) -> None:
        self.give_back(conversation, self._sent.pop(conversation, ()))
