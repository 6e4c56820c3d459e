"""The settings page: found by words, changed by keys and clicks, refused where it is typed."""

import msgspec
import pytest
from PySide6.QtCore import Qt

from app.core.errors import InvalidRequest
from app.core.settings import Settings
from app.storage.settings_file import SettingsFile
from app.ui.settings.entries import ENTRIES
from app.ui.settings.page import SettingsPage
from app.ui.settings.values import default_of, value_of, with_value


class Reloads:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def offers(what):
    return {"device": [("CUDA0", "A fast GPU")], "chat_model": [("/m/tea.gguf", "tea 1b")]}[what]


@pytest.fixture
def reloads():
    return Reloads()


@pytest.fixture
def page(desk, reloads):
    window = desk.window
    window.offer_page(
        "settings", "&Settings", "Ctrl+,",
        lambda theme: SettingsPage(desk.preferences, {}, reloads, offers, theme),
    )  # fmt: skip
    desk.qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.name == "settings"
    return window.pages.currentWidget()


def show(desk, page, section):
    page.show_section(section)
    desk.qtbot.waitUntil(lambda: not page._waiting)


def kept(desk):
    desk.preferences.change(lambda old: old).result(5)
    return SettingsFile(desk.memory.with_name("settings.json"), {}).value


def write(desk, row, text):
    field = row.control.field
    field.setFocus()
    field.selectAll()
    desk.qtbot.keyClicks(field, text)
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)


def test_every_described_setting_is_one_and_every_setting_is_described():
    described = [entry.field for entry in ENTRIES]
    assert len(described) == len(set(described))
    by_itself = {"models.last"}  # kept by use, not set by people
    elsewhere = {"tools.enabled", "tools.trusted", "models.own"}
    known = {
        f"{section.name}.{field.name}"
        for section in msgspec.structs.fields(Settings)
        for field in msgspec.structs.fields(section.type)
    }
    assert set(described) == known - by_itself - elsewhere
    for field in described:
        assert value_of(Settings(), field) == default_of(field)


def test_escape_and_a_chat_lead_back_to_the_conversation(desk, page):
    desk.qtbot.keyClick(page.search, Qt.Key.Key_Escape)
    assert desk.window.pages.name == ""
    assert desk.window.focusWidget() is desk.window.composer.editor
    desk.window.pages.open("settings")
    desk.window.sidebar.new_chat.trigger()
    assert desk.window.pages.name == ""


def test_a_number_is_typed_and_kept(desk, page, reloads):
    show(desk, page, "models")
    row = page.rows["models.chat_ctx"]
    write(desk, row, "16,384")
    assert desk.preferences.value.models.chat_ctx == 16_384
    assert kept(desk).models.chat_ctx == 16_384
    assert row.control.field.text() == "16,384"
    assert row._needs.text() == "Takes effect when the model is loaded again."
    desk.qtbot.mouseClick(row._reload, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: reloads.count == 1)
    assert not row._needs.isVisible()


def test_a_bad_value_is_refused_where_it_is_typed_with_the_reason(desk, page):
    show(desk, page, "models")
    row = page.rows["models.chat_ctx"]
    write(desk, row, "512")
    assert row.problem.isVisible()
    assert row.problem.text() == "Write a whole number from 2,048 to 131,072."
    assert row.control.field.text() == "512"
    assert desk.preferences.value.models.chat_ctx == 8192
    write(desk, row, "many")
    assert row.problem.isVisible()
    write(desk, row, "4096")
    assert not row.problem.isVisible()
    assert desk.preferences.value.models.chat_ctx == 4096


def test_an_empty_number_means_what_it_says(desk, page):
    show(desk, page, "models")
    row = page.rows["models.gpu_layers"]
    write(desk, row, "12")
    assert desk.preferences.value.models.gpu_layers == 12
    row.control.field.clear()
    desk.qtbot.keyClick(row.control.field, Qt.Key.Key_Return)
    assert desk.preferences.value.models.gpu_layers is None
    threads = page.rows["models.threads"]
    assert threads.control.field.text() == ""
    assert threads.control.field.placeholderText() == "all cores"


