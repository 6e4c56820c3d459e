"""An app that cannot start says so in a box: a double click has no terminal."""

import apsw
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from app.bootstrap import window
from app.core.errors import KnownError
from app.core.paths import find_folders


@pytest.mark.usefixtures("home")
def test_chats_of_a_newer_version_are_refused_in_a_box(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = find_folders()
    folders.create()
    apsw.Connection(str(folders.database)).execute("PRAGMA user_version = 9999")
    monkeypatch.setattr(window, "application", lambda: qapp)
    said: list[str] = []

    def read_and_close() -> None:
        box = qapp.activeModalWidget()
        if isinstance(box, QMessageBox):
            said.append(box.informativeText())
            box.accept()

    closer = QTimer()
    closer.timeout.connect(read_and_close)
    closer.start(20)
    with pytest.raises(KnownError):
        window.run_window(None)
    closer.stop()
    assert said == ["These chats were saved by a newer version of the app. Update the app."]
