"""The pages around the conversation, built when they are first opened. Main thread.

Their modules are imported then, or before on another thread: the window does not wait for them.
"""

import webbrowser

from app.bootstrap.rooms import Rooms
from app.bootstrap.shelf import Shelves
from app.ui.bridge import Bridge
from app.ui.header.switch import ModelSwitch
from app.ui.pages import Page
from app.ui.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window import Window


def offer_pages(
    window: Window,
    rooms: Rooms,
    bridge: Bridge,
    preferences: Preferences,
    models: ModelSwitch,
    shelves: Shelves,
) -> None:
    def settings_page(theme: Theme) -> Page:
        from app.ui.settings.page import SettingsPage

        return SettingsPage(preferences, {}, window.header.reload.trigger, theme)

    def models_page(theme: Theme) -> Page:
        from app.ui.models.page import ModelsPage

        return ModelsPage(shelves.shelf.result(), models, bridge, theme, webbrowser.open)

    opens = window.offer_page("models", "&Models…", "Ctrl+Shift+M", models_page)
    window.header.find_more = opens
    opens = window.offer_page("settings", "&Settings…", "Ctrl+,", settings_page)
    window.sidebar.footer.settings.does(opens)
    window.sidebar.footer.settings.show()
