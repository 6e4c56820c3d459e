"""The list of models on this computer, broken files with their reasons included. Main thread.

Holds the last library it was shown; how each model fits is worked out elsewhere and filled in.
"""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.core.fit import Fit
from app.core.settings import Settings
from app.hub.library import Library
from app.hub.models import Broken, Model
from app.hub.variants import Variant
from app.ui.bridge import Answers
from app.ui.models.rows import Row, RowList
from app.ui.models.shelf import Shelf
from app.ui.models.words import broken_row, installed_row
from app.ui.preferences import Preferences
from app.ui.theme import Theme


class Stock(QWidget):
    chosen = Signal(object)  # a `Model` or a `Broken`
    opened = Signal(object)
    fitted = Signal()  # how each fits is known now

    def __init__(self, shelf: Shelf, preferences: Preferences, theme: Theme) -> None:
        super().__init__()
        self._shelf = shelf
        self._preferences = preferences
        self._answers = Answers(self)
        self._words = ""
        self._wanted = ""  # a path to choose as soon as it is listed
        self.library = Library()
        self.fits: dict[Path, Fit] = {}
        self.loaded = ""  # the path of the model in use
        self.list = RowList("Models on this computer", theme)
        self.nothing = QLabel()
        self.nothing.setProperty("kind", "small")
        self.nothing.setWordWrap(True)
        self.setFocusProxy(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)
        self.list.chosen.connect(self._told)
        self.list.opened.connect(self._opened)
        preferences.changed.connect(self._settings_changed)

    def set_theme(self, theme: Theme) -> None:
        self.list.set_theme(theme)

    def show_library(self, library: Library) -> None:
        self.library = library
        self._show()
        self._judge()

    def _judge(self) -> None:
        self._answers.take(self._shelf.fits(self.library.models), self._fitted)

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        if old.models != new.models:
            self._show()
            self._judge()

    def show_loaded(self, path: str) -> None:
        self.loaded = path
        self._show()

    def look_for(self, words: str) -> None:
        self._words = words.strip().casefold()
        self._show()

    def choose_path(self, path: Path) -> None:
        self._wanted = str(path)
        self._show()

    def find_path(self, path: Path) -> Model | Broken | None:
        every = (*self.library.models, *self.library.broken)
        return next((each for each in every if each.path == path), None)

    def has(self, repository: str, variant: Variant) -> bool:
        """Whether this quantization of a hub's repository was fetched."""
        names = {path.rpartition("/")[2] for path, _ in variant.files}
        return any(
            model.path.name in names and repository in (model.repository, _owner(model))
            for model in self.library.models
        )

    @staticmethod
    def title(shown: Model | Broken) -> str:
        return shown.title if isinstance(shown, Model) else shown.path.name

    def _fitted(self, fits: dict[Path, Fit]) -> None:
        self.fits = fits
        self._show()
        self.fitted.emit()

    def _show(self) -> None:
        found = [model for model in self.library.models if self._matches(model.full_title)]
        own = {each.path for each in self._preferences.value.models.own}
        rows = [
            installed_row(each, self.loaded, self.fits.get(each.path), own=str(each.path) in own)
            for each in found
        ]
        broken = [each for each in self.library.broken if self._matches(each.path.name)]
        if broken:
            rows.append(Row("broken", "Cannot be used", heading=True))
            rows += [broken_row(each) for each in broken]
        self.list.show_rows(rows)
        self.nothing.setText(
            "None of your models is called that." if self._words else
            "There is no model on this computer yet. “Find more” has some that suit it, "
            "and a GGUF file can be dropped here."
        )  # fmt: skip
        self.nothing.setVisible(not rows)
        if self._wanted and any(row.key == self._wanted for row in rows):
            self.list.choose(self._wanted)
            self._wanted = ""

    def _matches(self, name: str) -> bool:
        return all(word in name.casefold() for word in self._words.split())

    def _told(self, row: Row) -> None:
        if (found := self.find_path(Path(row.key))) is not None:
            self.chosen.emit(found)

    def _opened(self, row: Row) -> None:
        found = self.find_path(Path(row.key))
        if isinstance(found, Model) and found.facts.kind == "chat":
            self.opened.emit(found)


def _owner(model: Model) -> str:
    """Downloads lie under owner/name in the models folder."""
    parts = model.path.parts
    return "/".join(parts[-3:-1]) if len(parts) > 3 else ""
