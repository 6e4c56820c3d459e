"""The models page: a list at the left, what is chosen in it at the right, downloads below.

Main thread. Two lists: what is on this computer, and what the hub finds; a search that is no
longer wanted ends quietly. Where the window is narrow one side is shown at a time. What is not
seen at first is made a part at a time once the page shows, or when it is needed before.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
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
from app.ui.models.pull import Pull
from app.ui.models.reveal import reveal
from app.ui.models.rows import Row
from app.ui.models.shelf import Shelf
from app.ui.models.stock import Stock
from app.ui.models.strip import DownloadStrip
from app.ui.notes import Notes
from app.ui.pages import BackButton, Page
from app.ui.preferences import Preferences
from app.ui.theme import Theme, icon

_NARROW = 640
_TYPED_MS = 300
_PAUSE_MS = 20  # between parts, for what the window has to do
_LATER = ("installed", "discovery", "offer")


class ModelsPage(Page):
    login_wanted = Signal()  # to the hub

    def __init__(
        self,
        shelf: Shelf,
        models: Models,
        bridge: Bridge,
        theme: Theme,
        open_link: Callable[[str], object],
        presets: Presets,
        preview: Preview,
        preferences: Preferences,
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
        self.bring_button = IconButton("folder-plus", "Bring in GGUF files (Ctrl+O)", theme)
        self.stock = Stock(shelf, preferences, theme)
        self.strip = DownloadStrip(shelf, bridge, theme)
        self._make_own = lambda: OwnSettings(presets, preview, preferences, self._theme)
        self._open_link = open_link
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
        self._details = QStackedWidget()
        self._details.addWidget(self._hint())
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
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self._left, 2)
        across.addWidget(self._right, 3)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(0)
        down.addLayout(across, 1)
        down.addWidget(self.notes)  # under both, so that it is seen whichever is shown

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
        row.addWidget(self.bring_button)
        return row

    def _hint(self) -> QWidget:
        hint = QLabel("Choose a model at the left, or bring in a GGUF file:\ndrop it, or Ctrl+O.")
        hint.setProperty("kind", "small")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return hint

    def _connect(self) -> None:
        self._later = QTimer(self, interval=_PAUSE_MS)
        self._later.timeout.connect(self._make_next)
        self._later.start()
        self._typed = QTimer(self, interval=_TYPED_MS, singleShot=True)
        self._typed.timeout.connect(self._search)
        self.search.textChanged.connect(self._search_soon)
        self.search.returnPressed.connect(self._search)
        self.refresh_button.clicked.connect(self._refresh)
        self.bring_button.clicked.connect(self._ask_files)
        self.here_tab.toggled.connect(self._tab_turned)
        Pull(self.stock.list).pulled.connect(self._refresh)
        self.stock.chosen.connect(self._show_installed)
        self.stock.opened.connect(self._use)
        self.stock.fitted.connect(self._renew_shown)
        self.strip.finished.connect(self._arrived)
        self._to_list.clicked.connect(self._show_list)

    # -- what is made later

    @cached_property
    def discovery(self) -> Discovery:
        made = Discovery(self._shelf, self._theme)
        made.chosen.connect(self._show_offer)
        Pull(made.list).pulled.connect(self._refresh)
        self._lists.addWidget(made)
        return made

    @cached_property
    def installed(self) -> InstalledView:
        made = InstalledView(self._make_own())
        made.used.connect(self._use)
        made.revealed.connect(reveal)
        made.removed.connect(self._remove)
        made.own.loading.reload_wanted.connect(self._reload)
        self._details.addWidget(made)
        return made

    @cached_property
    def offer(self) -> OfferView:
        made = OfferView(self._shelf, self._is_here, self._open_link, self._theme)
        made.login_wanted.connect(self.login_wanted)
        self._details.addWidget(made)
        return made

    def _is_made(self, part: str) -> bool:
        return part in vars(self)

    def _make_next(self) -> None:
        left = next((part for part in _LATER if not self._is_made(part)), None)
        if left is None:
            self._later.stop()
        else:
            getattr(self, left)

    def shutdown(self) -> None:
        if self._is_made("offer"):
            self.offer.readme.shutdown()
        if self._is_made("installed"):
            self.installed.own.template.shutdown()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._glass.setIcon(icon("search", theme.colors.muted))
        for part in (
            self._back, self.refresh_button, self.bring_button, self.stock, self.strip, self.notes,
        ):  # fmt: skip
            part.set_theme(theme)
        if self._is_made("discovery"):
            self.discovery.set_theme(theme)
        if self._is_made("offer"):
            self.offer.set_theme(theme)
        if self._is_made("installed"):
            self.installed.own.set_theme(theme)
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
        elif event.matches(QKeySequence.StandardKey.Open):
            self._ask_files()
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
        if self._is_made("offer"):
            self.offer.ask_again()
        first = self.search if self.search.isVisible() else self._to_list
        first.setFocus(Qt.FocusReason.OtherFocusReason)

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
                if self._is_made("offer"):
                    self.offer.refresh()
                self._renew_shown()
            case ModelChanged(state=state):
                self.stock.show_loaded(state.choice.path if isinstance(state, ModelReady) else "")
                self._renew_shown()
            case _:
                pass

    def _renew_shown(self) -> None:
        """What is shown may have gone, or be in use now."""
        if not self._is_made("installed") or self._details.currentWidget() is not self.installed:
            return
        if self.installed.path is None:
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
            self._models.load(self._choice(found))

    def _reload(self) -> None:
        if (path := self.installed.path) and (found := self.stock.find_path(path)):
            self._models.reload(self._choice(found))

    def _choice(self, shown: Shown) -> ModelChoice:
        return ModelChoice(str(shown.path), self.stock.title(shown), "")

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

    def _ask_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(
            self, "Bring in models", "", "Models (*.gguf);;All files (*)"
        )
        self.bring_in([Path(each) for each in chosen])

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
