"""The preset of the chat on screen: named beside the composer, chosen from a menu there.

Main thread. A chat takes a copy of what is chosen, so that a preset edited later rewrites no
conversation. One that has not begun yet has its choice kept here until its first message.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton

from app.chat.events import ConversationChanged
from app.chat.presets import Presets
from app.core.errors import to_info
from app.core.ids import ConversationId
from app.storage import conversations
from app.storage.conversations import Conversation
from app.storage.database import is_temporary
from app.storage.presets import Preset, StoredPreset
from app.ui.bridge import Answers, Bridge
from app.ui.controls import action, spoken
from app.ui.current import Current, NewChat, Place
from app.ui.events import Event, ModelChanged, ModelReady
from app.ui.keeping import Keeping
from app.ui.notes import Notes
from app.ui.theme import Theme, icon

_AS_THE_MODEL = "As the model has it"
_MOST_CHARS = 28


class PresetMenu(QToolButton):
    edit_wanted = Signal()  # to where presets are made and changed

    def __init__(
        self,
        kept: Presets,
        passing: Presets,
        keeping: Keeping,
        current: Current,
        notes: Notes,
        bridge: Bridge,
        theme: Theme,
    ) -> None:
        super().__init__()
        self._kept = kept  # presets are kept here, whatever chat they are used in
        self._passing = passing
        self._keeping = keeping
        self._current = current
        self._notes = notes
        self._theme = theme
        self._answers = Answers(self)
        self._model = ""  # the path of the one that answers
        self._stored: Sequence[StoredPreset] = ()
        self._chosen: dict[NewChat, StoredPreset] = {}
        self.used: StoredPreset | None = None  # by the chat on screen, as far as it has a name
        self.menu_of_presets = QMenu(self)
        self.choose = action(self, "Choose a &preset for this chat", self.open, "Ctrl+P")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.choose.trigger)
        current.changed.connect(self._place_changed)
        bridge.arrived.connect(self._follow)
        self.set_theme(theme)
        self._look()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        side = round(theme.px(18))
        self.setIcon(icon("preset", theme.colors.muted, side))
        self.setIconSize(QSize(side, side))

    # -- what a chat that begins takes along

    @property
    def for_new(self) -> Preset | None:
        """None: the model's own."""
        chosen = self._chosen.get(self._current.place.new)
        return chosen.preset if chosen else None

    def taken(self) -> None:
        """A chat has begun with it; the next one begins afresh."""
        self._chosen.clear()
        self._look()

    # -- what is chosen

    def open(self) -> None:
        self._answers.take(self._kept.listed(), self._popup)

    def _popup(self, stored: Sequence[StoredPreset]) -> None:
        self._stored = stored
        menu = self.menu_of_presets
        menu.clear()
        for each in (None, *stored):
            name = each.name if each else _AS_THE_MODEL
            entry = menu.addAction(name.replace("&", "&&"), self._user(each))
            entry.setCheckable(True)
            entry.setChecked((each and each.id) == (self.used and self.used.id))
        menu.addSeparator()
        menu.addAction("Change presets…" if stored else "Make a preset…", self.edit_wanted.emit)
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def _user(self, stored: StoredPreset | None) -> Callable[[], None]:
        return lambda: self.use(stored)

    def use(self, stored: StoredPreset | None) -> None:
        """For the chat on screen; None: as its model has it."""
        here = self._current.conversation
        if here is None:
            new = self._current.place.new
            self._chosen = {new: stored} if stored else {}
            self._look()
        elif stored is not None:
            self._apply(here, stored.preset, f"“{stored.name}” holds from the next reply on.")
        else:
            self._as_the_model(here)

    def _as_the_model(self, here: ConversationId) -> None:
        def found(chat: Conversation) -> None:
            self._answers.take(self._kept.of_model(chat.model or self._model), own, self._failed)

        def own(of_model: Preset) -> None:
            # Its sampling holds by itself as long as the chat has none.
            begun = Preset(system_prompt=of_model.system_prompt)
            self._apply(here, begun, "The next reply is as the model has it.")

        reading = self._keeping.of(here).db.read(lambda tx: conversations.get(tx, here))
        self._answers.take(reading, found, self._failed)

    def _apply(self, here: ConversationId, preset: Preset, said: str) -> None:
        presets = self._passing if is_temporary(here) else self._kept
        using = presets.use_preset(here, preset)
        self._answers.take(using, lambda _: self._notes.say(said), self._failed)

    # -- what is in force

    def _place_changed(self, _: Place) -> None:
        self._look()

    def _follow(self, event: Event) -> None:
        match event:
            case ConversationChanged(conversation=changed):
                if changed == self._current.conversation:
                    self._look()
            case ModelChanged(state=ModelReady(choice=choice)):
                self._model = choice.path
            case _:
                pass

    def _look(self) -> None:
        here = self._current.conversation
        if here is None:
            self._show(self._chosen.get(self._current.place.new))
            return

        def listed(stored: Sequence[StoredPreset]) -> None:
            self._stored = stored
            reading = self._keeping.of(here).db.read(lambda tx: conversations.get(tx, here))
            self._answers.take(reading, self._found, lambda _: self._show(None))

        self._answers.take(self._kept.listed(), listed, self._failed)

    def _found(self, chat: Conversation) -> None:
        if chat.id == self._current.conversation:
            said = Preset(system_prompt=chat.system_prompt, sampling=chat.sampling)
            named = (each for each in self._stored if each.preset == said)
            self._show(next(named, None))

    def _show(self, used: StoredPreset | None) -> None:
        self.used = used
        name = used.name if used else ""
        short = name if len(name) <= _MOST_CHARS else f"{name[: _MOST_CHARS - 1]}…"
        self.setText(short.replace("&", "&&"))
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if name else style.ToolButtonIconOnly
        )
        self.setAccessibleName(f"Preset of this chat: {name or 'none'}")
        self.setToolTip(spoken(self.choose.text(), self.choose.shortcut()))

    def _failed(self, error: BaseException) -> None:
        self._notes.warn(to_info(error).message)