def test_a_switch_turns_with_the_keyboard_and_takes_effect_at_once(desk, page):
    show(desk, page, "general")
    toggle = page.rows["general.return_sends"].control.toggle
    toggle.setFocus()
    desk.qtbot.keyClick(toggle, Qt.Key.Key_Space)
    assert not desk.preferences.value.general.return_sends
    assert not desk.window.composer.editor.return_sends


def test_shares_are_typed_in_percent(desk, page):
    show(desk, page, "wind")
    row = page.rows["wind.threshold"]
    assert row.control.field.text() == "70"
    write(desk, row, "80")
    assert desk.preferences.value.wind.threshold == 0.8
    write(desk, row, "99")
    assert row.problem.text() == "Write a number from 50 to 90."
    assert desk.preferences.value.wind.threshold == 0.8


def test_what_the_machine_has_is_offered_when_it_is_asked_for(desk, page):
    show(desk, page, "models")
    box = page.rows["models.device"].control.box
    assert box.count() == 1
    box.setFocus()
    desk.qtbot.keyClick(box, Qt.Key.Key_Down)
    assert desk.preferences.value.models.device == "CUDA0"
    assert box.currentText() == "A fast GPU"


def test_lines_are_in_force_when_the_keyboard_leaves_them(desk, page):
    show(desk, page, "wind")
    field = page.rows["wind.instructions"].control.field
    field.setFocus()
    desk.qtbot.keyClicks(field, "Keep names.")
    assert desk.preferences.value.wind.instructions == ""
    page.search.setFocus()
    field.left.emit()
    assert desk.preferences.value.wind.instructions == "Keep names."


def test_the_look_changes_at_once_and_resets(desk, page):
    show(desk, page, "appearance")
    row = page.rows["appearance.look"]
    row.control.box.setFocus()
    row.control.box.setCurrentIndex(2)
    row.control.box.activated.emit(2)
    assert desk.window.look.theme.dark
    swatch = page.rows["appearance.accent"].control.swatches[3]
    desk.qtbot.mouseClick(swatch, Qt.MouseButton.LeftButton)
    assert desk.window.look.theme.colors.accent == swatch.value
    width = page.rows["appearance.reading_width"]
    write(desk, width, "600")
    assert desk.window.look.theme.column == 600
    desk.qtbot.mouseClick(width.reset, Qt.MouseButton.LeftButton)
    assert desk.window.look.theme.column == 780
    assert not width.reset.isVisible()


def test_a_search_finds_settings_by_what_people_call_them(desk, page):
    desk.qtbot.keyClicks(page.search, "vram")
    desk.qtbot.waitUntil(lambda: not page._waiting)
    shown = {field for field, row in page.rows.items() if not row.isHidden()}
    assert shown == {"models.gpu_layers"}
    page.search.clear()
    desk.qtbot.keyClicks(page.search, "no such thing")
    assert page._nothing.isVisible()
    item = page.sections.item(1)
    where = page.sections.visualItemRect(item).center()
    desk.qtbot.mouseClick(page.sections.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert page.search.text() == ""
    assert page._title.text() == "Models"
    assert not page._nothing.isVisible()


def test_one_that_cannot_be_saved_is_taken_back_and_said(desk, page, monkeypatch):
    said = []
    desk.preferences.failed.connect(said.append)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.storage.settings_file.replace_with", full)
    show(desk, page, "general")
    toggle = page.rows["general.notify"].control.toggle
    desk.qtbot.mouseClick(toggle, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: bool(said))
    assert said == ["The settings could not be saved (No space left on device)."]
    assert desk.preferences.value.general.notify
    assert toggle.isChecked()


@pytest.mark.parametrize(
    ("field", "value"),
    [("models.chat_ctx", 1), ("models.type_k", "f64"), ("appearance.accent", "red")],
)
def test_what_a_field_cannot_hold_is_refused(field, value):
    with pytest.raises(InvalidRequest):
        with_value(Settings(), field, value)
