"""Presets: a system prompt and a way of sampling, edited where they are listed. Main thread.

`PresetEditor` edits one value and is used for a model's own settings, too; `PresetsPanel` keeps
the named ones. A figure that will not do is refused under its field.
"""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.chat.presets import Presets
from app.core.errors import to_info
from app.core.sampling import Sampling
from app.storage.presets import Preset, StoredPreset
from app.ui.bridge import Answers
from app.ui.settings.page import Panel
from app.ui.settings.widgets import ComboBox, Toggle
from app.ui.theme import Theme


class Figure(msgspec.Struct, frozen=True):
    """One figure of a sampling: its field, its name, what it does, and what is sane."""

    field: str
    label: str
    help: str
    least: float
    most: float
    whole: bool = False


FIGURES = (
    Figure("temperature", "Temperature", "0 always takes the likeliest word; 1 is lively.", 0, 5),
    Figure("top_k", "Top k", "Only so many likeliest words; 0 is all.", 0, 100_000, whole=True),
    Figure("top_p", "Top p", "Only words that make up this share of the odds.", 0, 1),
    Figure("min_p", "Min p", "No words less likely than this part of the likeliest.", 0, 1),
    Figure("repeat_penalty", "Repeat penalty", "Above 1, words said lately become rarer.", 0.5, 2),
    Figure("presence_penalty", "Presence penalty", "Against words that were said at all.", -2, 2),
    Figure("frequency_penalty", "Frequency penalty", "Against words said often.", -2, 2),
)


class PresetEditor(QWidget):
    saved = Signal(object)  # a `Preset`

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._sampling = Sampling()
        self.prompt = QPlainTextEdit()
        self.recommended = Toggle("Sampling as the model recommends", theme)
        self.fields: dict[str, QLineEdit] = {}
        self.problem = QLabel()
        self.save = QPushButton("Save")
        self._figures = QWidget()
        self._lay_out()
        self.recommended.toggled.connect(self._turned)
        self.save.clicked.connect(self._save)

    def _lay_out(self) -> None:
        self.prompt.setObjectName("lines")
        self.prompt.setAccessibleName("System prompt")
        self.prompt.setPlaceholderText("System prompt: who the model is and how it should answer")
        self.prompt.setTabChangesFocus(True)
        self.prompt.setFixedHeight(96)
        self.problem.setProperty("kind", "danger")
        self.problem.hide()
        self.save.setProperty("kind", "plain")
        switch = QHBoxLayout()
        label = QLabel("Sampling as the model recommends")
        label.setWordWrap(True)
        switch.addWidget(label, 1)
        switch.addWidget(self.recommended)
        grid = QGridLayout(self._figures)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        for row, figure in enumerate(FIGURES):
            words = QLabel(f"{figure.label}. {figure.help}")
            words.setProperty("kind", "small")
            words.setWordWrap(True)
            field = QLineEdit()
            field.setAccessibleName(figure.label)
            field.setAccessibleDescription(figure.help)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            field.setFixedWidth(90)
            self.fields[figure.field] = field
            grid.addWidget(words, row, 0)
            grid.addWidget(field, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.prompt)
        column.addLayout(switch)
        column.addWidget(self._figures)
        column.addWidget(self.problem)
        column.addWidget(self.save, 0, Qt.AlignmentFlag.AlignLeft)

    def set_theme(self, theme: Theme) -> None:
        self.recommended.set_theme(theme)

    def show_preset(self, preset: Preset) -> None:
        self._sampling = preset.sampling or Sampling()
        self.prompt.setPlainText(preset.system_prompt)
        with QSignalBlocker(self.recommended):
            self.recommended.setChecked(preset.sampling is None)
        self.recommended.update()
        self._figures.setVisible(preset.sampling is not None)
        for figure in FIGURES:
            self.fields[figure.field].setText(f"{getattr(self._sampling, figure.field):g}")
        self.problem.hide()

    def preset(self) -> Preset | None:
        """None when a figure will not do; the reason stands under them."""
        if self.recommended.isChecked():
            return Preset(system_prompt=self.prompt.toPlainText())
        figures: dict[str, float] = {}
        for figure in FIGURES:
            value = _read(self.fields[figure.field].text(), figure)
            if value is None:
                kind = "a whole number" if figure.whole else "a number"
                self.problem.setText(
                    f"{figure.label}: write {kind} from {figure.least:g} to {figure.most:,.0f}."
                )
                self.problem.show()
                self.fields[figure.field].setFocus()
                return None
            figures[figure.field] = value
        self.problem.hide()
        sampling = msgspec.structs.replace(self._sampling, **figures)
        return Preset(system_prompt=self.prompt.toPlainText(), sampling=sampling)

    def _turned(self, on: bool) -> None:
        self._figures.setVisible(not on)

    def _save(self) -> None:
        if (preset := self.preset()) is not None:
            self.saved.emit(preset)


