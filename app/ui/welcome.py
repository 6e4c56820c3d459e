"""A new chat's empty page: the state of the model and three ways to begin. Main thread."""

from typing import assert_never

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.bridge import Bridge
from app.ui.controls import Elided
from app.ui.current import Current
from app.ui.events import (
    Event,
    ModelChanged,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelState,
    NoModel,
)
from app.ui.theme import Theme, icon

_Example = tuple[str, str, str]  # a picture, a word, what is sent

EXAMPLES = (
    ("idea", "Explain", "Explain how a refrigerator keeps things cold, in simple words."),
    ("pen", "Write", "Write a short, friendly message that moves a meeting to Thursday."),
    ("code", "Program", "Write a Python function that finds duplicate files in a folder."),
)
# The guide knows the app and keeps what it is told: these it can answer.
GUIDED = (
    ("idea", "Look around", "What can you do?"),
    ("wind", "Long chats", "What happens when the context is full?"),
    ("download", "Models", "How do I get a larger model?"),
)
_GUIDE = (
    "The built-in guide answers. It knows this app and what you tell it, and little else: "
    "choose a larger model at the top, or get one on the Models page."
)
_NARROW = 560
_PASSING = "Nothing of it reaches the disk. It is gone when the app closes."


class Welcome(QWidget):
    chosen = Signal(str)

    def __init__(
        self, current: Current, bridge: Bridge, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._current = current
        self._state: ModelState = NoModel()
        self._title = QLabel()
        self._title.setProperty("kind", "title")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title.setWordWrap(True)
        self.status = QLabel()
        self.status.setProperty("kind", "small")
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.status.setWordWrap(True)
        self._cards = [_Card(example, theme) for example in EXAMPLES]
        for card in self._cards:
            card.wanted.connect(self.chosen)
        self._grid = QGridLayout()
        self._grid.setSpacing(10)
        inner = QWidget()
        inner.setMaximumWidth(760)
        column = QVBoxLayout(inner)
        column.setSpacing(10)
        column.addStretch(3)
        column.addWidget(self._title)
        column.addWidget(self.status)
        column.addSpacing(14)
        column.addLayout(self._grid)
        column.addStretch(4)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 0, 24, 0)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)
        self._columns = 0
        self._column = column
        self._offers: QWidget | None = None
        bridge.arrived.connect(self._follow)
        current.changed.connect(self._show)
        self._arrange()
        self._show()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for card in self._cards:
            card.set_theme(theme)
        self._arrange()

    def offer(self, offers: QWidget) -> None:
        """Shown under the state of the model, in place of the examples while it is visible."""
        self._offers = offers
        self._column.insertWidget(4, offers)
        self.show_offers()

    def show_offers(self) -> None:
        for card in self._cards:
            card.setVisible(not self._offered or isinstance(self._state, ModelReady))
        self._show()

    @property
    def _offered(self) -> bool:
        return self._offers is not None and not self._offers.isHidden()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = 1 if self.width() < self._theme.px(_NARROW) else 3
        if columns != self._columns:
            self._columns = columns
            for at, card in enumerate(self._cards):
                self._grid.addWidget(card, at // columns, at % columns)
        for card in self._cards:
            card.compact(columns == 1)

    def _follow(self, event: Event) -> None:
        if isinstance(event, ModelChanged):
            self._state = event.state
            self.show_offers()

    def _show(self) -> None:
        temporary = self._current.place.temporary
        self._title.setText("Temporary chat" if temporary else "What would you like to talk about?")
        # Where models are offered, that says there is none.
        unsaid = self._offered and isinstance(self._state, NoModel)
        said = (_PASSING if temporary else "", "" if unsaid else _said(self._state))
        for card, example in zip(self._cards, _examples(self._state), strict=True):
            card.show_example(example)
        self.status.setText("\n".join(filter(None, said)))
        self.status.setVisible(any(said))


class _Card(QPushButton):
    wanted = Signal(str)

    def __init__(self, example: _Example, theme: Theme) -> None:
        super().__init__()
        self._example = example
        self._theme = theme
        self._one_column = False
        self.setProperty("kind", "card")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture = QLabel()
        self._heading = Elided()
        self._body = QLabel()
        self._body.setProperty("kind", "small")
        self._body.setWordWrap(True)
        self._body.setAlignment(Qt.AlignmentFlag.AlignTop)
        for label in (self._picture, self._heading, self._body):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        head = QHBoxLayout()
        head.addWidget(self._picture)
        head.addWidget(self._heading, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._body, 1)
        self.clicked.connect(lambda: self.wanted.emit(self.text_to_send))
        self.show_example(example)

    @property
    def text_to_send(self) -> str:
        return self._example[2]

    def show_example(self, example: _Example) -> None:
        self._example = example
        _, name, text = example
        self.setAccessibleName(f"{name}: {text}")
        self._body.setText(text)
        self._heading.setText(text if self._one_column else name)
        self.set_theme(self._theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        side = round(theme.px(18))
        picture = icon(self._example[0], theme.colors.accent, side)
        self._picture.setPixmap(picture.pixmap(QSize(side, side), self.devicePixelRatioF()))

    def compact(self, one_column: bool) -> None:
        """One short line where the window is narrow, a card where it is wide."""
        self._one_column = one_column
        self._body.setVisible(not one_column)
        self._heading.setText(self._example[2] if one_column else self._example[1])
        self._heading.setProperty("kind", "small" if one_column else "heading")
        self._heading.style().unpolish(self._heading)
        self._heading.style().polish(self._heading)
        line = self._theme.px(20)
        self.setFixedHeight(round(self._theme.px(24) + line * (1 if one_column else 3.4)))


def _said(state: ModelState) -> str:
    match state:
        case NoModel():
            return "No model is loaded. Choose one at the top."
        case ModelLoading(choice=choice):
            return f"{choice.name} is loading. You can write already."
        case ModelReady(choice=choice) if choice.built_in:
            return _GUIDE
        case ModelReady(choice=choice):
            return f"{choice.name} answers, on this computer alone."
        case ModelFailed(error=error):
            return error.message
        case _:
            assert_never(state)


def _examples(state: ModelState) -> tuple[_Example, ...]:
    guided = isinstance(state, ModelLoading | ModelReady) and state.choice.built_in
    return GUIDED if guided else EXAMPLES
