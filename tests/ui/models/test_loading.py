"""A model's own context and GPU layers: typed, refused, kept, in force at its next load."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt

from app.bootstrap.models import model_spec
from app.core.paths import find_folders
from app.core.protocol import ModelInfo
from app.core.settings import ModelSettings, OwnLoad, Settings
from app.storage.settings_file import SettingsFile
from app.ui.events import ModelChanged, ModelChoice, ModelReady
from tests.hub.gguf_files import write

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def tea(shop):
    """Chosen, with its own settings in front."""
    file = write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    # A look while it is being written finds a broken file.
    shop.until(lambda: [row.title for row in shop.page.stock.list.rows.rows] == ["tea 1b"])
    shop.page.stock.list.choose_first()
    shop.desk.qtbot.mouseClick(shop.page.installed.own.loading_tab, LEFT)
    assert loading(shop).isVisible()
    return file


def loading(shop):
    return shop.page.installed.own.loading


def own(shop, file: Path) -> OwnLoad:
    return shop.desk.preferences.value.models.own_of(str(file))


def type_in(shop, field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    shop.desk.qtbot.keyClicks(field, text)
    shop.desk.qtbot.keyClick(field, Qt.Key.Key_Return)


def choose(shop, at: int) -> None:
    box = loading(shop).offload
    box.setFocus()
    while box.currentIndex() != at:
        key = Qt.Key.Key_Down if box.currentIndex() < at else Qt.Key.Key_Up
        shop.desk.qtbot.keyClick(box, key)


def say_loaded(shop, file: Path) -> None:
    info = ModelInfo(
        path=str(file), name="tea", architecture="llama", parameters=1, file_bytes=1, layers=1,
        gpu_layers=0, trained_ctx=4096, chat_ctx=4096, cells=4096, parallel=1, vocabulary=1,
        embedding_length=1,
    )  # fmt: skip
    shop.desk.bridge.post(ModelChanged(ModelReady(ModelChoice(str(file), "tea 1b"), info)))
    shop.until(lambda: shop.page.installed.use.text() == "In use")


def test_a_context_of_its_own_is_kept_and_shown_and_can_be_taken_back(shop, tea):
    part = loading(shop)
    assert part.chat_ctx.text() == ""
    assert part.chat_ctx.placeholderText() == "8,192, as for all"
    type_in(shop, part.chat_ctx, "16384")
    assert own(shop, tea) == OwnLoad(str(tea), chat_ctx=16_384)
    assert part.chat_ctx.text() == "16,384"
    assert part.needs.text() == "Takes effect when it is loaded next."
    assert not part.reload.isVisible()
    shop.desk.preferences.change(lambda old: old).result(5)
    kept = SettingsFile(shop.desk.memory.with_name("settings.json"), {})
    assert kept.value.models.own == (OwnLoad(str(tea), chat_ctx=16_384),)
    assert kept.problems == ()
    assert "own settings" in shop.page.stock.list.rows.rows[0].detail
    type_in(shop, part.chat_ctx, " ")
    assert shop.desk.preferences.value.models.own == ()
    assert "own settings" not in shop.page.stock.list.rows.rows[0].detail


def larger(old: Settings) -> Settings:
    """The context of all."""
    return msgspec.structs.replace(old, models=msgspec.structs.replace(old.models, chat_ctx=32_768))


def test_what_is_refused_stays_to_be_mended_whatever_else_is_set(shop, tea):
    part = loading(shop)
    type_in(shop, part.chat_ctx, "512")
    shop.desk.preferences.change(larger)
    assert part.chat_ctx.text() == "512"
    assert part.problem.isVisible()


def test_what_is_being_written_stays_when_the_model_has_been_loaded(shop, tea):
    own = shop.page.installed.own
    shop.desk.qtbot.mouseClick(own.settings_tab, LEFT)
    shop.until(own.editor.recommended.isChecked)
    shop.desk.qtbot.keyClicks(own.editor.prompt, "You know tea.")
    say_loaded(shop, tea)
    shop.desk.settle()
    assert own.editor.prompt.toPlainText() == "You know tea."


def test_a_bad_context_is_refused_where_it_is_typed(shop, tea):
    part = loading(shop)
    type_in(shop, part.chat_ctx, "512")
    assert part.problem.isVisible()
    assert part.problem.text() == "Write a whole number from 2,048 to 131,072."
    assert part.chat_ctx.text() == "512"
    assert own(shop, tea) == OwnLoad(str(tea))
    type_in(shop, part.chat_ctx, "4096")
    assert not part.problem.isVisible()


def test_layers_are_those_of_all_or_automatic_or_so_many_with_the_estimate(shop, tea):
    part = loading(shop)
    shop.until(lambda: "4 of 4 layers on the GPU" in part.fit.text())
    assert not part.layers.isVisible()
    choose(shop, 2)
    assert part.layers.isVisible()
    type_in(shop, part.layers, "2")
    assert own(shop, tea).gpu_layers == 2
    shop.until(lambda: "2 of 4 layers on the GPU" in part.fit.text())
    assert "GB free" in part.fit.text()
    type_in(shop, part.layers, "two")
    assert part.problem.text() == "Write a whole number, 0 or more."
    assert own(shop, tea).gpu_layers == 2
    choose(shop, 1)
    assert own(shop, tea).gpu_layers == "auto"
    assert not part.layers.isVisible()
    choose(shop, 0)
    assert own(shop, tea) == OwnLoad(str(tea))


def test_the_model_in_use_is_loaded_again_by_one_press(shop, tea):
    say_loaded(shop, tea)
    part = loading(shop)
    type_in(shop, part.chat_ctx, "4096")
    assert part.needs.text() == "Takes effect when the model is loaded again."
    shop.desk.qtbot.mouseClick(part.reload, LEFT)
    shop.until(lambda: shop.desk.models.asked == [("reload", "tea 1b")])
    assert not part.needs.isVisible()


def test_a_setting_for_all_says_nothing_of_a_model_that_has_its_own(shop, tea):
    part = loading(shop)
    type_in(shop, part.chat_ctx, "4096")
    say_loaded(shop, tea)
    assert not part.needs.isVisible()

    shop.desk.preferences.change(larger)
    assert part.chat_ctx.placeholderText() == "32,768, as for all"
    assert part.chat_ctx.text() == "4,096"
    assert not part.needs.isVisible()


def test_a_load_takes_what_the_model_has_of_its_own_and_the_rest_as_for_all():
    own = OwnLoad("/m/tea.gguf", chat_ctx=16_384, gpu_layers="auto")
    settings = Settings(models=ModelSettings(chat_ctx=4096, gpu_layers=7, parallel=2, own=(own,)))
    tea = model_spec(Path("/m/tea.gguf"), settings, find_folders())
    assert (tea.chat_ctx, tea.gpu_layers, tea.parallel) == (16_384, None, 2)
    coffee = model_spec(Path("/m/coffee.gguf"), settings, find_folders())
    assert (coffee.chat_ctx, coffee.gpu_layers) == (4096, 7)
