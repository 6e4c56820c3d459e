"""The models on this computer: listed, used, deleted with a way back, brought in by a drop."""

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from app.core.protocol import ModelInfo
from app.hub.library import scan
from app.hub.places import Place
from app.storage import presets
from app.ui.events import LibraryChanged, ModelChanged, ModelChoice, ModelReady
from tests.hub.gguf_files import write

LEFT = Qt.MouseButton.LeftButton


def names(shop):
    return [row.title for row in shop.page.stock.list.rows.rows]


def test_an_empty_folder_says_what_to_do(shop):
    shop.until(shop.page.stock.nothing.isVisible)
    assert "Find more" in shop.page.stock.nothing.text()


def test_models_come_and_go_as_files_do(shop):
    file = write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    write(shop.folder / "coffee-Q8_0.gguf", "coffee")
    (shop.folder / "torn.gguf").write_bytes(b"GGUFnothing")
    shop.until(lambda: names(shop) == ["coffee", "tea 1b", "Cannot be used", "torn.gguf"])
    file.unlink()
    shop.until(lambda: "tea 1b" not in names(shop))


def test_one_is_used_by_the_keyboard_alone(shop):
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    stock = shop.page.stock
    stock.list.setFocus()
    shop.desk.qtbot.keyClick(stock.list, Qt.Key.Key_Down)
    assert shop.page.installed.title.text() == "tea 1b Q4_K_M"
    shop.desk.qtbot.keyClick(stock.list, Qt.Key.Key_Return)
    assert shop.desk.models.asked == [("load", "tea 1b")]
    path = str(shop.folder / "tea-1b-Q4_K_M.gguf")
    info = ModelInfo(
        path=path, name="tea", architecture="llama", parameters=1, file_bytes=1, layers=1,
        gpu_layers=0, trained_ctx=4096, chat_ctx=4096, cells=4096, parallel=1, vocabulary=1,
        embedding_length=1,
    )  # fmt: skip
    shop.desk.bridge.post(ModelChanged(ModelReady(ModelChoice(path, "tea 1b"), info)))
    shop.until(lambda: shop.page.installed.use.text() == "In use")
    assert stock.list.rows.rows[0].marks[0].text == "in use"


def test_how_it_fits_is_said_with_its_arithmetic(shop):
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.page.stock.list.choose_first()
    fit = shop.page.installed._fit
    shop.until(fit.isVisible)
    said = "Fits on the GPU with the settings as they are, 4 of 4 layers on the GPU."
    assert fit.text() == said
    assert "GB free" in fit.toolTip()


def test_deleting_can_be_undone(shop):
    file = write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.page.stock.list.choose_first()
    shop.desk.qtbot.mouseClick(shop.page.installed.remove, LEFT)
    shop.until(lambda: names(shop) == [])
    assert not file.exists()
    assert shop.page.notes.text == "tea 1b Q4_K_M was deleted."
    shop.desk.qtbot.mouseClick(shop.page.notes.button, LEFT)
    shop.until(lambda: names(shop) == ["tea 1b"])
    assert file.exists()


def test_deleting_can_be_undone_where_it_is_narrow(shop):
    file = write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.desk.window.resize(720, 480)
    shop.page.stock.list.choose_first()
    shop.until(lambda: not shop.page._left.isVisible())
    shop.desk.qtbot.mouseClick(shop.page.installed.remove, LEFT)
    shop.until(lambda: names(shop) == [] and shop.page._left.isVisible())
    assert shop.page.notes.isVisible()
    assert shop.page.notes.text == "tea 1b Q4_K_M was deleted."
    shop.desk.qtbot.mouseClick(shop.page.notes.button, LEFT)
    shop.until(lambda: names(shop) == ["tea 1b"])
    assert file.exists()


