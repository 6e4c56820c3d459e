"""The header: the model menu, its load progress, the context meter, the memory panel.

Main thread. A model switch loads at once and can be cancelled; what is not known is not shown.
"""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
)

from app.chat.events import WindowMeasured
from app.core.ids import ConversationId
from app.core.protocol import WorkerStats
from app.ui.bridge import Bridge
from app.ui.controls import Elided, IconButton, action
from app.ui.current import Current, Place
from app.ui.events import (
    Event,
    MemoryReported,
    ModelChanged,
    ModelChoice,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelsListed,
    ModelState,
    NoModel,
)
from app.ui.header.memory import MemoryPanel
from app.ui.notes import Notes
from app.ui.seen.accounts import Accounts
from app.ui.seen.meter import ContextMeter
from app.ui.seen.usage import Usage, usage_of
from app.ui.theme import Theme, icon


class Models(Protocol):
    """Verbs on the loaded model; what comes of them arrives as `ModelChanged`."""

    def load(self, choice: ModelChoice) -> None: ...

    def reload(self, choice: ModelChoice) -> None: ...

    def cancel_load(self) -> None: ...

    def unload(self) -> None: ...


class Header(QFrame):
    def __init__(
        self,
        models: Models,
        accounts: Accounts,
        current: Current,
        notes: Notes,
        bridge: Bridge,
        theme: Theme,
    ) -> None:
        super().__init__()
        self.setObjectName("header")
        self._models = models
        self._accounts = accounts
        self._current = current
        self._notes = notes
        self._failure = ""  # of the last load, as the notes say it
        self._theme = theme
        self._state: ModelState = NoModel()
        self._choices: tuple[ModelChoice, ...] = ()
        self._stats = WorkerStats()
        self._usages: dict[ConversationId, Usage] = {}
        self.model_button = QPushButton()
        self._named = ""
        self.menu = QMenu(self.model_button)
        self.temporary = QLabel("Temporary")
        self.progress = QProgressBar()
        self.cancel_button = IconButton("close", "Cancel loading", theme)
        self.step = Elided()
        self.meter = ContextMeter(theme)
        self.memory_button = IconButton("memory", "Memory", theme)
        self.memory = MemoryPanel(theme, self)
        self.show_button = IconButton("sidebar", "Show the sidebar", theme)
        self.open_menu = action(self, "&Choose a model", self._open_menu, "Ctrl+M")
        self.reload = action(self, "&Reload the model", self._reload, "Ctrl+Shift+R")
        self.unload = action(self, "&Unload the model", models.unload)
        self.cancel = action(self, "Cancel &loading", models.cancel_load)
        self.rescue: Callable[[ModelFailed], tuple[str, Callable[[], None]]] | None = None
        self.find_more: QAction | None = None  # opens the page of models, when there is one
        self._lay_out()
        self._connect(bridge)
        self.set_theme(theme)

    def _lay_out(self) -> None:
        self.model_button.setObjectName("model")
        self.model_button.setMenu(self.menu)
        self.temporary.setObjectName("temporary")
        self.temporary.setToolTip(
            "Nothing of this chat reaches the disk. It is gone when the app closes."
        )
        self.temporary.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.temporary.hide()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setFixedWidth(90)
        self.progress.setAccessibleName("Loading")
        self.step.setProperty("kind", "small")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 14, 4)
        row.setSpacing(6)
        row.addWidget(self.show_button)
        row.addWidget(self.model_button)
        row.addWidget(self.temporary)
        row.addWidget(self.progress)
        row.addWidget(self.cancel_button)
        row.addWidget(self.step, 1)
        row.addWidget(self.meter)
        row.addWidget(self.memory_button)
        self.show_button.hide()

    def _connect(self, bridge: Bridge) -> None:
        self.menu.aboutToShow.connect(self._fill_menu)
        self.cancel_button.clicked.connect(self.cancel.trigger)
        self.memory_button.clicked.connect(self._show_memory)
        self._current.changed.connect(self._place_changed)
        self._accounts.changed.connect(self._show_usage)
        bridge.arrived.connect(self._follow)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        parts = (self.cancel_button, self.meter, self.memory_button, self.show_button)
        for part in parts:
            part.set_theme(theme)
        self.model_button.setIcon(icon("chip", theme.colors.muted))
        self._show()

    # -- what happens

    def _follow(self, event: Event) -> None:
        match event:
            case ModelChanged(state=state):
                self._state = state
                self._show()
            case ModelsListed(choices=choices):
                self._choices = choices
            case WindowMeasured(conversation=conversation):
                self._usages[conversation] = Usage(
                    recent=event.used, reserve=event.reserve, limit=event.chat_ctx
                )
                self._show_usage()
            case MemoryReported(stats=stats):
                self._stats = stats
                if self.memory.isVisible() and isinstance(self._state, ModelReady):
                    self.memory.show_figures(self._state.info, stats)
            case _:
                pass

    def _place_changed(self, place: Place) -> None:
        self.temporary.setVisible(place.temporary)
        self._show_usage()

    def _show_usage(self) -> None:
        here, account = self._current.conversation, self._accounts.here
        if account is not None:
            self.meter.show_usage(usage_of(account))
        else:  # what the engine said of the last turn, until it has counted by parts
            self.meter.show_usage(Usage() if here is None else self._usages.get(here, Usage()))

    def _show(self) -> None:
        state = self._state
        loading = isinstance(state, ModelLoading)
        name = "Choose a model" if isinstance(state, NoModel) else state.choice.name
        self._name_model(name)
        self.model_button.setAccessibleName(f"Model: {name}")
        guided = not isinstance(state, NoModel) and state.choice.built_in
        answers = (
            "It knows this app and little else: choose a larger one"
            if guided
            else ("Choose the model that answers")
        )
        self.model_button.setToolTip(f"{answers} (Ctrl+M)")
        self.progress.setVisible(loading)
        self.cancel_button.setVisible(loading)
        self.cancel.setEnabled(loading)
        self.memory_button.setVisible(isinstance(state, ModelReady))
        self.unload.setEnabled(isinstance(state, ModelReady))
        self.reload.setEnabled(isinstance(state, ModelReady | ModelFailed))
        match state:
            case ModelLoading(fraction=fraction, step=step):
                if self._failure and self._notes.text == self._failure:  # it is being tried again
                    self._notes.hide()
                self._failure = ""
                self.progress.setRange(0, 1000 if fraction else 0)
                self.progress.setValue(round(fraction * 1000))
                self.step.setText(step)
                self.step.setToolTip(step)
            case ModelReady(info=info):
                self.step.setText("")
                self.step.setToolTip("\n".join(info.steps))
            case ModelFailed(error=error):
                self.step.setText("")
                label, do = "Try again", self._reload
                if self.rescue is not None:
                    label, do = self.rescue(state)
                self._failure = error.message
                self._notes.say(error.message, label, do, bad=True)
            case NoModel():
                self.step.setText("")

    def _name_model(self, name: str) -> None:
        """As much of it as there is room for."""
        self._named = name
        px = self._theme.px
        room = round(max(px(70), self.width() - px(280)))
        metrics = self.model_button.fontMetrics()
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        self.model_button.setText(f"{shown}  ▾")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._name_model(self._named)

    def _fill_menu(self) -> None:
        self.menu.clear()
        state = self._state
        active = "" if isinstance(state, NoModel | ModelFailed) else state.choice.path
        for choice in self._choices:
            label = f"{choice.name}\t{choice.detail}" if choice.detail else choice.name
            entry = self.menu.addAction(label.replace("&", "&&"), self._loader(choice))
            entry.setCheckable(True)
            entry.setChecked(choice.path == active)
        if not self._choices:
            self.menu.addAction("No models on this machine yet").setEnabled(False)
        self.menu.addSeparator()
        self.menu.addActions([self.reload, self.unload])
        if self.find_more is not None:
            self.menu.addSeparator()
            self.menu.addAction(self.find_more)

    def _loader(self, choice: ModelChoice) -> Callable[[], None]:
        return lambda: self._models.load(choice)

    def _open_menu(self) -> None:
        self.model_button.showMenu()

    def _reload(self) -> None:
        match self._state:
            case ModelReady(choice=choice):
                self._models.reload(choice)
            case ModelFailed(choice=choice):
                self._models.load(choice)
            case _:
                pass

    def _show_memory(self) -> None:
        if isinstance(self._state, ModelReady):
            self.memory.show_figures(self._state.info, self._stats)
            self.memory.open_under(self.memory_button)
