"""The palette: a few letters find an action, a chat, a model or a setting; Return does it."""

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.storage import presets
from app.storage.presets import Preset
from app.ui.events import ModelChoice
from app.ui.palette import commands
from app.ui.palette.matching import BY_WORD, Command, best
from app.ui.palette.palette import Palette


@pytest.fixture
def went():
    return []


@pytest.fixture
def palette(desk, went):
    window = desk.window
    choices = (ModelChoice("/m/tea.gguf", "tea 1b", "Q4_K_M"),)

    def at_hand():
        return [
            *commands.of_actions(window.menu),
            *commands.of_models(choices, desk.models),
            *commands.of_settings(went.append, went.append, went.append),
        ]

    chats = commands.find_stored(desk.db, window.current.open, went.append)
    palette = Palette(window, at_hand, chats, window.look.theme)
    palette.open()
    return palette


def type_in(desk, palette, words):
    desk.qtbot.keyClicks(palette.field, words)
    desk.settle()


def titles(palette):
    return [row.title for row in palette.list.rows.rows]


def test_an_action_is_done_and_the_palette_leaves(desk, palette):
    type_in(desk, palette, "sidebar")
    assert titles(palette)[0] == "Show or hide the sidebar"
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not desk.window.sidebar.isVisible()
    assert not palette.isVisible()


def test_a_chat_is_opened_by_its_words(desk, palette):
    tea = desk.chat("Green tea", "Which leaves?")
    desk.chat("Coffee")
    type_in(desk, palette, "green")
    desk.qtbot.waitUntil(lambda: "Green tea" in titles(palette))
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert desk.window.current.conversation == tea.id


def test_a_model_and_a_setting_are_found(desk, palette, went):
    type_in(desk, palette, "tea 1b")
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert desk.models.asked == [("load", "tea 1b")]
    palette.open()
    type_in(desk, palette, "vram")
    assert titles(palette)[0] == "Layers on the GPU"
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert went[0].field == "models.gpu_layers"


def test_a_preset_is_offered_by_its_name(desk, palette, went):
    poet = Preset(system_prompt="Rhyme.")
    made = desk.db.write(lambda tx: presets.save(tx, "Poet", poet)).result(5)
    type_in(desk, palette, "poet")
    desk.qtbot.waitUntil(lambda: titles(palette)[:1] == ["Use preset Poet"])
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert went == [made]


def test_the_arrows_choose_and_escape_changes_nothing(desk, palette):
    type_in(desk, palette, "text")
    first = palette.list.key
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.key != first
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert desk.window.look.theme.points == 10.5


def test_the_best_match_is_first():
    def named(*names):
        return [Command(name, "", lambda: None) for name in names]

    found = best(named("Reload the model", "Model folder", "Remodel"), "model", 10)
    assert [each.title for each in found] == ["Model folder", "Reload the model", "Remodel"]
    assert best(named("New chat"), "nwch", 10)[0].title == "New chat"
    assert best(named("New chat"), "zebra", 10) == []


def test_words_that_are_there_come_before_letters_in_order():
    hidden = Command("Account", "settings", lambda: None, words="log in with a token")
    guessed = Command("Learn of the moon in the garden", "", lambda: None)  # l, o, g; in
    found = best([guessed, hidden], "log in", 10)
    assert found == [hidden, guessed]
    assert best([guessed, hidden], "log in", 10, least=BY_WORD) == [hidden]


def test_a_command_runs_though_what_had_the_keyboard_is_gone(desk, palette):
    palette.leave()
    card = QPushButton("link", desk.window)
    card.show()
    card.setFocus()
    palette.open()
    shiboken6.delete(card)
    type_in(desk, palette, "sidebar")
    desk.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not desk.window.sidebar.isVisible()
