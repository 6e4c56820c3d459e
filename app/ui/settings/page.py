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
from app.ui.settings.entries import (
    BESIDE,
    ENTRIES,
    TITLES,
    Entry,
    Part,
    Section,
    beside,
    find,
    find_beside,
    of_section,
)
from app.ui.settings.row import SettingRow
from app.ui.settings.walk import Walk
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
        panels: Mapping[Part, PanelMaker],
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
        self.panels: dict[Part, Panel] = {}
        self._found: tuple[Entry | Part, ...] = ()  # what is shown, in its order
        self._waiting: list[Entry | Part] = []  # what of it is still to be made
        self._wanted: QWidget | None = None  # to be seen when all are there
        self._sections: list[Section] = [
            each
            for each in TITLES
            if of_section(each) or any(part in panels for part in beside(each))
        ]
        self._back = BackButton(self, theme)
        self.search = QLineEdit()
        self.sections = QListWidget()
        self.section_box = ComboBox("Section", theme)
        self._title = QLabel()
        self._nothing = QLabel("No setting is called that.")
        self._walk = Walk(self.search, self._bring_at, self._enter_at, theme)
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
        self.search.setAccessibleDescription("Down chooses, Return goes there")
        self.search.setToolTip("Down chooses among what is found, Return goes there")
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
        self._walk.setParent(self._middle)
        self._walk.lower()
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
        self.sections.itemClicked.connect(self._section_again)
        self.sections.itemActivated.connect(self._section_again)
        self.section_box.activated.connect(self._box_chosen)

    def shutdown(self) -> None:
        self._make_soon.stop()  # a part made now would ask rooms that are closed
        for panel in self.panels.values():
            panel.shutdown()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._glass.setIcon(icon("search", theme.colors.muted))
        self._back.set_theme(theme)
        self._walk.set_theme(theme)
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
        self._show(TITLES[section], of_section(section), beside(section))

    def show_entry(self, entry: Entry) -> None:
        """The section it is in, with the keyboard on it."""
        self.show_section(entry.section)
        self._enter(entry)

    def show_part(self, part: Part) -> None:
        self.show_section(BESIDE[part].section)
        self._enter(part)

    def _box_chosen(self, at: int) -> None:
        self.show_section(self._sections[at])

    def _section_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.show_section(item.data(Qt.ItemDataRole.UserRole))

    def _section_again(self, item: QListWidgetItem) -> None:
        """It was the current one all the time, but something else was looked for."""
        if self.search.text():
            self._section_chosen(item)

    def _search(self, words: str) -> None:
        if 0 < len(words.strip()) < _LEAST:
            return  # what is shown stays until there is more to go by
        if not words.strip():
            self.show_section(self._sections[max(0, self.section_box.currentIndex())])
            return
        # What is found is of any section. One stays current, or Tab would choose the first.
        self.sections.clearSelection()
        self._show("Found", find(words), find_beside(words))

    def _show(self, title: str, entries: tuple[Entry, ...], parts: tuple[Part, ...]) -> None:
        self._title.setText(title)
        shown: list[Part] = [each for each in parts if each in self._makers]
        self._found = (*entries, *shown)
        self._nothing.setVisible(not self._found)
        self._walk.leave()
        fields = {entry.field for entry in entries}
        for field, row in self.rows.items():
            if field not in fields:
                row.hide()
        for part, panel in self.panels.items():
            panel.setVisible(part in shown)
            if part in shown:
                panel.refresh()
        rows = [entry for entry in entries if not self._is_shown(entry)]
        missing: list[Part] = [each for each in shown if each not in self.panels]
        self._waiting = [*rows, *missing]
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
        # Making one and showing it are two turns: each takes some milliseconds.
        if self._is_made(self._waiting[0]):
            self._show_made(self._waiting.pop(0))
        else:
            self._made(self._waiting[0])

    def _is_made(self, what: Entry | Part) -> bool:
        return what.field in self.rows if isinstance(what, Entry) else what in self.panels

    def _made(self, what: Entry | Part) -> QWidget:
        """Hidden when it is new."""
        if isinstance(what, Entry):
            return self.rows.get(what.field) or self._make(what)
        return self.panels.get(what) or self._make_panel(what)

    def _show_made(self, what: Entry | Part) -> QWidget:
        made = self._made(what)
        made.show()
        if isinstance(made, Panel):
            made.refresh()
        return made

    def _is_shown(self, entry: Entry) -> bool:
        return entry.field in self.rows and not self.rows[entry.field].isHidden()

    def _make(self, entry: Entry) -> SettingRow:
        row = SettingRow(entry, self._preferences, self._offers, self._theme)
        row.reload_wanted.connect(self._reload)
        row.hide()
        before = ENTRIES[: ENTRIES.index(entry)]
        self._column.insertWidget(sum(each.field in self.rows for each in before), row)
        self.rows[entry.field] = row
        return row

    def _make_panel(self, part: Part) -> Panel:
        panel = self.panels[part] = self._makers[part](self._theme)
        panel.setAccessibleName(BESIDE[part].title)
        panel.hide()
        order = list(BESIDE)
        above = sum(each in self.panels for each in order[: order.index(part)])
        self._column.insertWidget(len(self.rows) + above, panel)
        return panel

    # -- going through it

    def _bring(self, what: Entry | Part) -> QWidget:
        """It is seen, though others may still have to be made."""
        if what in self._waiting:
            self._waiting.remove(what)
            self._show_made(what)
        self._wanted = self._made(what)
        self._make_soon.start()
        return self._wanted

    def _enter(self, what: Entry | Part) -> None:
        made = self._bring(what)
        stop = made.control if isinstance(made, SettingRow) else first_stop(made)
        if stop is not None:
            stop.setFocus(Qt.FocusReason.OtherFocusReason)

    def _bring_at(self, at: int) -> QWidget | None:
        return self._bring(self._found[at]) if at < len(self._found) else None

    def _enter_at(self, at: int) -> None:
        if at < len(self._found):
            self._enter(self._found[at])

    def _reload(self) -> None:
        for row in self.rows.values():
            if row.entry.needs == "reload":
                row.settled()
        self._answers.take(self._preferences.saved(), lambda _: self._reload_model())


def first_stop(inside: QWidget) -> QWidget | None:
    """The first in it that Tab would stop at."""
    at = inside.nextInFocusChain()
    while at is not None and at is not inside:
        takes = at.focusPolicy() & Qt.FocusPolicy.TabFocus
        if takes and inside.isAncestorOf(at) and at.isVisibleTo(inside) and at.isEnabled():
            return at
        at = at.nextInFocusChain()
    return None
