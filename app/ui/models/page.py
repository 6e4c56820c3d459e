"""The models page: a list at the left, what is chosen in it at the right, downloads below.

Main thread. Two lists: what is on this computer, and what the hub finds; a search that is no
longer wanted ends quietly. Where the window is narrow one side is shown at a time.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.chat.presets import Presets
from app.core.downloads import Download
from app.core.errors import to_info
from app.hub.importing import Imported
from app.hub.library import Library
from app.hub.references import Reference, read_reference
from app.hub.trash import Removal
from app.hub.variants import Variant
from app.ui.bridge import Answers, Bridge
from app.ui.controls import IconButton
from app.ui.events import Event, LibraryChanged, ModelChanged, ModelChoice, ModelReady
from app.ui.header.panel import Models
from app.ui.models.discovery import Discovery, reference_of
from app.ui.models.installed import InstalledView, Shown
from app.ui.models.offer import OfferView
from app.ui.models.own import OwnSettings, Preview
from app.ui.models.reveal import reveal
from app.ui.models.rows import Row
from app.ui.models.shelf import Shelf
from app.ui.models.stock import Stock
from app.ui.models.strip import DownloadStrip
from app.ui.notes import Notes
from app.ui.pages import BackButton, Page
from app.ui.theme import Theme, icon

_NARROW = 640
_TYPED_MS = 300


class ModelsPage(Page):
    def __init__(
        self,
        shelf: Shelf,
        models: Models,
        bridge: Bridge,
        theme: Theme,
        open_link: Callable[[str], object],
        presets: Presets,
        preview: Preview,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._shelf = shelf
        self._models = models
        self._theme = theme
        self._answers = Answers(self)
        self._words = {True: "", False: ""}  # what is searched here, and at the hub
        self.notes = Notes(theme)
        self.search = QLineEdit()
        self.refresh_button = IconButton("reload", "Look again (F5)", theme)
        self.stock = Stock(shelf, theme)
        self.discovery = Discovery(shelf, theme)
        self.strip = DownloadStrip(shelf, bridge, theme)
        self.installed = InstalledView(OwnSettings(presets, preview, theme))
        self.offer = OfferView(shelf, self._is_here, open_link, theme)
        self._back = BackButton(self, theme)
        self._lay_out()
        self._connect()
        self._show_tab()
        bridge.arrived.connect(self._follow)
        for state in shelf.on_the_way():
            self.strip.show_state(state)

    # -- how it looks

    def _lay_out(self) -> None:
        self.setAcceptDrops(True)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search models")
        self._glass = self.search.addAction(
            icon("search", self._theme.colors.muted), QLineEdit.ActionPosition.LeadingPosition
        )
        self._lists = QStackedWidget()
        self._lists.addWidget(self.stock)
        self._lists.addWidget(self.discovery)
        self._details = QStackedWidget()
        self._details.addWidget(self._hint())
        self._details.addWidget(self.installed)
        self._details.addWidget(self.offer)
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(12, 12, 4, 4)
        left.setSpacing(6)
        left.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        left.addLayout(self._tabs())
        left.addLayout(self._search_row())
        left.addWidget(self._lists, 1)
        left.addWidget(self.strip)
        self._right = QWidget()
        right = QVBoxLayout(self._right)
        right.setContentsMargins(0, 0, 0, 0)
        self._to_list = QPushButton("Back to the list")
        self._to_list.setProperty("kind", "link")
        self._to_list.hide()
        right.addWidget(self._to_list, 0, Qt.AlignmentFlag.AlignLeft)
        right.addWidget(self._details, 1)
        right.addWidget(self.notes)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self._left, 2)
        across.addWidget(self._right, 3)

    def _tabs(self) -> QHBoxLayout:
        self.here_tab, self.hub_tab = _Tab("On this computer"), _Tab("Find more")
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(4)
        for tab in (self.here_tab, self.hub_tab):
            group.addButton(tab)
            row.addWidget(tab)
        row.addStretch(1)
        self.here_tab.setChecked(True)
        return row

    def _search_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.search, 1)
        row.addWidget(self.refresh_button)
        return row

    def _hint(self) -> QWidget:
        hint = QLabel("Choose a model at the left,\nor drop a GGUF file here to bring it in.")
        hint.setProperty("kind", "small")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return hint

    def _connect(self) -> None:
        self._typed = QTimer(self, interval=_TYPED_MS, singleShot=True)
        self._typed.timeout.connect(self._search)
        self.search.textChanged.connect(self._search_soon)
        self.search.returnPressed.connect(self._search)
        self.refresh_button.clicked.connect(self._refresh)
        self.here_tab.toggled.connect(self._tab_turned)
        self.stock.chosen.connect(self._show_installed)
        self.stock.opened.connect(self._use)
        self.stock.fitted.connect(self._renew_shown)
        self.discovery.chosen.connect(self._show_offer)
        self.installed.used.connect(self._use)
        self.installed.revealed.connect(reveal)
        self.installed.removed.connect(self._remove)
        self.strip.finished.connect(self._arrived)
        self._to_list.clicked.connect(self._show_list)

    def shutdown(self) -> None:
        self.offer.readme.shutdown()
        self.installed.own.template.shutdown()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._glass.setIcon(icon("search", theme.colors.muted))
        parts = (
            self._back, self.refresh_button, self.stock, self.discovery, self.strip, self.offer,
            self.notes, self.installed.own,
        )  # fmt: skip
        for part in parts:
            part.set_theme(theme)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @property
    def _is_narrow(self) -> bool:
        return self.width() < self._theme.px(_NARROW)

    def _fit(self) -> None:
        narrow = self._is_narrow
        reading = narrow and self._details.currentIndex() > 0
        self._left.setVisible(not reading)
        self._right.setVisible(reading or not narrow)
        self._to_list.setVisible(reading)
        self._left.setMaximumWidth(16_777_215 if narrow else round(self._theme.px(380)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F5:
            self._refresh()
        elif event.key() == Qt.Key.Key_Escape and self._to_list.isVisible():
            self._show_list()
        else:
            super().keyPressEvent(event)

    # -- finding

    def begin(self, library: Library, loaded: str) -> None:
        """What was known before the page was made."""
        self.stock.show_loaded(loaded)
        self.stock.show_library(library)

    def opened(self) -> None:
        self._search()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def look_for(self, words: str) -> None:
        """From elsewhere in the window: a search of the hub."""
        self.hub_tab.setChecked(True)
        self.search.setText(words)
        self._search()

    def _tab_turned(self) -> None:
        here = self.here_tab.isChecked()
        self._words[not here] = self.search.text()
        with QSignalBlocker(self.search):
            self.search.setText(self._words[here])
        self._show_tab()
        self._search()

    def _show_tab(self) -> None:
        here = self.here_tab.isChecked()
        self._lists.setCurrentWidget(self.stock if here else self.discovery)
        self.search.setPlaceholderText(
            "Search your models" if here else "Search, @author, or paste a link"
        )

    def _search_soon(self) -> None:
        self._typed.start()

    def _search(self) -> None:
        self._typed.stop()
        words = self.search.text()
        if self.here_tab.isChecked():
            self.stock.look_for(words)
        elif (reference := read_reference(words)) is not None:
            self._show_reference(reference)
        else:
            self.discovery.look_for(words)

    def _refresh(self) -> None:
        if self.here_tab.isChecked():
            self._shelf.look_now()
        else:
            self.discovery.look_for(self.search.text(), again=True)

    # -- showing

    def _show_list(self) -> None:
        self._details.setCurrentIndex(0)
        self._fit()
        (self.stock if self.here_tab.isChecked() else self.discovery).setFocus()

    def _show_installed(self, shown: Shown) -> None:
        self._show_facts(shown)
        self._details.setCurrentWidget(self.installed)
        self._fit()

    def _show_facts(self, shown: Shown) -> None:
        fit = self.stock.fits.get(shown.path)
        self.installed.show_model(shown, fit, loaded=str(shown.path) == self.stock.loaded)

    def _show_offer(self, row: Row) -> None:
        reference = read_reference(reference_of(row.key)) or Reference(row.key)
        self.offer.show_model(reference, self.discovery.listing(reference.repository))
        self._details.setCurrentWidget(self.offer)
        self._fit()

    def _show_reference(self, reference: Reference) -> None:
        self.offer.show_model(reference)
        self._details.setCurrentWidget(self.offer)
        self._fit()

    def _is_here(self, repository: str, variant: Variant) -> bool:
        return self.stock.has(repository, variant)

    def _follow(self, event: Event) -> None:
        match event:
            case LibraryChanged(library=library):
                self.stock.show_library(library)
                self.offer.refresh()
                self._renew_shown()
            case ModelChanged(state=state):
                self.stock.show_loaded(state.choice.path if isinstance(state, ModelReady) else "")
                self._renew_shown()
            case _:
                pass

    def _renew_shown(self) -> None:
        """What is shown may have gone, or be in use now."""
        if self._details.currentWidget() is not self.installed or self.installed.path is None:
            return
        shown = self.stock.find_path(self.installed.path)
        if shown is None:
            self._show_list()
        else:
            self._show_facts(shown)

    # -- doing

    def _use(self, shown: Shown) -> None:
        found = self.stock.find_path(shown.path)
        if found is not None:
            self._models.load(ModelChoice(str(found.path), self.stock.title(found), ""))

    def _remove(self, shown: Shown) -> None:
        removing = self._shelf.remove(shown, self.stock.library)
        self._answers.take(removing, self._removed, self._failed)

    def _removed(self, removal: Removal) -> None:
        def undo() -> None:
            self._answers.take(self._shelf.restore(removal), lambda _: None, self._failed)

        self.notes.say(f"{removal.title} was deleted.", "Undo", undo)

    def _arrived(self, download: Download) -> None:
        self._shelf.look_now()
        self.notes.say(f"{download.title} is here.")

    def _failed(self, error: BaseException) -> None:
        self.notes.warn(to_info(error).message)

    # -- bringing in

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.bring_in(_dropped(event))

    def bring_in(self, paths: list[Path]) -> None:
        if paths:
            self.here_tab.setChecked(True)
            self.notes.say("Bringing in…")
            bringing = self._shelf.bring_in(paths, "link")
            self._answers.take(bringing, self._brought_in, self._failed)

    def _brought_in(self, outcomes: list[Imported]) -> None:
        refused = [each for each in outcomes if each.outcome == "refused"]
        if refused:
            self.notes.warn(f"{refused[0].title}: {refused[0].reason}")
            return
        known = [each for each in outcomes if each.outcome == "here_already"]
        words = "is here already" if known else "is here now; the file stays where it is"
        self.notes.say(f"{outcomes[0].title} {words}.")
        self.stock.choose_path(outcomes[0].path)


class _Tab(QToolButton):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


def _dropped(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
