"""Which page the window shows: the conversation, or one of the pages around it. Main thread.

A page is built when it is first opened. Escape goes back to the conversation; so does choosing
a chat.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from app.ui.theme import Theme, icon


class Page(QWidget):
    left = Signal()  # back to the conversation, please

    def set_theme(self, theme: Theme) -> None:
        raise NotImplementedError

    def shutdown(self) -> None:
        """The window closes: end what runs on other threads."""

    def opened(self) -> None:
        """It has come to the front: look afresh, take the keyboard."""
        raise NotImplementedError


class BackButton(QPushButton):
    """The way out of a page, at the top of it."""

    def __init__(self, page: Page, theme: Theme) -> None:
        super().__init__("Back to the chat")
        self.setProperty("kind", "link")
        self.setToolTip("Back to the chat (Esc)")
        self._page = page
        self.clicked.connect(self._leave)
        self.set_theme(theme)

    def _leave(self) -> None:
        self._page.left.emit()

    def set_theme(self, theme: Theme) -> None:
        self.setIcon(icon("chevron-left", theme.colors.link))


class Pages(QStackedWidget):
    went_back = Signal()

    def __init__(self, conversation: QWidget, theme: Theme) -> None:
        super().__init__()
        self._conversation = conversation
        self._theme = theme
        self._makers: dict[str, Callable[[Theme], Page]] = {}
        self._pages: dict[str, Page] = {}
        self.addWidget(conversation)

    def offer(self, name: str, make: Callable[[Theme], Page]) -> None:
        self._makers[name] = make

    @property
    def name(self) -> str:
        """Of the page in front; empty for the conversation."""
        shown = self.currentWidget()
        return next((name for name, page in self._pages.items() if page is shown), "")

    def open(self, name: str) -> Page:
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = self._makers[name](self._theme)
            page.left.connect(self.back)
            self.addWidget(page)
        self.setCurrentWidget(page)
        page.opened()
        return page

    def back(self) -> None:
        if self.currentWidget() is not self._conversation:
            self.setCurrentWidget(self._conversation)
            self.went_back.emit()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for page in self._pages.values():
            page.set_theme(theme)

    def shutdown(self) -> None:
        for page in self._pages.values():
            page.shutdown()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.name:
            self.back()
        else:
            super().keyPressEvent(event)
