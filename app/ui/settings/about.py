"""The about section: versions, licences, and diagnostics that hold no word of any chat.

Main thread; what takes a while is gathered elsewhere.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout

from app.ui.bridge import Answers
from app.ui.settings.page import Panel

_LICENCE = (
    "Llama Chat is free software under the MIT licence. It stands on llama.cpp and "
    "llama-cpp-python (MIT), Qt and PySide6 (LGPL), SQLite (public domain) and the libraries "
    "below, each under its own licence."
)


class AboutPanel(Panel):
    def __init__(
        self, versions: Mapping[str, str], diagnostics: "Callable[[], Future[str]]"
    ) -> None:
        super().__init__()
        self._diagnostics = diagnostics
        self._answers = Answers(self)
        name = QLabel(f"Llama Chat {versions.get('llama-chat', '')}".strip())
        name.setProperty("kind", "heading")
        licence = QLabel(_LICENCE)
        licence.setWordWrap(True)
        licence.setProperty("kind", "small")
        self.versions = QLabel("\n".join(f"{key} {value}" for key, value in versions.items()))
        self.versions.setTextFormat(Qt.TextFormat.PlainText)
        self.versions.setProperty("kind", "small")
        self.versions.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = QPushButton("Copy diagnostics")
        self.copy.setProperty("kind", "plain")
        self.copy.clicked.connect(self._copy)
        self.said = QLabel(
            "Versions, devices, folders, models, settings and the log's last lines. No chats."
        )
        self.said.setProperty("kind", "small")
        self.said.setWordWrap(True)
        self.text = QPlainTextEdit()
        self.text.setObjectName("lines")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Diagnostics")
        self.text.setFixedHeight(180)
        self.text.hide()
        row = QHBoxLayout()
        row.addWidget(self.copy)
        row.addWidget(self.said, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        for part in (name, licence, self.versions):
            column.addWidget(part)
        column.addLayout(row)
        column.addWidget(self.text)

    def _copy(self) -> None:
        self.copy.setEnabled(False)
        self._answers.take(self._diagnostics(), self._gathered)

    def _gathered(self, text: str) -> None:
        self.copy.setEnabled(True)
        QGuiApplication.clipboard().setText(text)
        self.text.setPlainText(text)
        self.text.show()
        self.said.setText("This is on the clipboard now.")
