"""What a message carries beside its text, as the composer knows it, and the chip that shows it.

Values are frozen: reading a file gives a new one. The main thread never reads a file.
"""

from concurrent.futures import Future
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.storage.documents import Document
from app.ui.controls import Elided, IconButton, plain_tip
from app.ui.theme import Theme, icon

Kind = Literal["text", "file", "image"]
_ICONS: dict[Kind, str] = {"text": "text", "file": "file", "image": "image"}


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    path: str = ""
    text: str = ""  # what was pasted, when it was text
    data: bytes = b""  # when it was a picture, as PNG
    document: Document | None = None  # None: not read yet
    problem: str = ""  # why it cannot be sent, as a sentence

    @property
    def figure(self) -> str:
        """What it costs, in two words."""
        if self.problem:
            return "cannot be read"
        if self.document is None:
            return "reading…"
        return "image" if self.document.kind == "image" else f"{self.document.tokens:,} tokens"

    @property
    def remark(self) -> str:
        """What there is to say about it, as a sentence; mostly nothing."""
        said = self.problem or (self.document.note if self.document else "")
        return f"{self.name}: {said}" if said else ""


class Documents(Protocol):
    """Reads what people attach, elsewhere than on the main thread; failures are one sentence."""

    def read(self, path: Path) -> "Future[Document]": ...

    def read_text(self, name: str, text: str) -> "Future[Document]": ...

    def read_image(self, name: str, png: bytes) -> "Future[Document]": ...


class Chip(QFrame):
    removed = Signal()
    inlined = Signal()  # pasted text wanted as text after all

    def __init__(self, attachment: Attachment, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.attachment = attachment
        self._picture = QLabel()
        self._name = Elided(attachment.name)
        self._figure = QLabel()
        self.inline = IconButton("pen", "Insert as text", theme)
        self.inline.setVisible(attachment.kind == "text")
        self.inline.clicked.connect(self.inlined)
        self.remove = IconButton("close", f"Remove {attachment.name}", theme)
        self.remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 3, 3)
        row.setSpacing(6)
        for part in (self._picture, self._name, self._figure, self.inline, self.remove):
            row.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.show_attachment(attachment)
        self.set_theme(theme)

    def show_attachment(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self._figure.setProperty("kind", "danger" if attachment.problem else "small")
        self._figure.style().unpolish(self._figure)
        self._figure.style().polish(self._figure)
        self._figure.setText(attachment.figure)
        self.setToolTip(plain_tip("\n".join(filter(None, (attachment.path, attachment.remark)))))
        self.setAccessibleName(f"Attachment {attachment.name}, {attachment.figure}")

    def set_theme(self, theme: Theme) -> None:
        side = round(theme.px(16))
        picture = icon(_ICONS[self.attachment.kind], theme.colors.muted, side)
        self._picture.setPixmap(picture.pixmap(QSize(side, side), self.devicePixelRatioF()))
        self._name.setMaximumWidth(round(theme.px(220)))
        for button in (self.inline, self.remove):
            button.set_theme(theme)
            button.setIconSize(QSize(side - 2, side - 2))