def test_a_dropped_file_is_brought_in_and_chosen(shop, tmp_path):
    file = write(tmp_path / "elsewhere" / "tea-1b-Q4_K_M.gguf", "tea")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    entering = QDragEnterEvent(
        QPoint(10, 10), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(shop.page, entering)
    assert entering.isAccepted()
    drop = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(shop.page, drop)
    shop.until(lambda: names(shop) == ["tea 1b"])
    assert file.exists()
    shop.until(lambda: shop.page.installed.title.text() == "tea 1b Q4_K_M")


def test_files_are_brought_in_by_keys_alone(shop, tmp_path, monkeypatch):
    file = write(tmp_path / "elsewhere" / "tea-1b-Q4_K_M.gguf", "tea")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(file)], ""))
    shop.desk.qtbot.keyClick(shop.page.search, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.until(lambda: shop.page.installed.title.text() == "tea 1b Q4_K_M")


def test_what_is_no_model_is_refused_with_the_reason(shop, tmp_path):
    file = tmp_path / "notes.gguf"
    file.write_bytes(b"hello")
    shop.page.bring_in([file])
    shop.until(lambda: "notes.gguf" in shop.page.notes.text)


def test_a_search_narrows_the_list(shop):
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    write(shop.folder / "coffee-Q8_0.gguf", "coffee")
    shop.until(lambda: len(names(shop)) == 2)
    shop.desk.qtbot.keyClicks(shop.page.search, "tea q4")
    shop.until(lambda: names(shop) == ["tea 1b"])


def test_one_side_at_a_time_where_it_is_narrow(shop):
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.desk.window.resize(720, 480)
    shop.desk.settle()
    assert shop.page._left.isVisible()
    assert not shop.page._right.isVisible()
    shop.page.stock.list.choose_first()
    assert shop.page._right.isVisible()
    assert not shop.page._left.isVisible()
    shop.desk.qtbot.keyClick(shop.page, Qt.Key.Key_Escape)
    assert shop.page._left.isVisible()
    assert shop.desk.window.pages.name == "models"


def test_the_keyboard_is_on_what_is_seen_when_the_page_comes_back(shop):
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.desk.window.resize(720, 480)
    shop.page.stock.list.choose_first()
    shop.until(lambda: not shop.page._left.isVisible())
    shop.desk.window.pages.back()
    shop.desk.window.pages.open("models")
    at = shop.desk.window.focusWidget()
    assert at is shop.page._to_list
    shop.desk.qtbot.keyClick(at, Qt.Key.Key_Space)
    assert shop.page._left.isVisible()
    own, keys = shop.page.installed.own, shop.desk.qtbot.keyClick
    shop.page.stock.list.choose_first()
    own.settings_tab.setFocus()
    keys(own.settings_tab, Qt.Key.Key_Right)  # one stop for the keyboard, its arrows turn it
    assert own.loading_tab.isChecked()
    assert shop.desk.window.focusWidget() is own.loading_tab


def test_a_model_has_its_own_prompt_and_sampling(shop):
    file = write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.page.stock.list.choose_first()
    own = shop.page.installed.own
    shop.until(own.editor.recommended.isChecked)
    shop.desk.qtbot.keyClicks(own.editor.prompt, "You know tea.")
    shop.desk.qtbot.mouseClick(own.editor.save, LEFT)
    shop.until(lambda: own.said.text() == "Kept.")
    kept = shop.desk.db.read(lambda tx: presets.of_model(tx, str(file))).result(5)
    assert kept.system_prompt == "You know tea."


def test_the_template_is_shown_and_what_the_loaded_model_sees(shop):
    file = write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.page.stock.list.choose_first()
    own = shop.page.installed.own
    own.template_tab.click()
    spoken = own.template.spoken
    shop.until(lambda: spoken.count() and "no chat template" in spoken.text(0))
    info = ModelInfo(
        path=str(file), name="tea", architecture="llama", parameters=1, file_bytes=1, layers=1,
        gpu_layers=0, trained_ctx=4096, chat_ctx=4096, cells=4096, parallel=1, vocabulary=1,
        embedding_length=1,
    )  # fmt: skip
    shop.desk.bridge.post(ModelChanged(ModelReady(ModelChoice(str(file), "tea 1b"), info)))
    shop.until(lambda: spoken.count() and "Which tea?" in spoken.text(0))


def test_the_guide_is_listed_as_built_in_and_is_not_offered_for_deletion(shop, guide):
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    shop.until(lambda: names(shop) == ["tea 1b"])
    shop.desk.bridge.post(
        LibraryChanged(scan([Place(shop.folder, "app"), Place(guide.parent, "starter")]))
    )
    shop.until(lambda: names(shop) == ["Built-in guide", "tea 1b"])
    assert shop.page.stock.list.rows.rows[0].detail.endswith("comes with the app")
    shop.page.stock.list.choose_first()
    assert shop.page.installed.title.text().startswith("Built-in guide")
    assert shop.page.installed.use.isVisible()
    assert not shop.page.installed.remove.isVisible()
