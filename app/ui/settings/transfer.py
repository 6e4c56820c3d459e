"""Chats out and in: what to write and where, a look into a file before it is saved, a report.

Main thread; the work is done by `Stores`. The same widgets stand in the settings and in the
dialogs that the menu and the palette open.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import to_info
from app.core.ids import ConversationId
from app.core.lines import counted
from app.storage.transfer.exporting import Format
from app.storage.transfer.importing import Outcome
from app.ui.bridge import Answers
from app.ui.controls import Flow
from app.ui.models.reveal import reveal
from app.ui.settings.stores import Preview, Stores
from app.ui.settings.widgets import ComboBox
from app.ui.theme import Theme

_FORMATS: tuple[tuple[Format, str, str], ...] = (
    ("json", "Everything, to import again (JSON)", ".json"),
    ("markdown", "Pages to read (Markdown)", ".md"),
    ("html", "Pages to read (HTML)", ".html"),
)
_PREVIEWED = 200  # titles of a file
_NAMED = 3  # of what is written
_WIDE = 28  # characters


class Export(QWidget):
    """`ids`: what can be written in place of every chat outside the trash."""

    def __init__(self, stores: Stores, theme: Theme, ids: Sequence[ConversationId] = ()) -> None:
        super().__init__()
        self._stores = stores
        self._answers = Answers(self)
        self._files: list[Path] = []
        self.what = ComboBox("Which chats", theme)
        self.what.addItem("The chat that is open", tuple(ids))
        self.what.addItem("All chats", ())
        self.what.setCurrentIndex(0 if ids else 1)
        if not ids:
            self.what.hide()
        self.format = ComboBox("Format", theme)
        for value, name, _ in _FORMATS:
            self.format.addItem(name, value)
        self.format.setMinimumContentsLength(_WIDE)
        self.start = _button("Export…")
        self.show_files = _button("Show the files", "link")
        self.show_files.hide()
        self.preview, self.report = _small(), _small()
        row = Flow()
        for part in (self.what, self.format, self.start, self.show_files):
            row.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.preview)
        column.addLayout(row)
        column.addWidget(self.report)
        self.start.clicked.connect(self._ask)
        self.show_files.clicked.connect(lambda: reveal(self._files[0]))
        self.what.activated.connect(self.look)
        self.look()

    def set_theme(self, theme: Theme) -> None:
        self.what.set_theme(theme)
        self.format.set_theme(theme)

    @property
    def _ids(self) -> tuple[ConversationId, ...]:
        return self.what.currentData()

    def look(self) -> None:
        """What would be written."""
        self._answers.take(self._stores.to_export(self._ids), self._seen, self._failed)

    def _seen(self, titles: tuple[str, ...]) -> None:
        self.start.setEnabled(bool(titles))
        named = ", ".join(f"“{title}”" for title in titles[-_NAMED:])
        more = len(titles) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        self.preview.setText(
            f"{counted(len(titles), 'chat')}: {named}{rest}."
            if titles
            else "There is no chat to export yet."
        )

    def _ask(self) -> None:
        format = self.format.currentData()
        suffix = next(each[2] for each in _FORMATS if each[0] == format)
        if format == "json" or len(self._ids) == 1:
            name = f"chats {date.today().isoformat()}{suffix}"  # noqa: DTZ011 - the user's own day
            chosen, _ = QFileDialog.getSaveFileName(self, "Export", name)
        else:
            chosen = QFileDialog.getExistingDirectory(self, "Export into a folder")
        if chosen:
            self.write(Path(chosen))

    def write(self, target: Path) -> None:
        self.report.setText("Writing…")
        self.start.setEnabled(False)
        writing = self._stores.export(self._ids, self.format.currentData(), target)
        self._answers.take(writing, self._written, self._failed)

    def _written(self, files: list[Path]) -> None:
        self._files = files
        self.start.setEnabled(True)
        self.show_files.setVisible(bool(files))
        many = f"{len(files):,} files were written" if len(files) > 1 else "It was written"
        self.report.setText(f"{many}: {files[0] if len(files) == 1 else files[0].parent}")

    def _failed(self, error: BaseException) -> None:
        self.start.setEnabled(True)
        self.report.setText(to_info(error).message)


class Import(QWidget):
    progressed = Signal(int, int)
    finished = Signal()

    def __init__(self, stores: Stores) -> None:
        super().__init__()
        self._stores = stores
        self._answers = Answers(self)
        self._path: Path | None = None
        self.choose = _button("Choose a file…")
        self.titles = QListWidget()
        self.titles.setObjectName("sections")
        self.titles.setAccessibleName("Chats in the file")
        self.titles.setFixedHeight(150)
        self.start = _button("Import", "primary")
        self.report = _small()
        self.report.setText(
            "Takes this app's own exports, those of ChatGPT and Claude, and lists of messages."
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Import")
        row = QHBoxLayout()
        row.addWidget(self.choose)
        row.addWidget(self.start)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.report, self.titles, self.bar):
            column.addWidget(part)
        column.addLayout(row)
        for part in (self.titles, self.bar, self.start):
            part.hide()
        self.choose.clicked.connect(self._ask)
        self.start.clicked.connect(self._save)
        self.progressed.connect(self._went_on, Qt.ConnectionType.QueuedConnection)

    def _ask(self) -> None:
        kinds = "Chats (*.json *.jsonl *.zip);;All files (*)"
        chosen, _ = QFileDialog.getOpenFileName(self, "Import chats", "", kinds)
        if chosen:
            self.look(Path(chosen))

    def look(self, path: Path) -> None:
        """What is in it; nothing is saved yet."""
        self.report.setText(f"Reading {path.name}…")
        self._answers.take(self._stores.preview(path), self._seen, self._failed)

    def _seen(self, preview: Preview) -> None:
        self._path = preview.path
        self.report.setText(
            f"{preview.path.name} holds {counted(len(preview.titles), 'chat')} "
            f"with {counted(preview.messages, 'message')}."
        )
        self.titles.clear()
        self.titles.addItems(preview.titles[:_PREVIEWED])
        if len(preview.titles) > _PREVIEWED:
            self.titles.addItem(f"and {len(preview.titles) - _PREVIEWED:,} more")
        self.titles.show()
        self.start.show()
        self.start.setEnabled(True)

    def _save(self) -> None:
        if self._path is None:
            return
        self.start.setEnabled(False)
        self.bar.show()
        saving = self._stores.bring_in(self._path, self.progressed.emit)
        self._answers.take(saving, self._saved, self._failed)

    def _went_on(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def _saved(self, outcome: Outcome) -> None:
        for part in (self.titles, self.bar, self.start):
            part.hide()
        self.report.setText(outcome.sentence())
        self.finished.emit()

    def _failed(self, error: BaseException) -> None:
        self.bar.hide()
        self.start.hide()
        self.titles.hide()
        self.report.setText(to_info(error).message)


class TransferDialog(QDialog):
    """One of the two in a window of its own."""

    def __init__(self, title: str, what: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        self.what = what
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.addWidget(what)
        close = _button("Close")
        close.clicked.connect(self.accept)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)


def _button(text: str, kind: str = "plain") -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", kind)
    return button


def _small() -> QLabel:
    label = QLabel()
    label.setProperty("kind", "small")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
