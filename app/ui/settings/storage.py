"""The storage section: what takes how much room, backups, the way out and the way in of chats.

Main thread; everything that touches the disk is done by `Stores` and reported here.
"""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.errors import to_info
from app.core.lines import counted
from app.storage.backup import Backup
from app.ui.bridge import Answers
from app.ui.controls import Flow
from app.ui.models.figures import size
from app.ui.models.reveal import reveal
from app.ui.settings.page import Panel
from app.ui.settings.stores import Sizes, Stores
from app.ui.settings.transfer import Export, Import
from app.ui.settings.widgets import ComboBox
from app.ui.theme import Theme

_WIDE = 24  # characters
_REASONS = {"daily": "daily", "migration": "before an update", "manual": "by hand"}


class StoragePanel(Panel):
    def __init__(self, stores: Stores, exports: Export, imports: Import, theme: Theme) -> None:
        super().__init__()
        self._stores = stores
        self._exports = exports
        self._answers = Answers(self)
        self.sizes = _Sizes()
        self.backups = ComboBox("Backups", theme)
        self.backups.setMinimumContentsLength(_WIDE)
        self.back_up = _button("Back up now")
        self.restore = _button("Restore this one")
        self.empty = _button("Empty the trash")
        self.clear = _button("Clear kept chats on disk")
        self.show_data = _button("Show the folder")
        self.said = QLabel()
        self.take_back = _button("Keep the chats as they are", "link")
        self._lay_out(exports, imports)
        self.back_up.clicked.connect(self._back_up)
        self.restore.clicked.connect(self._restore)
        self.take_back.clicked.connect(self._take_back)
        self.empty.clicked.connect(self._empty)
        self.clear.clicked.connect(self._clear)
        imports.finished.connect(self.refresh)
        self.show_data.clicked.connect(lambda: reveal(self._stores.data_folder / "chats.sqlite3"))

    def _lay_out(self, exports: Export, imports: Import) -> None:
        self.said.setProperty("kind", "small")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.take_back.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        column.addWidget(heading("What takes room"))
        column.addWidget(self.sizes)
        column.addLayout(_row(self.show_data, self.clear, self.empty))
        column.addWidget(heading("Backups"))
        column.addLayout(_row(self.backups, self.restore, self.back_up))
        column.addWidget(self.said)
        column.addLayout(_row(self.take_back))
        column.addWidget(heading("Export"))
        column.addWidget(exports)
        column.addWidget(heading("Import"))
        column.addWidget(imports)

    def set_theme(self, theme: Theme) -> None:
        self.backups.set_theme(theme)
        self._exports.set_theme(theme)

    def refresh(self) -> None:
        self._answers.take(self._stores.sizes(), self._measured)
        self._answers.take(self._stores.backups(), self._listed)
        self._exports.look()

    def _measured(self, sizes: Sizes) -> None:
        self.sizes.show_sizes(sizes)
        self.empty.setProperty("sure", False)  # who comes back is asked again
        self.empty.setEnabled(sizes.trashed > 0)
        self.empty.setText(f"Empty the trash ({sizes.trashed:,})")

    def _listed(self, backups: list[Backup]) -> None:
        self.backups.clear()
        for each in backups:
            self.backups.addItem(_named(each), str(each.path))
        self.backups.setEnabled(bool(backups))
        self.restore.setEnabled(bool(backups))

    def _back_up(self) -> None:
        self.said.setText("Backing up…")
        self.back_up.setEnabled(False)
        self._answers.take(self._stores.back_up(), self._backed_up, self._failed)

    def _backed_up(self, made: Backup) -> None:
        self.back_up.setEnabled(True)
        self.said.setText(f"{made.path.name} was made and checked.")
        self.refresh()

    def _restore(self) -> None:
        wanted = Path(self.backups.currentData())
        self._answers.take(
            self._stores.restore_at_start(wanted), lambda _: self._will_restore(), self._failed
        )

    def _will_restore(self) -> None:
        self.said.setText(
            f"The chats of {self.backups.currentText()} come back when the app is started again. "
            "What is here now is kept aside."
        )
        self.take_back.show()

    def _take_back(self) -> None:
        self._answers.take(self._stores.keep_as_it_is(), lambda _: None)
        self.said.setText("The chats stay as they are.")
        self.take_back.hide()

    def _empty(self) -> None:
        """Twice: the first press says what the second does, for it cannot be undone."""
        if not self.empty.property("sure"):
            self.empty.setProperty("sure", True)
            self.empty.setText("Delete them for good? Press again")
            return
        self.empty.setProperty("sure", False)
        self._answers.take(self._stores.empty_trash(), self._emptied, self._failed)

    def _emptied(self, count: int) -> None:
        were = "was" if count == 1 else "were"
        self.said.setText(f"{counted(count, 'chat')} {were} deleted for good.")
        self.refresh()

    def _clear(self) -> None:
        self._answers.take(self._stores.clear_snapshots(), lambda _: self.refresh(), self._failed)

    def _failed(self, error: BaseException) -> None:
        self.back_up.setEnabled(True)
        self.said.setText(to_info(error).message)


class _Sizes(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._values: list[QLabel] = []
        for row, name in enumerate(("Chats", "Backups", "Kept chats on disk", "Logs")):
            label, value = QLabel(name), QLabel("…")
            label.setProperty("kind", "small")
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(value, row, 1)
            self._values.append(value)

    def show_sizes(self, sizes: Sizes) -> None:
        backups = f"{size(sizes.backups)} in {counted(sizes.backup_count, 'file')}"
        shown = (size(sizes.chats), backups, size(sizes.snapshots), size(sizes.logs))
        for label, text in zip(self._values, shown, strict=True):
            label.setText(text)


def heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "heading")
    label.setContentsMargins(0, 10, 0, 0)
    return label


def _named(backup: Backup) -> str:
    when = datetime.fromtimestamp(backup.made_ms / 1000).astimezone()
    return f"{when:%d %B %Y, %H:%M} · {_REASONS[backup.reason]}"


def _button(text: str, kind: str = "plain") -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", kind)
    return button


def _row(*widgets: QWidget) -> Flow:
    row = Flow(spacing=8)
    for widget in widgets:
        row.addWidget(widget)
    return row
