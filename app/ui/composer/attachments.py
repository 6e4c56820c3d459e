"""What a message carries beside its text, as the composer knows it, and the chip that shows it.

Values are frozen: reading a file gives a new one. The main thread never reads a file.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Literal, Protocol

import msgspec
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.ui.controls import Elided, IconButton
from app.ui.theme import Theme, icon

Kind = Literal["text", "file", "image"]
_ICONS: dict[Kind, str] = {"text": "text", "file": "file", "image": "image"}


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    path: str = ""
    text: str = ""
    data: bytes = b""  # an image as PNG
    tokens: int | None = None  # None: not counted yet
    problem: str = ""  # why it cannot be sent, as a sentence


class Documents(Protocol):
    """Reads what people attach, elsewhere than on the main thread."""

    def read(self, attachment: Attachment) -> "Future[Attachment]":
        """The same with its text and its tokens, or with its problem."""
        ...

    def weave(self, text: str, attachments: Sequence[Attachment]) -> str:
        """The message as it is sent."""
        ...


class Chip(QFrame):
    removed = Signal()
    inlined = Signal()  # pasted text wanted as text after all

    def __init__(self, attachment: Attachment, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.attachment = attachment
        self._picture = QLabel()
        self._name = Elided(attachment.name)
        self._tokens = QLabel()
        self._tokens.setProperty("kind", "small")
        self._inline = IconButton("pen", "Insert as text", theme)
        self._inline.setVisible(attachment.kind == "text" and not attachment.path)
        self._inline.clicked.connect(self.inlined)
        self._remove = IconButton("close", f"Remove {attachment.name}", theme)
        self._remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 3, 3)
        row.setSpacing(6)
        for part in (self._picture, self._name, self._tokens, self._inline, self._remove):
            row.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.show_attachment(attachment)
        self.set_theme(theme)

    def show_attachment(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self._name.setText(attachment.name)
        self._name.setFixedWidth(
            min(self._name.fontMetrics().horizontalAdvance(attachment.name) + 4, 200)
        )
        if attachment.problem:
            self._tokens.setText(attachment.problem)
        elif attachment.tokens is None:
            self._tokens.setText("reading…")
        else:
            self._tokens.setText(f"{attachment.tokens:,} tokens")
        self._tokens.setProperty("kind", "danger" if attachment.problem else "small")
        self.setToolTip(attachment.path or attachment.name)
        self.setAccessibleName(f"Attachment {attachment.name}, {self._tokens.text()}")

    def set_theme(self, theme: Theme) -> None:
        side = round(theme.px(16))
        picture = icon(_ICONS[self.attachment.kind], theme.colors.muted, side)
        self._picture.setPixmap(picture.pixmap(QSize(side, side), self.devicePixelRatioF()))
        for button in (self._inline, self._remove):
            button.set_theme(theme)
            button.setIconSize(QSize(side - 2, side - 2))
