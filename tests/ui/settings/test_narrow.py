"""No panel is wider than the smallest window, when the letters are half as large again."""

import msgspec
import pytest

from app.chat.presets import Presets
from app.chat.tools import built_in
from app.core.paths import find_folders
from app.ui.models.loading import OwnLoading
from app.ui.palette.commands import actions
from app.ui.settings.account import AccountPanel
from app.ui.settings.entries import ENTRIES, Number
from app.ui.settings.presets import PresetsPanel
from app.ui.settings.row import SettingRow
from app.ui.settings.shortcuts import ShortcutsPanel
from app.ui.settings.storage import StoragePanel
from app.ui.settings.stores import Stores
from app.ui.settings.tools import ToolsPanel
from app.ui.settings.transfer import Export, Import

ROOM = 720 - 266 - 66  # the window, without the list of chats and the margins of a page


@pytest.fixture
def large(desk):
    def edit(settings):
        appearance = msgspec.structs.replace(settings.appearance, points=15.75)
        return msgspec.structs.replace(settings, appearance=appearance)

    desk.preferences.change(edit)
    return desk.window.look.theme


@pytest.fixture
def stores(desk):
    stores = Stores(desk.db, find_folders(), lambda: None)
    yield stores
    stores.close()


@pytest.mark.parametrize("name", ["storage", "presets", "tools", "shortcuts", "loading", "account"])
def test_a_panel_fits(desk, stores, large, name):
    tools = tuple(each.tool for each in built_in())
    made = {
        "storage": lambda: StoragePanel(stores, Export(stores, large), Import(stores), large),
        "presets": lambda: PresetsPanel(Presets(desk.db, lambda event: None), large),
        "tools": lambda: ToolsPanel(tools, desk.preferences, large),
        "shortcuts": lambda: ShortcutsPanel(lambda: actions(desk.window.menu)),
        "loading": lambda: OwnLoading(desk.preferences, large),
        "account": lambda: AccountPanel(None, print),
    }[name]()
    desk.qtbot.addWidget(made)
    if isinstance(made, ShortcutsPanel):
        made.refresh()
        desk.qtbot.waitUntil(lambda: made._grid.count() and not made._waiting)
    made.resize(ROOM, 480)
    made.show()
    desk.qtbot.wait(5)
    assert 100 < made.minimumSizeHint().width() <= ROOM


def test_what_an_empty_field_means_can_be_read(desk, large):
    special = [each for each in ENTRIES if isinstance(each.kind, Number) and each.kind.special]
    assert special
    for entry in special:
        row = SettingRow(entry, desk.preferences, lambda what: [], large)
        desk.qtbot.addWidget(row)
        row.show()
        field = row.control.field
        text = field.fontMetrics().horizontalAdvance(field.placeholderText())
        assert field.width() > text + 16, entry.label
