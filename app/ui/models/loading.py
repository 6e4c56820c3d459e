"""What one model is loaded with in place of what the settings say for all: context, GPU layers.

Main thread. A change is in the settings at once and holds from the model's next load on; a value
that will not do is refused under its field and stays there to be mended.
"""

from typing import Any

import msgspec
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.core.errors import InvalidRequest
from app.core.fit import Fit, arithmetic
from app.core.settings import ChatContext, GpuLayers, ModelSettings, OwnLoad, Settings
from app.hub.models import Model
from app.ui.bridge import Answers
from app.ui.preferences import Preferences
from app.ui.settings.values import checked, plain_number
from app.ui.settings.widgets import ComboBox
from app.ui.theme import Theme

_AS_ALL, _AUTOMATIC, _SO_MANY = range(3)
_WIDE = 22  # characters
_SOME_LAYERS = 16  # to begin with, where nobody knows better


class OwnLoading(QWidget):
    reload_wanted = Signal()

    def __init__(self, preferences: Preferences, theme: Theme) -> None:
        super().__init__()
        self._preferences = preferences
        self._answers = Answers(self)
        self._model: Model | None = None
        self._loaded = False
        self.chat_ctx, self.layers = QLineEdit(), QLineEdit()
        self.offload = ComboBox("Layers on the GPU of this model", theme)
        self.problem, self.needs, self.fit = _line("danger"), _line("small"), _line("small")
        self.reload = QPushButton("Load it again now")
        self._lay_out()
        self.chat_ctx.editingFinished.connect(self._ctx_typed)
        self.offload.activated.connect(self._offload_chosen)
        self.layers.editingFinished.connect(self._layers_typed)
        self.reload.clicked.connect(self._wants_reload)
        preferences.changed.connect(self._settings_changed)

    def _lay_out(self) -> None:
        for field, name in (
            (self.chat_ctx, "Context of a chat with this model, tokens"),
            (self.layers, "Number of layers on the GPU"),
        ):
            field.setAccessibleName(name)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.chat_ctx.setFixedWidth(170)
        self.layers.setFixedWidth(70)
        self.offload.setMinimumContentsLength(_WIDE)
        for name in ("As in the settings", "As many as fit", "So many:"):
            self.offload.addItem(name)
        self.reload.setProperty("kind", "link")
        about = _line("small")
        about.setText("Left alone, a model is loaded as the settings say for all of them.")
        unit = _line("small")
        unit.setText("tokens")
        unit.setWordWrap(False)
        needs = QHBoxLayout()
        needs.addWidget(self.needs, 1)
        needs.addWidget(self.reload)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(about)
        column.addLayout(_row("Context of a chat", self.chat_ctx, unit))
        column.addLayout(_row("Layers on the GPU", self.offload, self.layers))
        column.addWidget(self.problem)
        column.addLayout(needs)
        column.addWidget(self.fit)
        for part in (self.problem, self.needs, self.reload, self.fit):
            part.hide()

    def set_theme(self, theme: Theme) -> None:
        self.offload.set_theme(theme)

    def show_model(self, model: Model, *, loaded: bool) -> None:
        if loaded and not self._loaded:
            self._settled()
        self._loaded = loaded
        if model.path == (self._model and self._model.path):
            return  # what is being typed stays
        self._model = model
        self._settled()
        self.problem.hide()
        for field in (self.chat_ctx, self.layers):
            field.setModified(False)
        self._show()

    def show_fit(self, fit: Fit | None) -> None:
        """The estimate, with the settings as they are now."""
        self.fit.setVisible(fit is not None)
        if fit is not None:
            layers = f"{fit.gpu_layers} of {fit.total_layers} layers on the GPU"
            lines = [layers, *arithmetic(fit)] if fit.gpu_available else arithmetic(fit)
            self.fit.setText("\n".join(lines))

    # -- what is in force

    @property
    def _own(self) -> OwnLoad:
        assert self._model is not None
        return self._preferences.value.models.own_of(str(self._model.path))

    def _show(self) -> None:
        everyone, own = self._preferences.value.models, self._own
        self.chat_ctx.setPlaceholderText(f"{everyone.chat_ctx:,}, as for all")
        if not self.chat_ctx.isModified():  # what is being typed, or is refused, stays
            self.chat_ctx.setText("" if own.chat_ctx is None else f"{own.chat_ctx:,}")
        self.offload.setItemText(_AS_ALL, f"As for all: {_layers_words(everyone)}")
        match own.gpu_layers:
            case None:
                self.offload.setCurrentIndex(_AS_ALL)
            case "auto":
                self.offload.setCurrentIndex(_AUTOMATIC)
            case count:
                self.offload.setCurrentIndex(_SO_MANY)
                if not self.layers.isModified():
                    self.layers.setText(f"{count:,}")
        self.layers.setVisible(self.offload.currentIndex() == _SO_MANY)

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        if self._model is None:
            return
        path = str(self._model.path)
        with QSignalBlocker(self.chat_ctx), QSignalBlocker(self.layers):
            self._show()
        if old.models.for_model(path) != new.models.for_model(path):
            again = "Takes effect when the model is loaded again."
            self.needs.setText(again if self._loaded else "Takes effect when it is loaded next.")
            self.needs.show()
            self.reload.setVisible(self._loaded)

    # -- what is changed

    def _ctx_typed(self) -> None:
        self._typed(self.chat_ctx, "chat_ctx", ChatContext)

    def _layers_typed(self) -> None:
        if self.offload.currentIndex() == _SO_MANY:
            self._typed(self.layers, "gpu_layers", GpuLayers)

    def _typed(self, field: QLineEdit, name: str, kind: Any) -> None:
        text = plain_number(field.text())
        try:
            value = checked(text, kind) if text or name == "gpu_layers" else None
        except InvalidRequest as error:
            self.problem.setText(error.message)
            self.problem.show()
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, error.message))
            return
        field.setModified(False)
        self._change(**{name: value})

    def _offload_chosen(self, at: int) -> None:
        if at == _SO_MANY:
            known = self.layers.text() or f"{_SOME_LAYERS}"
            self.layers.setText(known)
            self.layers.show()
            self.layers.setFocus(Qt.FocusReason.OtherFocusReason)
            self.layers.selectAll()
            self._layers_typed()
        else:
            self.layers.clear()
            self._change(gpu_layers=None if at == _AS_ALL else "auto")

    def _change(self, **values: object) -> None:
        self.problem.hide()
        own = msgspec.structs.replace(self._own, **values)

        def edit(settings: Settings) -> Settings:
            return msgspec.structs.replace(settings, models=settings.models.with_own(own))

        self._preferences.change(edit)

    def _wants_reload(self) -> None:
        self._settled()
        self._answers.take(self._preferences.saved(), lambda _: self.reload_wanted.emit())

    def _settled(self) -> None:
        self.needs.hide()
        self.reload.hide()


def _layers_words(everyone: ModelSettings) -> str:
    return "as many as fit" if everyone.gpu_layers is None else f"{everyone.gpu_layers:,}"


def _line(kind: str) -> QLabel:
    label = QLabel()
    label.setProperty("kind", kind)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _row(name: str, *controls: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    label = QLabel(name)
    label.setWordWrap(True)
    row.addWidget(label, 1)
    for control in controls:
        row.addWidget(control)
    return row
