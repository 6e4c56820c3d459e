"""The preset of a chat, chosen beside the message field by mouse or keys."""

import pytest
from PySide6.QtCore import Qt

from app.chat.presets import Presets
from app.core.protocol import ModelInfo
from app.core.sampling import Sampling
from app.storage import conversations
from app.storage.presets import Preset
from app.ui.composer.preset_menu import PresetMenu
from app.ui.current import NewChat
from app.ui.events import ModelChanged, ModelChoice, ModelReady

LEFT = Qt.MouseButton.LeftButton
POET = Preset(system_prompt="Rhyme.", sampling=Sampling(temperature=1.2))
PATH = "/m/tea.gguf"


@pytest.fixture
def menu(desk, expect_log):
    expect_log("This plugin does not support")  # popups, without a display
    window, post = desk.window, desk.bridge.post
    kept, passing = Presets(desk.db, post), Presets(desk.passing, post)
    menu = PresetMenu(
        kept, passing, window.keeping, window.current, window.notes, desk.bridge, window.look.theme
    )
    window.composer.offer(menu)
    window.offer_action(menu.choose)
    kept.save("Poet", POET).result(5)
    desk.settle()
    return menu


def choose(desk, menu, name: str) -> None:
    desk.qtbot.keyClick(desk.window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    popup = menu.menu_of_presets
    desk.qtbot.waitUntil(popup.isVisible)
    entry = next(each for each in popup.actions() if each.text() == name)
    desk.qtbot.mouseClick(popup, LEFT, pos=popup.actionGeometry(entry).center())
    desk.qtbot.waitUntil(lambda: not popup.isVisible())
    desk.settle()


def checked(menu) -> list[str]:
    return [each.text() for each in menu.menu_of_presets.actions() if each.isChecked()]


def test_a_chat_takes_a_preset_and_gives_it_back(desk, menu):
    tea = desk.chat("Tea", "Which tea?")
    desk.window.current.open(tea.id)
    desk.settle()
    assert menu.accessibleName() == "Preset of this chat: none"
    choose(desk, menu, "Poet")
    desk.qtbot.waitUntil(lambda: menu.text() == "Poet")
    assert menu.accessibleName() == "Preset of this chat: Poet"
    assert desk.window.notes.text == "“Poet” holds from the next reply on."
    chat = desk.get(tea.id)
    assert (chat.system_prompt, chat.sampling) == ("Rhyme.", POET.sampling)
    choose(desk, menu, "As the model has it")
    desk.qtbot.waitUntil(lambda: menu.text() == "")
    chat = desk.get(tea.id)
    assert (chat.system_prompt, chat.sampling) == ("", None)


def test_without_a_preset_it_begins_again_as_its_model_would_have_it(desk, menu):
    Presets(desk.db, lambda event: None).set_for_model(
        PATH, Preset(system_prompt="Know tea.", sampling=Sampling(temperature=0.1))
    ).result(5)
    info = ModelInfo(
        path=PATH, name="tea", architecture="llama", parameters=1, file_bytes=1, layers=1,
        gpu_layers=0, trained_ctx=4096, chat_ctx=4096, cells=4096, parallel=1, vocabulary=1,
        embedding_length=1,
    )  # fmt: skip
    desk.bridge.post(ModelChanged(ModelReady(ModelChoice(PATH, "tea"), info)))
    tea = desk.chat("Tea", "Which tea?")
    desk.window.current.open(tea.id)
    desk.settle()
    choose(desk, menu, "As the model has it")
    desk.qtbot.waitUntil(lambda: desk.get(tea.id).system_prompt == "Know tea.")
    assert desk.get(tea.id).sampling is None, "the model's own holds by itself"


def test_a_new_chat_takes_it_along_and_the_next_one_does_not(desk, menu):
    choose(desk, menu, "Poet")
    assert menu.text() == "Poet"
    desk.qtbot.keyClicks(desk.window.composer.editor, "Hello")
    desk.qtbot.keyClick(desk.window.composer.editor, Qt.Key.Key_Return)
    desk.qtbot.waitUntil(lambda: desk.window.current.conversation is not None)
    assert desk.verbs.asked[0] == ("start", "Hello", POET)
    desk.window.current.begin(NewChat.STORED)
    desk.settle()
    assert menu.text() == ""
    assert menu.for_new is None


def test_a_temporary_chat_may_have_one(desk, menu):
    def make(tx):
        return conversations.create(tx, "Passing").id

    passing = desk.passing.write(make).result(5)
    desk.window.current.open(passing)
    desk.settle()
    choose(desk, menu, "Poet")
    desk.qtbot.waitUntil(lambda: menu.text() == "Poet")
    kept = desk.passing.read(lambda tx: conversations.get(tx, passing)).result(5)
    assert kept.system_prompt == "Rhyme."


def test_the_menu_shows_the_one_in_use_and_leads_to_where_they_are_made(desk, menu):
    asked = []
    menu.edit_wanted.connect(lambda: asked.append(1))
    tea = desk.chat("Tea", "Which tea?")
    desk.window.current.open(tea.id)
    desk.settle()
    choose(desk, menu, "Poet")
    desk.qtbot.waitUntil(lambda: menu.text() == "Poet")
    choose(desk, menu, "Change presets…")
    assert checked(menu) == ["Poet"]
    assert asked == [1]


def test_another_chat_shows_its_own(desk, menu):
    tea, coffee = desk.chat("Tea", "Hi"), desk.chat("Coffee", "Hi")
    desk.window.current.open(tea.id)
    desk.settle()
    choose(desk, menu, "Poet")
    desk.qtbot.waitUntil(lambda: menu.text() == "Poet")
    desk.window.current.open(coffee.id)
    desk.qtbot.waitUntil(lambda: menu.text() == "")
    desk.window.current.open(tea.id)
    desk.qtbot.waitUntil(lambda: menu.text() == "Poet")
