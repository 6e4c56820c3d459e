"""The list of what the hub finds, page by page, and what suits this machine. Main thread.

Only the newest search is shown: an older one is cancelled, and its late answer dropped.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.core.errors import to_info
from app.hub.catalog import Listing, Query, Search, Sort
from app.hub.control import Stopped
from app.hub.suggestions import Suggestion
from app.ui.bridge import Answers
from app.ui.models.figures import size
from app.ui.models.filters import FilterBar
from app.ui.models.rows import Row, RowList
from app.ui.models.shelf import Shelf
from app.ui.models.words import listing_row
from app.ui.settings.widgets import ComboBox
from app.ui.theme import Theme

_SORTS: tuple[tuple[Sort, str], ...] = (
    ("trending_score", "Trending"),
    ("downloads", "Most downloads"),
    ("likes", "Most likes"),
    ("last_modified", "Newest"),
)
_SUGGESTED = "suggested:"
_ENOUGH = 15  # results, to begin with
_NOTHING = "The hub has no GGUF model like that."
_FILTERED = "No model of the hub passes these filters."


class Discovery(QWidget):
    chosen = Signal(object)  # a `Row`; its key is the repository

    def __init__(self, shelf: Shelf, theme: Theme) -> None:
        super().__init__()
        self._shelf = shelf
        self._answers = Answers(self)
        self._words: str | None = None  # what was searched last; None: nothing yet
        self._search: Search | None = None
        self._asking = False
        self._found: dict[str, Listing] = {}
        self._suggested: list[Suggestion] = []
        self.list = RowList("Models of the hub", theme)
        self.sort = ComboBox("Order of the results", theme)
        self.filters = FilterBar(theme)
        self.state = QLabel()
        self._lay_out()
        self.list.chosen.connect(self._told)
        self.list.near_end.connect(self._more)
        self.sort.activated.connect(self._search_again)
        self.filters.changed.connect(self._search_again)

    def _lay_out(self) -> None:
        for value, name in _SORTS:
            self.sort.addItem(name, value)
        self.state.setProperty("kind", "small")
        self.state.setWordWrap(True)
        self.setFocusProxy(self.list)
        top = QHBoxLayout()
        top.addWidget(self.filters.button)
        top.addStretch(1)
        top.addWidget(self.sort)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.filters)
        column.addWidget(self.state)
        column.addWidget(self.list, 1)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.list, self.sort, self.filters):
            part.set_theme(theme)

    def listing(self, key: str) -> Listing | None:
        return self._found.get(key)

    def look_for(self, words: str, *, again: bool = False) -> None:
        words = words.strip()
        if words == self._words and not again:
            return
        self._words = words
        if self._search is not None:
            self._search.cancel()
        self._found = {}
        if not self._suggested:
            self._answers.take(self._shelf.suggestions(), self._suggest)
        wanted = self.filters.filters
        query = Query(
            words,
            sort=self.sort.currentData(),
            licence=wanted.licence,
            architecture=wanted.architecture,
            most_parameters=self._shelf.most_parameters() if wanted.fitting else 0,
        )
        self._search = self._shelf.search(query)
        self._asking = False
        self._more()

    def _more(self) -> None:
        search = self._search
        if search is None or search.finished or self._asking:
            return
        self._asking = True
        self._say("Asking the hub…")
        self._answers.take(
            self._shelf.page(search),
            lambda page: self._came(search, page),
            lambda error: self._failed(search, error),
        )

    def _came(self, search: Search, page: list[Listing]) -> None:
        if search is not self._search:
            return
        self._asking = False
        self._found |= {listing.repository: listing for listing in page}
        self.filters.learn(page)
        self._show()
        nothing = search.finished and not self._found
        why = _FILTERED if self.filters.filters.count else _NOTHING
        self._say(why if nothing else "")
        if page and len(self._found) < _ENOUGH:
            self._more()  # filtered pages may be short, and what does not scroll asks for nothing

    def _failed(self, search: Search, error: BaseException) -> None:
        if search is self._search and not isinstance(error, Stopped):
            self._asking = False
            self._words = None  # the same words may be tried again
            self._show()
            self._say(to_info(error).message)

    def _say(self, text: str) -> None:
        self.state.setText(text)
        self.state.setVisible(bool(text))

    def _suggest(self, suggested: list[Suggestion]) -> None:
        self._suggested = suggested
        self._show()

    def _show(self) -> None:
        rows = [listing_row(listing) for listing in self._found.values()]
        if not self._words and self._suggested and not self.filters.filters.count:
            suits = Row("suits", "Suits this computer", heading=True)
            popular = Row("found", self.sort.currentText(), heading=True)
            mine = [_suggested_row(one) for one in self._suggested]
            rows = [suits, *mine, *([popular, *rows] if rows else [])]
        self.list.show_rows(rows)

    def _search_again(self) -> None:
        self.look_for(self._words or "", again=True)

    def _told(self, row: Row) -> None:
        self.chosen.emit(row)


def _suggested_row(one: Suggestion) -> Row:
    return Row(_SUGGESTED + one.reference, one.title, f"{size(one.bytes)} · {one.good_for}")


def reference_of(key: str) -> str:
    """What a row of the list names: a repository, and maybe its quantization."""
    return key.removeprefix(_SUGGESTED)
