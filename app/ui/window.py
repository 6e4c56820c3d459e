"""The window only places panels; each got its collaborators and knows no other. Main thread.

It also keeps what the next start restores, and hands every panel the look in force.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.ids import FolderId
from app.core.settings import Settings
from app.ui import menus, remembered
from app.ui.bridge import Bridge
from app.ui.composer.attachments import Documents
from app.ui.composer.drafts import Drafts
from app.ui.composer.panel import Composer
from app.ui.controls import action
from app.ui.conversation import Conversation
from app.ui.current import Current, NewChat, Place
from app.ui.findbar import FindBar
from app.ui.header.panel import Header, Models
from app.ui.keeping import Keeping
from app.ui.live import Live
from app.ui.look import Look
from app.ui.narrative.page import NarrativePage
from app.ui.notes import Notes
from app.ui.pages import Page, Pages
from app.ui.preferences import Preferences
from app.ui.reading import message_id
from app.ui.remembered import Remembered
from app.ui.requests import Requests
from app.ui.seen.accounts import Accounts
from app.ui.seen.page import SeenPage
from app.ui.sidebar.library import Library
from app.ui.sidebar.panel import Sidebar
from app.ui.style import stylesheet
from app.ui.theme import Theme
from app.ui.transcript.view import Transcript
from app.ui.welcome import Welcome

_SIZE = (1120, 800)
_SIDEBAR = 264
_NARROW = 640  # below this the sidebar lies over nothing: it gives way


class Window(QMainWindow):
    def __init__(
        self,
        bridge: Bridge,
        keeping: Keeping,
        models: Models,
        documents: Documents,
        memory: Path,
        preferences: Preferences,
    ) -> None:
        super().__init__()
        self.bridge = bridge
        self.keeping = keeping
        self._memory = memory
        kept = remembered.recall(memory)
        self.setWindowTitle("Llama Chat")
        self.setMinimumSize(560, 400)
        self.setAcceptDrops(True)
        self.resize(*_SIZE)
        self.look = Look(preferences, self)
        theme = self.look.theme
        self.current = Current(self)
        self.drafts = Drafts(keeping, self)
        self.drafts.keep(NewChat.STORED, kept.draft)
        self.notes = Notes(theme)
        library = Library(keeping, bridge.post)
        live = Live(bridge, self)
        self.transcript = Transcript(theme)
        self.transcript.setObjectName("transcript")
        self.sidebar = Sidebar(library, self.current, live, self.notes, bridge, theme)
        accounts = Accounts(keeping, self.current, live, bridge)
        self.header = Header(models, accounts, self.current, self.notes, bridge, theme)
        self.composer = Composer(keeping, self.drafts, self.current, live, bridge, theme, documents)
        self._preferences = preferences
        self.welcome = Welcome(self.current, bridge, theme)
        self.find_bar = FindBar(self.transcript, theme)
        self.conversation = Conversation(
            self.transcript, self.current, live, bridge, keeping, self.notes
        )
        self.requests = Requests(self.transcript, self.current, live, keeping, library, self.notes)
        self._place_panels()
        self._connect()
        self._make_menus()
        seen = self.offer_page(
            "seen",
            "&What the model sees",
            "Ctrl+I",
            lambda theme: SeenPage(keeping, accounts, self.current, theme),
        )
        told = self.offer_page(
            "narrative",
            "&The narrative",
            "Ctrl+Shift+I",
            lambda theme: NarrativePage(keeping, self.current, bridge, theme),
        )
        self.header.meter.clicked.connect(seen.trigger)
        self.requests.narrative.connect(told.trigger)
        self._set_theme(theme)
        self._restore(kept)
        self.composer.editor.setFocus()

    def _place_panels(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.transcript)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, self.find_bar):
            layout.addWidget(part)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.composer)
        self.pages = Pages(column, self.look.theme)
        self._split = QSplitter()
        self._split.setHandleWidth(3)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.sidebar)
        self._split.addWidget(self.pages)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([_SIDEBAR, _SIZE[0] - _SIDEBAR])
        self.setCentralWidget(self._split)
        layout.insertWidget(3, self.notes)

    def _connect(self) -> None:
        self.look.changed.connect(self._set_theme)
        self._return_sends = action(
            self, "&Return sends the message", self._switch_return, checkable=True
        )
        self._preferences.changed.connect(self._follow_settings)
        self._follow_settings()
        self.pages.went_back.connect(self.composer.editor.setFocus)
        self.current.opened.connect(self.pages.back)
        self.sidebar.new_chat.triggered.connect(self.pages.back)
        self.sidebar.search.textChanged.connect(self.transcript.unmark_words)
        self.current.changed.connect(self._show)
        self.welcome.chosen.connect(self.composer.write)
        self.composer.refused.connect(self.notes.warn)
        self.composer.editor.given_up.connect(self.transcript.unmark_words)
        self.composer.edit_last.connect(self.requests.edit_last)
        self.requests.editing.connect(self.composer.begin_edit)
        self.sidebar.footer.reload.does(self.header.reload)

    def _make_menus(self) -> None:
        side, head, look = self.sidebar, self.header, self.look
        toggle = action(self, "Show or hide the &sidebar", self.toggle_sidebar, "Ctrl+B")
        find = action(self, "&Find in this chat", self._find, "Ctrl+F")
        write = action(self, "&Write", self.composer.editor.setFocus, "Ctrl+L")
        chat = (
            side.new_chat, side.new_temporary, side.new_folder, None, side.rename, side.pin,
            side.archive, side.trash, None,
            side.show_chats, side.show_archive, side.show_trash, None,
            action(self, "&Quit", self.close, "Ctrl+Q"),
        )  # fmt: skip
        view = (
            toggle,
            side.find_chats,
            find,
            write,
            None,
            action(self, "&Larger text", look.larger, "Ctrl++"),
            action(self, "S&maller text", look.smaller, "Ctrl+-"),
            action(self, "&Normal text", look.normal_size, "Ctrl+0"),
            None,
            action(self, "Look as the s&ystem does", lambda: look.choose("system")),
            action(self, "L&ight", lambda: look.choose("light")),
            action(self, "&Dark", lambda: look.choose("dark")),
        )
        message = (self.composer.attach_action, self.composer.stop_action, None,
                   self._return_sends)  # fmt: skip
        model = (head.open_menu, head.reload, head.cancel, head.unload)
        self._menu = menus.build(
            self,
            (("&Chat", chat), ("&Message", message), ("&View", view), ("M&odel", model)),
        )
        side.menu_button.clicked.connect(lambda: self._open_menu(side.menu_button))
        for button in (side.hide_button, head.show_button):
            button.does(toggle)

    def offer_page(
        self, name: str, title: str, keys: str, make: Callable[[Theme], Page]
    ) -> QAction:
        """A page of the window; the action that opens it stands in the menu."""
        self.pages.offer(name, make)
        opens = action(self, title, lambda: self.pages.open(name), keys)
        self.offer_action(opens)
        return opens

    def offer_action(self, offered: QAction) -> None:
        menus.add(self, self._menu, offered)

    @property
    def menu(self) -> QMenu:
        return self._menu

    def _follow_settings(self) -> None:
        on = self._preferences.value.general.return_sends
        self.composer.set_return_sends(on)
        self._return_sends.setChecked(on)

    def _switch_return(self) -> None:
        on = self._return_sends.isChecked()
        self._preferences.change(lambda old: return_sends(old, on))

    def toggle_sidebar(self) -> None:
        shown = not self.sidebar.isVisible()
        self.sidebar.setVisible(shown)
        self.header.show_button.setVisible(not shown)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.bridge.close()
        self.drafts.save()
        remembered.keep(self._memory, self._remember())
        self.transcript.shutdown()
        self.pages.shutdown()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file may be dropped anywhere."""
        self.composer.dragEnterEvent(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.composer.dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.composer.dropEvent(event)

    def _open_menu(self, button: QWidget) -> None:
        self._menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _find(self) -> None:
        if self._pages.currentWidget() is self.transcript:
            self.find_bar.open()

    def _show(self, place: Place) -> None:
        self.pages.back()
        empty = place.conversation is None
        self._pages.setCurrentWidget(self.welcome if empty else self.transcript)
        self.find_bar.end()
        if place.message is None:
            self.composer.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(stylesheet(theme))
        panels = (
            self.sidebar, self.header, self.transcript, self.composer, self.welcome,
            self.find_bar, self.notes, self.pages,
        )  # fmt: skip
        for panel in panels:
            panel.set_theme(theme)

    def _restore(self, kept: Remembered) -> None:
        if kept.geometry:
            self.restoreGeometry(QByteArray(kept.geometry))
        if kept.split:
            self._split.setSizes(list(kept.split))
        if not kept.sidebar:
            self.sidebar.hide()
            self.header.show_button.show()
        for folder in kept.folders:
            self.sidebar.model.open_folder(FolderId(folder), True)
        self.composer.restore(kept.edits)
        if kept.conversation is not None:
            self.current.open(kept.conversation, kept.message, kept.part, kept.below)
            QTimer.singleShot(0, self.composer.editor.setFocus)

    def _remember(self) -> Remembered:
        top = self.transcript.top_item
        temporary = self.current.place.temporary
        part, below = self.transcript.top_place
        end = temporary or self.transcript.following or top is None or not top.isdigit()
        return Remembered(
            geometry=bytes(self.saveGeometry().data()),
            split=tuple(self._split.sizes()),
            sidebar=not self.sidebar.isHidden(),
            conversation=None if temporary else self.current.conversation,
            message=None if end or top is None else message_id(top),
            part=part,
            below=below,
            folders=tuple(self.sidebar.model.opened),
            draft=self.drafts.known(NewChat.STORED),
            edits=self.composer.edits,
        )


def return_sends(settings: Settings, on: bool) -> Settings:
    general = msgspec.structs.replace(settings.general, return_sends=on)
    return msgspec.structs.replace(settings, general=general)


def application() -> QApplication:
    app = QApplication(["llama-chat"])
    app.setApplicationName("Llama Chat")
    app.setStyle("Fusion")
    return app
