"""A model on this computer: what it is, whether it fits, and what can be done with it.

Main thread. The verbs go out as signals; deleting can be undone where it was asked for.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.fit import Fit, arithmetic
from app.hub.models import Broken, Model
from app.ui.controls import Elided, Flow
from app.ui.models.figures import many, size
from app.ui.models.own import OwnSettings
from app.ui.models.words import SOURCES, fit_words

Shown = Model | Broken


class InstalledView(QWidget):
    used = Signal(object)  # a `Model`
    revealed = Signal(object)  # a path
    removed = Signal(object)  # a `Model` or `Broken`

    def __init__(self, own: OwnSettings) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self.title = Elided()
        self._facts = _small()
        self._path = _small()
        self._fit = _small()
        self.use = _button("Use this model", "primary")
        self.show_file = _button("Show in its folder", "plain")
        self.remove = _button("Delete", "plain")
        self.own = own
        self._lay_out()
        self.use.clicked.connect(self._told(self.used.emit))
        self.show_file.clicked.connect(self._told(lambda shown: self.revealed.emit(shown.path)))
        self.remove.clicked.connect(self._told(self.removed.emit))

    def _lay_out(self) -> None:
        self.title.setProperty("kind", "title")
        self._path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = Flow()
        for button in (self.use, self.show_file, self.remove):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 16, 12)
        column.setSpacing(6)
        for part in (self.title, self._facts, self._path, self._fit):
            column.addWidget(part)
        column.addSpacing(4)
        column.addLayout(buttons)
        column.addSpacing(8)
        column.addWidget(self.own, 1)
        column.addStretch(0)

    def show_model(self, shown: Shown, fit: Fit | None, *, loaded: bool) -> None:
        self._shown = shown
        chat = isinstance(shown, Model) and shown.facts.kind == "chat"
        self.use.setVisible(chat)
        self.use.setEnabled(not loaded)
        self.use.setText("In use" if loaded else "Use this model")
        self.remove.setVisible(shown.source == "app")
        self._path.setText(str(shown.path))
        self._fit.setVisible(fit is not None)
        if fit is not None:
            self._fit.setText(fit_words(fit))
            self._fit.setToolTip("\n".join(arithmetic(fit)))
        if isinstance(shown, Model):
            self.title.setText(shown.full_title)
            self._facts.setText(_facts(shown))
        else:
            self.title.setText(shown.path.name)
            self._facts.setText(shown.reason)
        self.own.setVisible(chat)
        if isinstance(shown, Model) and chat:
            self.own.show_model(shown, loaded=loaded)
            self.own.loading.show_fit(fit)

    @property
    def path(self) -> Path | None:
        return self._shown.path if self._shown else None

    def _told(self, tell: Callable[[Shown], object]) -> Callable[[], None]:
        def clicked() -> None:
            if self._shown is not None:
                tell(self._shown)

        return clicked


def _facts(model: Model) -> str:
    facts = model.facts
    parts = (
        f"{many(facts.parameters)} parameters" if facts.parameters else "",
        facts.architecture,
        f"trained for {facts.trained_ctx:,} tokens" if facts.trained_ctx else "",
        size(model.size),
        f"{len(model.parts)} parts" if len(model.parts) > 1 else "",
        "sees pictures" if model.projector else "",
        facts.licence,
        SOURCES[model.source],
        f"{len(model.copies)} more copies of it" if model.copies else "",
    )
    return " · ".join(part for part in parts if part)


def _button(text: str, kind: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", kind)
    return button


def _small() -> QLabel:
    label = QLabel()
    label.setProperty("kind", "small")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
