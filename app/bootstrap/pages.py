"""The pages around the conversation, built when they are first opened. Main thread.

Their modules are imported then, or before on another thread: the window does not wait for them.
"""

import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from app.bootstrap.checkup import versions
from app.bootstrap.diagnostics import diagnostics
from app.bootstrap.rooms import Rooms
from app.bootstrap.shelf import Shelves
from app.chat.tools import built_in
from app.core.errors import from_info
from app.core.fit import Fit
from app.core.ids import new_request_id
from app.core.messages import Message
from app.core.protocol import Failed, Render, Rendered, RequestEvent
from app.core.settings import NO_EMBEDDER, OwnLoad
from app.hub.library import Library
from app.hub.models import Model
from app.storage.database import is_temporary
from app.ui.bridge import Answers, Bridge
from app.ui.composer.preset_menu import PresetMenu
from app.ui.controls import action
from app.ui.events import (
    Event,
    LibraryChanged,
    ModelChanged,
    ModelFailed,
    ModelReady,
    ModelsListed,
)
from app.ui.header.switch import ModelSwitch
from app.ui.models.offers import Offers
from app.ui.models.rescue import next_step
from app.ui.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window import Window

if TYPE_CHECKING:
    from app.ui.models.page import ModelsPage
    from app.ui.palette.matching import Command
    from app.ui.palette.palette import Palette
    from app.ui.settings.entries import Entry, Part, Section, What
    from app.ui.settings.page import PanelMaker, SettingsPage
    from app.ui.settings.runtimes import Builds
    from app.ui.settings.stores import Stores


_SHORT_CHAT = (
    Message(role="system", content="Answer in one sentence."),
    Message(role="user", content="Which tea is green?"),
    Message(role="assistant", content="Sencha is."),
    Message(role="user", content="And which is black?"),
)


