"""Every door estimates alike."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.bootstrap.hub import Ground
from app.bootstrap.shelf import _Machine
from app.core.calibration import MeasuredLoad
from app.core.paths import find_folders
from app.core.settings import Settings
from app.storage.measured_file import MeasuredFile


def test_the_window_and_the_commands_correct_by_what_was_measured(home: Path) -> None:
    settings, folders = Settings(), find_folders()
    rooms: Any = SimpleNamespace(settings=SimpleNamespace(value=settings), folders=folders)
    measured = MeasuredFile(folders.measured_loads)
    for number in range(3):
        measured.add(MeasuredLoad(f"m{number}", 4096, 0, 1 << 30, (1 << 30) * 5 // 4))
    command = Ground(folders, settings).fit_settings(2048)
    assert command.correction > 1.1
    assert _Machine(rooms, lambda: settings).fit_settings(2048) == command
