"""What belongs to one model: how its chats begin, how it is loaded, and its chat template.

Main thread. The template is shown as text people can read; for the model in use, also what a
short chat looks like to it.
"""

from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.chat.presets import Presets
from app.core.errors import to_info
from app.hub.models import Model
from app.storage.presets import Preset
from app.ui.bridge import Answers
from app.ui.controls import Flow
from app.ui.models.loading import OwnLoading
from app.ui.preferences import Preferences
from app.ui.settings.presets import PresetEditor
from app.ui.theme import Theme
from app.ui.transcript.reader import Reader

# A short chat as the model in use would see it.
Preview = Callable[[], "Future[str]"]


class OwnSettings(QWidget):
    def __init__(
        self, presets: Presets, preview: Preview, preferences: Preferences, theme: Theme
    ) -> None:
        super().__init__()
        self._presets = presets
        self._preview = preview
        self._answers = Answers(self)
        self._model: Model | None = None
        self._loaded = False
        self.editor = PresetEditor(theme)
        self.said = QLabel()
        self.loading = OwnLoading(preferences, theme)
        self.template = Reader(theme)
        self.settings_tab = _tab("Chats", "How chats with it begin")
        self.loading_tab = _tab("Loading", "How it is loaded")
        self.template_tab = _tab("Template", "Its chat template")
        self._pages = QStackedWidget()
        self._lay_out()
        self.editor.saved.connect(self._save)
        for tab in (self.loading_tab, self.template_tab):
            tab.toggled.connect(self._turned)

    def _lay_out(self) -> None:
        about = QLabel("New chats with this model begin with this prompt and are sampled so.")
        for label in (about, self.said):
            label.setProperty("kind", "small")
            label.setWordWrap(True)
        self.template.setAccessibleName("Chat template")
        self._pages.addWidget(_scrolled("How chats with it begin", about, self.editor, self.said))
        self._pages.addWidget(_scrolled("How it is loaded", self.loading))
        self._pages.addWidget(self.template)
        group = QButtonGroup(self)
        tabs = Flow()
        for tab in (self.settings_tab, self.loading_tab, self.template_tab):
            group.addButton(tab)
            tabs.addWidget(tab)
        self.settings_tab.setChecked(True)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addLayout(tabs)
        around.addWidget(self._pages, 1)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.editor, self.loading, self.template):
            part.set_theme(theme)

    def show_model(self, model: Model, *, loaded: bool) -> None:
        self.loading.show_model(model, loaded=loaded)
        another = self._model is None or model.path != self._model.path
        turned = loaded != self._loaded
        self._model, self._loaded = model, loaded
        if another:  # else what is being typed stays
            self.said.clear()
            self._answers.take(
                self._presets.of_model(str(model.path)), lambda preset: self._shown(model, preset)
            )
        if (another or turned) and self.template_tab.isChecked():
            self._show_template()

    def _shown(self, model: Model, preset: Preset) -> None:
        if self._model is not None and model.path == self._model.path:
            self.editor.show_preset(preset)

    def _save(self, preset: Preset) -> None:
        if self._model is not None:
            saving = self._presets.set_for_model(str(self._model.path), preset)
            self._answers.take(saving, lambda _: self.said.setText("Kept."), self._failed)

    def _failed(self, error: BaseException) -> None:
        self.said.setText(to_info(error).message)

    # -- the template

    def _turned(self) -> None:
        tabs = (self.settings_tab, self.loading_tab, self.template_tab)
        self._pages.setCurrentIndex([tab.isChecked() for tab in tabs].index(True))
        if self.template_tab.isChecked():
            self._show_template()

    def _show_template(self) -> None:
        model = self._model
        if model is None:
            return
        source = model.facts.chat_template
        text = f"### The template\n\n{_code(source, 'jinja')}" if source else _NO_TEMPLATE
        self.template.show_text(text)
        if self._loaded:
            self._answers.take(
                self._preview(),
                lambda rendered: self._rendered(model, rendered, text),
                lambda error: self.template.show_text(f"{to_info(error).message}\n\n{text}"),
            )

    def _rendered(self, model: Model, rendered: str, text: str) -> None:
        if self._model is not None and model.path == self._model.path:
            self.template.show_text(
                f"### What a short chat looks like to it\n\n{_code(rendered, '')}\n\n{text}"
            )


_NO_TEMPLATE = "The file has no chat template: a common one is used, and said so when it is loaded."


def _code(text: str, language: str) -> str:
    """In a fence longer than any inside it."""
    fence = "`" * 8
    return f"{fence}{language}\n{text.replace(fence, '')}\n{fence}"


def _scrolled(name: str, *parts: QWidget) -> QScrollArea:
    inner = QWidget()
    inner.setObjectName("pageBody")
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 8, 12, 8)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    area = QScrollArea()
    area.setObjectName("pageScroll")
    area.setAccessibleName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area


def _tab(text: str, about: str) -> QToolButton:
    tab = QToolButton()
    tab.setText(text)
    tab.setToolTip(about)
    tab.setAccessibleDescription(about)
    tab.setCheckable(True)
    tab.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return tab