class Surroundings:
    """Makes the pages out of the rooms, and keeps what they ask of the models at hand."""

    def __init__(
        self,
        window: Window,
        rooms: Rooms,
        bridge: Bridge,
        preferences: Preferences,
        models: ModelSwitch,
        shelves: Shelves,
        stores: "Stores",
    ) -> None:
        self._window = window
        self._rooms = rooms
        self._bridge = bridge
        self._preferences = preferences
        self._models = models
        self._shelves = shelves
        self._stores = stores
        self._library = Library()
        self._listed = ModelsListed(())
        self._loaded = ""
        self._palette: Palette | None = None
        self._presets = PresetMenu(
            rooms.presets,
            rooms.temporary.presets,
            window.keeping,
            window.current,
            window.notes,
            bridge,
            window.look.theme,
        )
        self._answers = Answers(window)
        bridge.arrived.connect(self._follow)

    def offer(self) -> None:
        window = self._window
        window.pages.offer("models", self._models_page)
        window.header.find_more = action(window, "&Models…", self._open_models, "Ctrl+Shift+M")
        window.offer_action(window.header.find_more)
        settings = window.offer_page("settings", "&Settings…", "Ctrl+,", self._settings_page)
        window.sidebar.footer.settings.does(settings)
        window.sidebar.footer.settings.show()
        window.header.rescue = self._rescue
        self._offer_first_models()
        self._offer_presets()
        window.offer_action(action(window, "&Export chats…", self._export, "Ctrl+Shift+E"))
        window.offer_action(action(window, "&Import chats…", self._import, "Ctrl+Shift+O"))
        window.offer_action(action(window, "&Do something…", self._open_palette, "Ctrl+K"))

    def _follow(self, event: Event) -> None:
        match event:
            case LibraryChanged(library=library):
                self._library = library
            case ModelsListed():
                self._listed = event
            case ModelChanged(state=state):
                self._loaded = state.choice.path if isinstance(state, ModelReady) else ""
            case _:
                pass

    def _offer_presets(self) -> None:
        presets, window = self._presets, self._window
        window.composer.offer(presets)
        window.offer_action(presets.choose)
        presets.edit_wanted.connect(lambda: self._show_section("sampling"))

    def _offer_first_models(self) -> None:
        welcome = self._window.welcome
        offers = Offers(self._bridge)
        offers.turned.connect(welcome.show_offers)
        offers.more_wanted.connect(self._open_models)
        welcome.offer(offers)
        self._answers.take(self._shelves.shelf, offers.open)

    def _rescue(self, failed: ModelFailed) -> tuple[str, Callable[[], None]]:
        """The next step after a load that failed: a setting that would help, or another model."""
        gpus = any(device.kind == "gpu" for device in self._rooms.pool.devices)
        settings, path = self._preferences.value, failed.choice.path
        step = next_step(failed.error, settings, path, has_gpu=gpus)
        if step is None:
            return "Choose another model", self._open_models

        def take() -> None:
            saving = self._preferences.change(step.edit)
            self._answers.take(saving, lambda _: self._models.load(failed.choice))

        return step.label, take

    def _open_models(self) -> None:
        """Just after the start, what it stands on is still being opened: the window goes on."""
        shelf = self._shelves.shelf
        if shelf.done():
            self._window.pages.open("models")
        else:
            self._answers.take(shelf, lambda _: self._open_models())

    # -- the pages

    def _models_page(self, theme: Theme) -> "ModelsPage":
        from app.ui.models.page import ModelsPage

        shelf = self._shelves.shelf.result()
        page = ModelsPage(
            shelf,
            self._models,
            self._bridge,
            theme,
            webbrowser.open,
            self._rooms.presets,
            self._preview,
            self._preferences,
        )
        page.login_wanted.connect(lambda: self._show_part("account"))
        page.begin(self._library, self._loaded)
        return page

    def _preview(self) -> "Future[str]":
        """A short chat as the model in use sees it."""
        shown: Future[str] = Future()

        def sink(event: RequestEvent) -> None:
            if isinstance(event, Rendered):
                shown.set_result(event.prompt)
            elif isinstance(event, Failed):
                shown.set_exception(from_info(event.error))

        self._rooms.pool.submit(Render(request_id=new_request_id(), messages=_SHORT_CHAT), sink)
        return shown

    def _settings_page(self, theme: Theme) -> "SettingsPage":
        from app.bootstrap.login import HubLogin
        from app.ui.palette.commands import actions
        from app.ui.settings.about import AboutPanel
        from app.ui.settings.account import AccountPanel
        from app.ui.settings.estimate import EstimatePanel
        from app.ui.settings.meaning import MeaningPanel
        from app.ui.settings.page import SettingsPage
        from app.ui.settings.presets import PresetsPanel
        from app.ui.settings.runtimes import RuntimesPanel
        from app.ui.settings.shortcuts import ShortcutsPanel
        from app.ui.settings.storage import StoragePanel
        from app.ui.settings.tools import ToolsPanel
        from app.ui.settings.transfer import Export, Import

        preferences, stores = self._preferences, self._stores
        told = self._shelves.lane.submit(versions)  # known by the time that anybody asks
        tools = tuple(each.tool for each in built_in())
        panels: dict[Part, PanelMaker] = {
            "meaning": lambda theme: MeaningPanel(
                self._rooms.meaning.standing,
                lambda: (
                    preferences.value.models.embedder != NO_EMBEDDER
                    and not self._library.of_kind("embedding")
                ),
                lambda one: self._shelves.shelf.result().fetch(one),
                self._bridge,
            ),
            "account": lambda theme: AccountPanel(HubLogin(self._shelves.lane), webbrowser.open),
            "estimate": lambda theme: EstimatePanel(self._estimate, preferences),
            "builds": lambda theme: RuntimesPanel(self._make_builds(), theme),
            "presets": lambda theme: PresetsPanel(self._rooms.presets, theme),
            "tools": lambda theme: ToolsPanel(tools, preferences, theme),
            "storage": lambda theme: StoragePanel(
                stores, Export(stores, theme), Import(stores), theme
            ),
            "shortcuts": lambda theme: ShortcutsPanel(lambda: actions(self._window.menu)),
            "about": lambda theme: AboutPanel(told.result(), self._diagnose),
        }
        reload_model = self._window.header.reload.trigger
        return SettingsPage(preferences, panels, reload_model, self._offered, theme)

    def _make_builds(self) -> "Builds":
        from app.bootstrap.builds import MachineBuilds

        return MachineBuilds(self._rooms, self._shelves.lane)

    def _estimate(self) -> "Future[tuple[str, Fit] | None]":
        return self._shelves.lane.submit(self._estimate_now)

    def _estimate_now(self) -> tuple[str, Fit] | None:
        models = self._library.of_kind("chat")
        model = next((each for each in models if str(each.path) == self._loaded), None)
        if model is None:
            return None
        fits = self._shelves.shelf.result().fits([model]).result()
        if model.path not in fits:
            return None
        own = self._preferences.value.models.own_of(self._loaded)
        of_its_own = "" if own == OwnLoad(self._loaded) else ", with settings of its own"
        return model.full_title + of_its_own, fits[model.path]

    def _diagnose(self) -> "Future[str]":
        return self._shelves.lane.submit(diagnostics, self._rooms)

    def _offered(self, what: "What") -> Sequence[tuple[str, str]]:
        match what:
            case "chat_model":
                return _named(self._library.of_kind("chat"))
            case "embedding_model":
                none = (NO_EMBEDDER, "None: by words alone")
                return [none, *_named(self._library.of_kind("embedding"))]
            case "device":
                gpus = [each for each in self._rooms.pool.devices if each.kind == "gpu"]
                named = [(each.name, f"{each.name}: {each.description}") for each in gpus]
                return [*named, ("cpu", "The processor alone")]

    # -- the palette and the dialogs

    def _open_palette(self) -> None:
        if self._palette is None:
            self._palette = self._make_palette()
        self._palette.open()

    def _make_palette(self) -> "Palette":
        from app.ui.palette import commands
        from app.ui.palette.palette import Palette

        window = self._window
        to_settings = commands.of_settings(self._show_entry, self._show_part, self._show_section)

        def at_hand() -> "list[Command]":
            models = commands.of_models(self._listed.choices, self._models)
            return [*commands.of_actions(window.menu), *models, *to_settings]

        chats = commands.find_stored(self._rooms.db, window.current.open, self._presets.use)
        palette = Palette(window, at_hand, chats, window.look.theme)
        window.look.changed.connect(palette.set_theme)
        return palette

    def _show_entry(self, entry: "Entry") -> None:
        self._settings().show_entry(entry)

    def _show_part(self, part: "Part") -> None:
        self._settings().show_part(part)

    def _show_section(self, section: "Section") -> None:
        self._settings().show_section(section)

    def _settings(self) -> "SettingsPage":
        from app.ui.settings.page import SettingsPage

        page = self._window.pages.open("settings")
        assert isinstance(page, SettingsPage)
        return page

    def _export(self) -> None:
        from app.ui.settings.transfer import Export, TransferDialog

        here = self._window.current.conversation
        theme = self._window.look.theme
        chats = () if here is None or is_temporary(here) else (here,)
        TransferDialog("Export", Export(self._stores, theme, chats), self._window).open()

    def _import(self) -> None:
        from app.ui.settings.transfer import Import, TransferDialog

        TransferDialog("Import chats", Import(self._stores), self._window).open()


def _named(models: Sequence[Model]) -> list[tuple[str, str]]:
    return [(str(each.path), each.full_title) for each in models]
