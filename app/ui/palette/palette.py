"""The palette over the window: a field, the best matches under it, Return does the first.

Main thread. What is at hand (actions, models, settings) is matched here; chats are searched in
the database and join when they are found. An answer to older words is dropped.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.ui.bridge import Answers
from app.ui.models.rows import Mark, Row, RowList
from app.ui.palette.matching import BY_WORD, Command, best
from app.ui.theme import Theme

_MOST, _MOST_CHATS = 40, 12
_WIDTH, _HEIGHT = 560, 420

AtHand = Callable[[], Sequence[Command]]
FindChats = Callable[[str], "Future[list[Command]]"]


class Palette(QFrame):
    def __init__(self, owner: QWidget, at_hand: AtHand, chats: FindChats, theme: Theme) -> None:
        super().__init__(owner)
        self.setObjectName("palette")
        self.setAccessibleName("Command palette")
        self._owner = owner
        self._theme = theme
        self._at_hand = at_hand
        self._chats = chats
        self._answers = Answers(self)
        self._known: Sequence[Command] = ()
        self._shown: dict[str, Command] = {}
        self._asked = 0
        self._moved = False  # somebody has chosen another than the first
        self._before: QWidget | None = None  # had the keyboard
        self.field = QLineEdit()
        self.field.setPlaceholderText("Do something, or go to a chat, a model, a setting")
        self.field.setAccessibleName("Command palette")
        self.list = RowList("Matches", theme)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self.field.textChanged.connect(self._typed)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._run_chosen)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.list.set_theme(theme)

    def open(self) -> None:
        self._before = QApplication.focusWidget()
        self._known = self._at_hand()
        px, owner = self._theme.px, self._owner
        width = min(round(px(_WIDTH)), owner.width() - 32)
        height = min(round(px(_HEIGHT)), owner.height() - 64)
        self.setGeometry((owner.width() - width) // 2, 40, width, height)
        self.field.clear()
        self._typed()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        self.hide()
        if self._before is not None and isValid(self._before):  # a link's card is gone by now
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field:
            if event.type() == QEvent.Type.FocusOut and self.isVisible():
                self.hide()
            elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
                return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        match event.key():
            case Qt.Key.Key_Escape:
                self.leave()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._run_chosen()
            case Qt.Key.Key_Down | Qt.Key.Key_Up | Qt.Key.Key_PageDown | Qt.Key.Key_PageUp:
                self._moved = True
                self.list.keyPressEvent(event)
            case _:
                return False
        return True

    def _typed(self) -> None:
        self._asked += 1
        asked = self._asked
        self._moved = False
        self._show([])
        self._answers.take(self._chats(self.field.text()), lambda found: self._joined(asked, found))

    def _joined(self, asked: int, found: list[Command]) -> None:
        if asked == self._asked:
            self._show(found[:_MOST_CHATS])

    def _show(self, chats: list[Command]) -> None:
        words = self.field.text()
        named = best(self._known, words, _MOST, least=BY_WORD)
        guessed = [each for each in best(self._known, words, _MOST) if each not in named]
        self._shown = {}
        for command in [*named, *chats, *guessed]:
            key = f"{command.kind} {command.title}"
            self._shown[key if key not in self._shown else f"{key} {len(self._shown)}"] = command
        self.list.show_rows(
            [
                Row(key, each.title, "", _marks(each), each.title)
                for key, each in self._shown.items()
            ]
        )
        if not self._moved or not self.list.key:
            self.list.choose_first()

    def _run_chosen(self) -> None:
        command = self._shown.get(self.list.key)
        if command is not None:
            self.leave()
            command.run()


def _marks(command: Command) -> tuple[Mark, ...]:
    return tuple(Mark(text) for text in (command.detail, command.kind) if text)
