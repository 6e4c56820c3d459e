"""The row of chips: what is attached to the message being written. Main thread."""

from concurrent.futures import Future
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.core.errors import to_info
from app.storage.documents import Document
from app.ui.bridge import Answers
from app.ui.composer.attachments import Attachment, Chip, Documents
from app.ui.controls import Flow
from app.ui.theme import Theme


class Chips(QWidget):
    changed = Signal()
    inlined = Signal(str)

    def __init__(self, theme: Theme, documents: Documents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._documents = documents
        self._answers = Answers(self)
        self.chips: list[Chip] = []
        row = QWidget()
        self._flow = Flow(row)
        self._remarks = QLabel()
        self._remarks.setProperty("kind", "small")
        self._remarks.setWordWrap(True)
        self._remarks.setTextFormat(Qt.TextFormat.PlainText)  # names come from elsewhere
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(row)
        column.addWidget(self._remarks)
        self.hide()

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(chip.attachment for chip in self.chips)

    @property
    def ready(self) -> bool:
        """Nothing is still being read, and nothing has a problem."""
        return all(known.document is not None for known in self.attachments)

    def add(self, attachment: Attachment) -> None:
        chip = Chip(attachment, self._theme, self)
        chip.removed.connect(lambda: self._remove(chip))
        chip.inlined.connect(lambda: self._inline(chip))
        self.chips.append(chip)
        self._flow.addWidget(chip)
        if attachment.document is None and not attachment.problem:
            self._answers.take(
                self._reading(attachment),
                lambda document: self._came(chip, document),
                lambda error: self._failed(chip, error),
            )
        self._refresh()

    def show_all(self, attachments: tuple[Attachment, ...]) -> None:
        """These and no others."""
        for chip in list(self.chips):
            self._drop(chip)
        for attachment in attachments:
            self.add(attachment)
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for chip in self.chips:
            chip.set_theme(theme)

    def _reading(self, attachment: Attachment) -> "Future[Document]":
        if attachment.data:
            return self._documents.read_image(attachment.name, attachment.data)
        if attachment.text:
            return self._documents.read_text(attachment.name, attachment.text)
        return self._documents.read(Path(attachment.path))

    def _came(self, chip: Chip, document: Document) -> None:
        self._update(chip, msgspec.structs.replace(chip.attachment, document=document))

    def _failed(self, chip: Chip, error: BaseException) -> None:
        problem = to_info(error).message
        self._update(chip, msgspec.structs.replace(chip.attachment, problem=problem))

    def _update(self, chip: Chip, attachment: Attachment) -> None:
        if chip in self.chips:
            chip.show_attachment(attachment)
            self._refresh()

    def _remove(self, chip: Chip) -> None:
        self._drop(chip)
        self._refresh()

    def _drop(self, chip: Chip) -> None:
        self.chips.remove(chip)
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()

    def _inline(self, chip: Chip) -> None:
        self._remove(chip)
        self.inlined.emit(chip.attachment.text)

    def _refresh(self) -> None:
        remarks = [known.remark for known in self.attachments if known.remark]
        self._remarks.setText("\n".join(remarks))
        self._remarks.setVisible(bool(remarks))
        self.setVisible(bool(self.chips))
        self.updateGeometry()
        self.changed.emit()
