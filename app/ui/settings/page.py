"""The settings page: sections at the side, rows made from descriptions, a search over all.

Main thread. Rows and panels are made when they are first shown and appear one at a time, so that
neither opening the page nor a search that finds many holds the window up. What is no plain setting
(backups, shortcuts, versions) is a panel of its own at the end of its section.
"""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui.bridge import Answers
from app.ui.pages import BackButton, Page
from app.ui.preferences import Preferences
from app.ui.settings.controls import Offers
from app.ui.settings.entries import BESIDE, ENTRIES, TITLES, Entry, Section, find, of_section
from app.ui.settings.row import SettingRow
from app.ui.settings.widgets import ComboBox
from app.ui.theme import Theme, icon

_NARROW = 620
_LEAST = 2  # letters to search by: one alone is in nearly everything


class Panel(QWidget):
    """What a section has beside its rows."""

    def set_theme(self, theme: Theme) -> None:
        """Most panels take their look from the stylesheet."""

    def refresh(self) -> None:
        """It has come to the front."""

    def shutdown(self) -> None:
        """The window closes: end what runs on other threads."""


PanelMaker = Callable[[Theme], Panel]


class SettingsPage(Page):
    def __init__(
        self,
        preferences: Preferences,
        panels: Mapping[Section, PanelMaker],
        reload_model: Callable[[], None],
        offers: Offers,
        theme: Theme,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._preferences = preferences
        self._makers = panels
        self._reload_model = reload_model
        self._offers = offers
        self._theme = theme
        self._answers = Answers(self)
        self.rows: dict[str, SettingRow] = {}
        self.panels: dict[Section, Panel] = {}
        self._waiting: list[Entry | Section] = []
        self._wanted: SettingRow | None = None  # to be seen when all are there
        self._sections: list[Section] = [
            each for each in TITLES if of_section(each) or each in panels
        ]
        self._back = BackButton(self, theme)
        self.search = QLineEdit()
        self.sections = QListWidget()
        self.section_box = ComboBox("Section", theme)
        self._title = QLabel()
        self._nothing = QLabel("No setting is called that.")
        self._column = QVBoxLayout()
        self._make_soon = QTimer(self, interval=0)
        self._make_soon.timeout.connect(self._make_some)
        self._lay_out()
        self._connect()
        self.show_section(self._sections[0])

    # -- how it looks

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.search.setClearButtonEnabled(True)
        self._glass = self.search.addAction(
            icon("search", self._theme.colors.muted), QLineEdit.ActionPosition.LeadingPosition
        )
        self.sections.setObjectName("sections")
        self.sections.setAccessibleName("Sections of the settings")
        for section in self._sections:
            item = QListWidgetItem(TITLES[section])
            item.setData(Qt.ItemDataRole.UserRole, section)
            self.sections.addItem(item)
            self.section_box.addItem(TITLES[section], section)
        self._title.setProperty("kind", "title")
        self._title.setWordWrap(True)
        self._nothing.setProperty("kind", "small")
        self._nothing.hide()
        side = QVBoxLayout()
        side.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        side.addWidget(self.search)
        side.addWidget(self.section_box)
        side.addWidget(self.sections, 1)
        self._side = QWidget()
        self._side.setLayout(side)
        self._side_column = side
        self._across = QHBoxLayout(self)
        self._across.setContentsMargins(0, 0, 0, 0)
        self._across.setSpacing(0)
        self._across.addWidget(self._side)
        self._across.addWidget(self._scrolled(), 1)

    def _scrolled(self) -> QScrollArea:
        inner = QWidget()
        inner.setObjectName("pageBody")
        body = QVBoxLayout()
        body.addWidget(self._title)
        body.addSpacing(6)
        body.addWidget(self._nothing)
        body.addLayout(self._column)
        body.addStretch(1)
        self._middle = QWidget()
        self._middle.setLayout(body)
        around = QHBoxLayout(inner)
        around.setContentsMargins(24, 14, 24, 24)
        around.addWidget(self._middle, 100)
        around.addStretch(1)
        area = QScrollArea()
        area.setObjectName("pageScroll")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area = area
        return area

    def _connect(self) -> None:
        self.search.textChanged.connect(self._search)
        self.sections.currentItemChanged.connect(self._section_chosen)
        self.section_box.activated.connect(self._box_chosen)

    def shutdown(self) -> None:
        for panel in self.panels.values():
            panel.shutdown()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._glass.setIcon(icon("search", theme.colors.muted))
        self._back.set_theme(theme)
        self.section_box.set_theme(theme)
        for part in (*self.rows.values(), *self.panels.values()):
            part.set_theme(theme)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Sections at the side where there is room, one box above them where there is not."""
        narrow = self.width() < self._theme.px(_NARROW)
        self.sections.setVisible(not narrow)
        self.section_box.setVisible(narrow)
        ways = QHBoxLayout.Direction
        self._across.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)
        self._side.setMaximumWidth(16_777_215 if narrow else round(self._theme.px(200)))
        self._side.setMaximumHeight(round(self._theme.px(132)) if narrow else 16_777_215)
        self._side_column.setContentsMargins(16, 12, 16 if narrow else 0, 8)
        self._middle.setMaximumWidth(round(self._theme.px(720)))

    # -- what it shows

    def opened(self) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.selectAll()
        for panel in self.panels.values():
            if not panel.isHidden():
                panel.refresh()

    def show_section(self, section: Section) -> None:
        at = self._sections.index(section)
        with QSignalBlocker(self.search), QSignalBlocker(self.sections):
            self.search.clear()
            self.sections.setCurrentRow(at)
        self.section_box.setCurrentIndex(at)
        self._show(TITLES[section], of_section(section), (section,))

    def show_entry(self, entry: Entry) -> None:
        """The section it is in, with the keyboard on it."""
        self.show_section(entry.section)
        if entry in self._waiting:
            self._waiting.remove(entry)
            self._waiting.insert(0, entry)
            self._make_some()
        self._wanted = self.rows[entry.field]
        self._wanted.control.setFocus(Qt.FocusReason.OtherFocusReason)

    def _box_chosen(self, at: int) -> None:
        self.show_section(self._sections[at])

    def _section_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.show_section(item.data(Qt.ItemDataRole.UserRole))

    def _search(self, words: str) -> None:
        if 0 < len(words.strip()) < _LEAST:
            return  # what is shown stays until there is more to go by
        if not words.strip():
            self.show_section(self._sections[max(0, self.section_box.currentIndex())])
            return
        with QSignalBlocker(self.sections):
            self.sections.setCurrentRow(-1)  # what is found is of any section
        panels: tuple[Section, ...] = tuple(
            each for each in self._makers if self._panel_matches(each, words)
        )
        self._show("Found", find(words), panels)

    def _panel_matches(self, section: Section, words: str) -> bool:
        text = f"{TITLES[section]} {BESIDE.get(section, '')}".casefold()
        return all(word in text for word in words.casefold().split())

    def _show(self, title: str, entries: tuple[Entry, ...], panels: tuple[Section, ...]) -> None:
        self._title.setText(title)
        shown: list[Section] = [each for each in panels if each in self._makers]
        self._nothing.setVisible(not entries and not shown)
        fields = {entry.field for entry in entries}
        for field, row in self.rows.items():
            if field not in fields:
                row.hide()
        for section, panel in self.panels.items():
            panel.setVisible(section in shown)
            if section in shown:
                panel.refresh()
        rows = [entry for entry in entries if not self._is_shown(entry)]
        self._waiting = [*rows, *(each for each in shown if each not in self.panels)]
        self._wanted = None
        self._area.verticalScrollBar().setValue(0)
        self._make_soon.start()

    def _make_some(self) -> None:
        """One of those that wait, so that nothing holds the window up."""
        if not self._waiting:
            self._make_soon.stop()
            if self._wanted is not None:  # what is above it has its place only now
                self._area.ensureWidgetVisible(self._wanted)
            return
        match self._waiting.pop(0):
            case Entry() as entry:
                row = self.rows.get(entry.field) or self._make(entry)
                row.show()
            case section:
                panel = self._panel(section)
                panel.show()
                panel.refresh()

    def _is_shown(self, entry: Entry) -> bool:
        return entry.field in self.rows and not self.rows[entry.field].isHidden()

    def _make(self, entry: Entry) -> SettingRow:
        row = SettingRow(entry, self._preferences, self._offers, self._theme)
        row.reload_wanted.connect(self._reload)
        before = ENTRIES[: ENTRIES.index(entry)]
        self._column.insertWidget(sum(each.field in self.rows for each in before), row)
        self.rows[entry.field] = row
        return row

    def _panel(self, section: Section) -> Panel:
        panel = self.panels.get(section)
        if panel is None:
            panel = self.panels[section] = self._makers[section](self._theme)
            panel.hide()
            self._column.addWidget(panel)
        return panel

    def _reload(self) -> None:
        for row in self.rows.values():
            if row.entry.needs == "reload":
                row.settled()
        self._answers.take(self._preferences.saved(), lambda _: self._reload_model())
