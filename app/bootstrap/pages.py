"""The pages around the conversation, built when they are first opened. Main thread."""

from app.bootstrap.rooms import Rooms
from app.ui.header.switch import ModelSwitch
from app.ui.pages import Page
from app.ui.preferences import Preferences
from app.ui.settings.page import SettingsPage
from app.ui.theme import Theme
from app.ui.window import Window


def offer_pages(
    window: Window, rooms: Rooms, preferences: Preferences, models: ModelSwitch
) -> None:
    def settings(theme: Theme) -> Page:
        return SettingsPage(preferences, {}, window.header.reload.trigger, theme)

    opens = window.offer_page("settings", "&Settings", "Ctrl+,", settings)
    window.sidebar.footer.settings.does(opens)
    window.sidebar.footer.settings.show()
