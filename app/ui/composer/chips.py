"""The row of chips: what is attached to the message being written. Main thread."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.bridge import Answers
from app.ui.composer.attachments import Attachment, Chip, Documents
from app.ui.controls import Flow
from app.ui.theme import Theme


class Chips(QWidget):
    changed = Signal()
    inlined = Signal(str)

    def __init__(
        self, theme: Theme, documents: Documents | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._documents = documents
        self._answers = Answers(self)
        self._chips: list[Chip] = []
        self._flow = Flow(self)
        self.hide()

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(chip.attachment for chip in self._chips)

    @property
    def ready(self) -> bool:
        """Nothing is still being read, and nothing has a problem."""
        return all(known.tokens is not None and not known.problem for known in self.attachments)

    def add(self, attachment: Attachment) -> None:
        if self._documents is None:
            return
        chip = Chip(attachment, self._theme, self)
        chip.removed.connect(lambda: self._remove(chip))
        chip.inlined.connect(lambda: self._inline(chip))
        self._chips.append(chip)
        self._flow.addWidget(chip)
        self._answers.take(self._documents.read(attachment), lambda read: self._came(chip, read))
        self._refresh()

    def clear(self) -> None:
        for chip in list(self._chips):
            self._remove(chip)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for chip in self._chips:
            chip.set_theme(theme)

    def _came(self, chip: Chip, read: Attachment) -> None:
        if chip in self._chips:
            chip.show_attachment(read)
            self._refresh()

    def _remove(self, chip: Chip) -> None:
        self._chips.remove(chip)
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
        self._refresh()

    def _inline(self, chip: Chip) -> None:
        self._remove(chip)
        self.inlined.emit(chip.attachment.text)

    def _refresh(self) -> None:
        self.setVisible(bool(self._chips))
        self.updateGeometry()
        self.changed.emit()
