"""The settings as the window holds them: a change is in force at once and saved behind it.

Main thread; the file is read and written on one thread of its own, in order. Always true: what
could not be saved is taken back and said.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import QObject, Signal

from app.core.errors import to_info
from app.core.settings import Settings
from app.storage.settings_file import SettingsFile
from app.ui.bridge import Answers

Edit = Callable[[Settings], Settings]


class Preferences(QObject):
    changed = Signal(object, object)  # the settings before and after
    failed = Signal(str)

    def __init__(self, file: SettingsFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._value = file.value
        self._lane = ThreadPoolExecutor(1, "settings")
        self._answers = Answers(self)

    @property
    def value(self) -> Settings:
        return self._value

    def change(self, edit: Edit) -> "Future[Settings]":
        """The future ends when it is on disk."""
        self._take(edit(self._value))
        saving = self._lane.submit(self._file.change, edit)
        self._answers.take(saving, lambda _: None, self._not_saved)
        return saving

    def saved(self) -> "Future[None]":
        """Ends when all that was changed so far is on disk, where the rooms below read it."""
        return self._lane.submit(lambda: None)

    def close(self) -> None:
        """What was changed is on disk when this returns."""
        self._lane.shutdown(wait=True)

    def _take(self, new: Settings) -> None:
        old, self._value = self._value, new
        if new != old:
            self.changed.emit(old, new)

    def _not_saved(self, error: BaseException) -> None:
        self._take(self._file.value)
        self.failed.emit(to_info(error).message)
