"""Says outside of the window that a long reply has ended, when nobody is looking at it.

Main thread. Uses what the desktop offers: the window asks for attention, and a notification
where there is a place for one.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from app.chat.events import (
    MessageAdded,
    ReplyDelta,
    ReplyFinished,
    ReplyProgress,
    ReplyResumed,
)
from app.core.ids import MessageId
from app.ui.bridge import Bridge
from app.ui.events import Event

LONG_S = 8.0
_SHOWN_MS = 8_000
_CHARS = 120

Say = Callable[[str, str], None]


class Notice(QObject):
    def __init__(
        self,
        bridge: Bridge,
        window: QWidget,
        wanted: Callable[[], bool],
        say: Say | None = None,
        long_s: float = LONG_S,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._wanted = wanted
        self._say = say or self._notify
        self._long_s = long_s
        self._began: dict[MessageId, float] = {}
        self._tray: QSystemTrayIcon | None = None
        bridge.arrived.connect(self._follow)

    def _follow(self, event: Event) -> None:
        match event:
            case MessageAdded(message=message) if message.status == "streaming":
                self._began[message.id] = time.monotonic()
            case ReplyResumed(message=message):
                self._began.setdefault(message.id, time.monotonic())
            case ReplyProgress(reply=reply) | ReplyDelta(reply=reply):
                self._began.setdefault(reply, time.monotonic())
            case ReplyFinished(message=message):
                began = self._began.pop(message.id, None)
                lasted = 0.0 if began is None else time.monotonic() - began
                if began is not None and lasted >= self._long_s and self._is_away():
                    self._say("The reply is ready", message.message.text[:_CHARS])
            case _:
                pass

    def _is_away(self) -> bool:
        return self._wanted() and not self._window.isActiveWindow()

    def _notify(self, title: str, text: str) -> None:
        QApplication.alert(self._window)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(QIcon(self._window.windowIcon()), self)
            self._tray.messageClicked.connect(self._raise)
        self._tray.show()
        self._tray.showMessage(title, text, msecs=_SHOWN_MS)

    def _raise(self) -> None:
        self._window.showNormal()
        self._window.raise_()
        self._window.activateWindow()
