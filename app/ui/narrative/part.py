"""One part of the narrative: its text, what can be done with it, its facts and older versions.

Main thread. Asks by signals; the page speaks to the chat room.
"""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout

from app.chat.narrator import Part
from app.storage.segments import Segment
from app.ui.theme import Theme

_ORIGINS = {
    "model": "written by the model",
    "edited": "edited by you",
    "mechanical": "put together from the words themselves",
}


class PartCard(QFrame):
    edited = Signal(int, str)
    rewritten = Signal(int)
    undone = Signal(int)

    def __init__(self, part: Part, number: int, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("part")
        self.part = part
        self.id = part.segment.id
        self.text = _plain(part.segment.text)
        self.editor = QPlainTextEdit()
        self.editor.setAccessibleName("Text of this part")
        self.editor.setTabChangesFocus(True)
        self.editor.setMinimumHeight(round(theme.px(160)))
        self.editor.hide()
        head = QLabel(f"Part {number} · {described(part.segment)}")
        head.setProperty("kind", "small")
        self.state = QLabel()
        self.state.setProperty("kind", "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 10)
        column.setSpacing(8)
        for piece in (head, self.text, self.editor):
            column.addWidget(piece)
        column.addLayout(self._buttons())
        self._add_facts(column)
        self._add_history(column)

    def _buttons(self) -> QHBoxLayout:
        self.edit = _link("Edit", self._begin)
        self.save = _link("Save", self._save)
        self.cancel = _link("Cancel", self.end)
        self.again = _link("Write it again", lambda: self.rewritten.emit(self.id))
        back = "Go back to the version before" if self.part.earlier else "Take it back"
        self.undo = _link(back, lambda: self.undone.emit(self.id))
        self.undo.setVisible(self.part.can_undo)
        self.save.hide()
        self.cancel.hide()
        row = QHBoxLayout()
        row.setSpacing(10)
        for button in (self.edit, self.save, self.cancel, self.again, self.undo):
            row.addWidget(button)
        row.addWidget(self.state, 1, Qt.AlignmentFlag.AlignRight)
        return row

    def _add_facts(self, column: QVBoxLayout) -> None:
        facts = self.part.segment.ledger
        if facts:
            shown = _plain("\n".join(f"{fact.kind}: {fact.text}" for fact in facts))
            self._add_fold(column, f"{len(facts)} exact facts are kept beside it", shown)

    def _add_history(self, column: QVBoxLayout) -> None:
        earlier = self.part.earlier
        if earlier:
            told = "\n\n".join(f"{described(old)}\n{old.text}" for old in earlier)
            many = f"{len(earlier)} earlier versions" if len(earlier) > 1 else "An earlier version"
            self._add_fold(column, many, _plain(told))

    def _add_fold(self, column: QVBoxLayout, label: str, shown: QLabel) -> None:
        shown.setProperty("kind", "small")
        shown.hide()
        fold = _link(f"{label} ▸", lambda: None)

        def turn() -> None:
            shown.setVisible(shown.isHidden())
            fold.setText(f"{label} {'▸' if shown.isHidden() else '▾'}")

        fold.clicked.connect(turn)
        column.addWidget(fold, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(shown)

    @property
    def editing(self) -> bool:
        return not self.editor.isHidden()

    def busy(self, on: bool) -> None:
        """While it is being written again."""
        self.state.setText("Is being written again…" if on else "")
        for button in (self.edit, self.again, self.undo):
            button.setEnabled(not on)

    def _begin(self) -> None:
        self.editor.setPlainText(self.part.segment.text)
        self._turn(editing=True)
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _save(self) -> None:
        text = self.editor.toPlainText()
        self.end()
        if text.strip() != self.part.segment.text:
            self.edited.emit(self.id, text)

    def end(self) -> None:
        self._turn(editing=False)

    def _turn(self, *, editing: bool) -> None:
        for shown in (self.editor, self.save, self.cancel):
            shown.setVisible(editing)
        for hidden in (self.text, self.edit, self.again):
            hidden.setVisible(not editing)
        self.undo.setVisible(not editing and self.part.can_undo)


def described(segment: Segment) -> str:
    when = datetime.fromtimestamp(segment.created_ms / 1000)  # noqa: DTZ006 - the reader's own time
    return f"{_ORIGINS[segment.origin]}, {when:%d %b %Y %H:%M} · {segment.tokens:,} tokens"


def _plain(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # a model wrote it
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _link(text: str, do: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", "link")

    def clicked(_checked: bool) -> None:
        do()

    button.clicked.connect(clicked)
    return button