def _read(text: str, figure: Figure) -> float | None:
    try:
        value = int(text) if figure.whole else float(text.replace(",", "."))
    except ValueError:
        return None
    return value if figure.least <= value <= figure.most else None


class PresetsPanel(Panel):
    def __init__(self, presets: Presets, theme: Theme) -> None:
        super().__init__()
        self._presets = presets
        self._answers = Answers(self)
        self._stored: tuple[StoredPreset, ...] = ()
        self.list = ComboBox("Presets", theme)
        self.name = QLineEdit()
        self.editor = PresetEditor(theme)
        self.remove = QPushButton("Delete")
        self.said = QLabel()
        self._lay_out()
        self.list.activated.connect(self._chosen)
        self.editor.saved.connect(self._save)
        self.remove.clicked.connect(self._remove)
        self._show(None)

    def _lay_out(self) -> None:
        about = QLabel(
            "A preset is a system prompt and a way of sampling under a name. A chat takes it from "
            "the menu beside its message field (Ctrl+P) and keeps it as it was then."
        )
        about.setProperty("kind", "small")
        about.setWordWrap(True)
        self.name.setPlaceholderText("Name of the preset")
        self.name.setAccessibleName("Name of the preset")
        self.remove.setProperty("kind", "plain")
        self.said.setProperty("kind", "small")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout()
        row.addWidget(self.list, 1)
        row.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(about)
        column.addLayout(row)
        for part in (self.name, self.editor, self.said):
            column.addWidget(part)

    def set_theme(self, theme: Theme) -> None:
        self.list.set_theme(theme)
        self.editor.set_theme(theme)

    def refresh(self) -> None:
        self._answers.take(self._presets.listed(), self._listed)

    def _listed(self, stored: Sequence[StoredPreset]) -> None:
        chosen = self.name.text().strip()
        self._stored = tuple(stored)
        self.list.clear()
        self.list.addItem("A new preset")
        self.list.addItems([each.name for each in self._stored])
        names = [each.name for each in self._stored]
        self.list.setCurrentIndex(names.index(chosen) + 1 if chosen in names else 0)
        self.remove.setEnabled(self.list.currentIndex() > 0)

    def _chosen(self, at: int) -> None:
        self._show(self._stored[at - 1] if at > 0 else None)

    def _show(self, stored: StoredPreset | None) -> None:
        self.name.setText(stored.name if stored else "")
        self.editor.show_preset(stored.preset if stored else Preset())
        self.remove.setEnabled(stored is not None)
        self.said.clear()

    def _save(self, preset: Preset) -> None:
        self._answers.take(self._presets.save(self.name.text(), preset), self._saved, self._failed)

    def _saved(self, stored: StoredPreset) -> None:
        self.name.setText(stored.name)
        self.said.setText(f"“{stored.name}” is kept.")
        self.refresh()

    def _remove(self) -> None:
        at = self.list.currentIndex() - 1
        if 0 <= at < len(self._stored):
            gone = self._stored[at]
            self._answers.take(self._presets.remove(gone.id), lambda _: self._gone(), self._failed)

    def _gone(self) -> None:
        self._show(None)
        self.refresh()

    def _failed(self, error: BaseException) -> None:
        self.said.setText(to_info(error).message)
