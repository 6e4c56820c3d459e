"""From nothing to a usable window, ours over 10,000 chats and a bare one. Main thread, offscreen.

A process of its own each: what is counted is everything since it began, imports and all.
"""

import time
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtWidgets import QApplication, QMainWindow

from app.ui.bench.rendering import HEIGHT, WIDTH, Figures, resident_mib, settle

CHATS = 10_000
_DAY_MS = 86_400_000


def bare() -> Figures:
    app = QApplication([])
    window = QMainWindow()
    window.resize(WIDTH, HEIGHT)
    window.show()
    app.processEvents()
    return _figures()


def ours(folder: Path) -> Figures:
    """The window over `fill`'s database, until the first chats are listed."""
    from app.storage.database import Database
    from app.storage.settings_file import SettingsFile
    from app.ui.bench.standing_in import Nobody
    from app.ui.bridge import Bridge
    from app.ui.keeping import Chats, Keeping
    from app.ui.preferences import Preferences
    from app.ui.window import Window, application

    app = application()
    stored, passing = Database(folder / "chats.sqlite3"), Database(None)
    preferences = Preferences(SettingsFile(folder / "settings.json", {}))
    nobody: Any = Nobody()
    kept, gone = (Chats(db, nobody, nobody) for db in (stored, passing))
    keeping = Keeping(kept, gone)
    window = Window(Bridge(), keeping, nobody, nobody, folder / "window.json", preferences)
    window.resize(WIDTH, HEIGHT)
    window.show()
    while window.sidebar.model.rowCount() < 100:
        app.processEvents()
        time.sleep(0.0005)
    app.processEvents()
    figures = _figures()
    settle(2.0)
    figures["idle memory, MiB"] = resident_mib()
    window.close()
    preferences.close()
    stored.close()
    passing.close()
    return figures


def fill(folder: Path) -> None:
    from app.storage import conversations
    from app.storage.connection import Tx
    from app.storage.database import Database

    def create(tx: Tx) -> None:
        now = conversations.now_ms()
        for number in range(CHATS):
            made = now - number * _DAY_MS // 20
            conversations.create(tx, f"Chat number {number} about a thing", created_ms=made)

    db = Database(folder / "chats.sqlite3")
    db.write(create).result()
    db.close()


def _figures() -> Figures:
    process = psutil.Process()
    return {
        "start, ms": (time.time() - process.create_time()) * 1_000,
        "start, processor ms": time.process_time() * 1_000,
        "idle memory, MiB": resident_mib(),
    }
