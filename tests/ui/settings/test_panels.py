"""What the settings have beside rows: storage, chats out and in, presets, tools, keys, about."""

import json
from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.chat.presets import Presets
from app.chat.tools import built_in
from app.core.errors import StorageError
from app.core.paths import find_folders
from app.hub.control import Stopped
from app.storage import backup, conversations, presets, restoring
from app.storage.database import Database
from app.storage.presets import Preset
from app.ui.palette.commands import actions
from app.ui.settings.about import AboutPanel
from app.ui.settings.page import SettingsPage
from app.ui.settings.presets import PresetsPanel
from app.ui.settings.runtimes import Build, RuntimesPanel
from app.ui.settings.shortcuts import ShortcutsPanel
from app.ui.settings.storage import StoragePanel
from app.ui.settings.stores import Stores
from app.ui.settings.tools import ToolsPanel
from app.ui.settings.transfer import Export, Import

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def folders():
    folders = find_folders()
    folders.create()
    return folders


@pytest.fixture
def db(folders):
    db = Database(folders.database)
    yield db
    db.close()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def stores(db, folders, changes):
    stores = Stores(db, folders, lambda: changes.append(1))
    yield stores
    stores.close()


def show(desk, widget):
    desk.qtbot.addWidget(widget)
    widget.show()
    return widget


def until(desk, true):
    desk.qtbot.waitUntil(lambda: bool(true()))


def chat(db, title, *, trashed=False):
    def make(tx):
        made = conversations.create(tx, title)
        if trashed:
            conversations.trash(tx, made.id)
        return made.id

    return db.write(make).result(5)


@pytest.fixture
def storage(desk, stores):
    theme = desk.window.look.theme
    panel = StoragePanel(stores, Export(stores, theme), Import(stores), theme)
    show(desk, panel).refresh()
    return panel


def test_a_backup_is_made_listed_and_wanted_back(desk, db, folders, storage):
    chat(db, "Tea")
    desk.qtbot.mouseClick(storage.back_up, LEFT)
    until(desk, lambda: "was made and checked" in storage.said.text())
    until(desk, lambda: storage.backups.count() == 1)
    assert "by hand" in storage.backups.currentText()
    desk.qtbot.mouseClick(storage.restore, LEFT)
    until(desk, lambda: "started again" in storage.said.text())
    assert restoring.asked(folders.database) == backup.find(folders.database)[0].path
    desk.qtbot.mouseClick(storage.take_back, LEFT)
    until(desk, lambda: restoring.asked(folders.database) is None)


def test_the_trash_is_emptied_only_when_one_is_sure(desk, db, storage, changes):
    chat(db, "Gone", trashed=True)
    chat(db, "Kept")
    storage.refresh()
    until(desk, lambda: storage.empty.text() == "Empty the trash (1)")
    desk.qtbot.mouseClick(storage.empty, LEFT)
    assert "for good" in storage.empty.text()
    assert db.read(lambda tx: conversations.count(tx, "trash")).result(5) == 1
    desk.qtbot.mouseClick(storage.empty, LEFT)
    until(desk, lambda: "deleted for good" in storage.said.text())
    assert db.read(lambda tx: conversations.count(tx, "trash")).result(5) == 0
    assert db.read(conversations.count).result(5) == 1
    assert changes


def test_who_comes_back_to_the_trash_is_asked_again(desk, db, storage):
    chat(db, "Gone", trashed=True)
    storage.refresh()
    until(desk, lambda: storage.empty.text() == "Empty the trash (1)")
    desk.qtbot.mouseClick(storage.empty, LEFT)
    storage.refresh()  # as when the section is left and shown again
    until(desk, lambda: storage.empty.text() == "Empty the trash (1)")
    desk.qtbot.mouseClick(storage.empty, LEFT)
    assert "for good" in storage.empty.text()
    desk.qtbot.wait(20)
    assert db.read(lambda tx: conversations.count(tx, "trash")).result(5) == 1
    desk.qtbot.mouseClick(storage.empty, LEFT)
    until(desk, lambda: storage.said.text() == "1 chat was deleted for good.")


def test_kept_chats_on_disk_are_cleared(desk, folders, storage):
    folders.snapshots.mkdir(parents=True)
    (folders.snapshots / "one.kv").write_bytes(b"x" * 5000)
    storage.refresh()
    until(desk, lambda: storage.sizes._values[2].text() == "5 kB")
    desk.qtbot.mouseClick(storage.clear, LEFT)
    until(desk, lambda: storage.sizes._values[2].text() == "0 kB")


def test_what_goes_out_comes_back_in_with_a_look_first(desk, db, stores, changes, tmp_path):
    for title in ("Tea", "Coffee"):
        made = chat(db, title)
        db.write(lambda tx, made=made: say(tx, made)).result(5)
    target = tmp_path / "chats.json"
    out = show(desk, Export(stores, desk.window.look.theme))
    out.write(target)
    until(desk, lambda: str(target) in out.report.text())
    assert len(json.loads(target.read_text())["conversations"]) == 2
    bring = show(desk, Import(stores))
    bring.look(target)
    until(desk, bring.start.isVisible)
    assert "2 chats with 2 messages" in bring.report.text()
    assert [bring.titles.item(at).text() for at in range(2)] == ["Tea", "Coffee"]
    assert db.read(conversations.count).result(5) == 2
    desk.qtbot.mouseClick(bring.start, LEFT)
    until(desk, lambda: "were here already" in bring.report.text())
    assert changes


def say(tx, chat):
    from app.core.messages import Message
    from app.storage import messages

    messages.add(tx, chat, None, Message(role="user", content="Hi"))


def test_what_goes_out_is_shown_before_and_may_be_one_chat_or_all(desk, db, stores, tmp_path):
    out = show(desk, Export(stores, desk.window.look.theme))
    until(desk, lambda: out.preview.text() == "There is no chat to export yet.")
    assert not out.start.isEnabled()
    tea = chat(db, "Tea")
    for title in ("Coffee", "Milk", "Water", "Juice"):
        chat(db, title)
    out = show(desk, Export(stores, desk.window.look.theme, (tea,)))
    until(desk, lambda: out.preview.text() == "1 chat: “Tea”.")
    out.what.setFocus()
    desk.qtbot.keyClick(out.what, Qt.Key.Key_Down)
    wanted = "5 chats: “Milk”, “Water”, “Juice” and 2 more."
    until(desk, lambda: out.preview.text() == wanted)
    out.format.setCurrentIndex(1)
    out.write(tmp_path / "pages")
    until(desk, lambda: out.report.text().startswith("5 files were written"))


def test_the_only_chat_is_written_into_a_folder_that_is_there(desk, db, stores, tmp_path):
    chat(db, "Tea")
    out = show(desk, Export(stores, desk.window.look.theme))
    out.format.setCurrentIndex(1)
    out.write(tmp_path)
    until(desk, lambda: out.report.text().startswith("It was written"))
    assert [each.suffix for each in tmp_path.iterdir() if "Tea" in each.name] == [".md"]


def test_a_file_that_is_none_is_refused_with_the_reason(desk, stores, tmp_path):
    bad = tmp_path / "notes.json"
    bad.write_text("[1, 2")
    bring = show(desk, Import(stores))
    bring.look(bad)
    until(desk, lambda: "not valid JSON" in bring.report.text())
    assert not bring.start.isVisible()


def test_presets_are_made_changed_and_deleted(desk, db):
    verbs = Presets(db, lambda event: None)
    panel = show(desk, PresetsPanel(verbs, desk.window.look.theme))
    panel.refresh()
    desk.qtbot.keyClicks(panel.name, "Poet")
    desk.qtbot.keyClicks(panel.editor.prompt, "Rhyme.")
    panel.editor.recommended.click()
    field = panel.editor.fields["temperature"]
    field.selectAll()
    desk.qtbot.keyClicks(field, "9")
    desk.qtbot.mouseClick(panel.editor.save, LEFT)
    assert panel.editor.problem.text() == "Temperature: write a number from 0 to 5."
    field.selectAll()
    desk.qtbot.keyClicks(field, "1.2")
    desk.qtbot.mouseClick(panel.editor.save, LEFT)
    until(desk, lambda: panel.list.count() == 2)
    (stored,) = db.read(presets.named).result(5)
    assert (stored.name, stored.preset.system_prompt) == ("Poet", "Rhyme.")
    assert stored.preset.sampling.temperature == 1.2
    desk.qtbot.mouseClick(panel.remove, LEFT)
    until(desk, lambda: db.read(presets.named).result(5) == ())


def test_a_preset_without_a_name_is_refused(desk, db):
    panel = show(desk, PresetsPanel(Presets(db, lambda event: None), desk.window.look.theme))
    desk.qtbot.mouseClick(panel.editor.save, LEFT)
    until(desk, lambda: panel.said.text() == "Give the preset a name.")
    assert panel.editor.preset() == Preset()


def test_a_tool_is_off_until_it_is_switched_on_and_asks_until_it_is_trusted(desk):
    tools = tuple(each.tool for each in built_in())
    panel = show(desk, ToolsPanel(tools, desk.preferences, desk.window.look.theme))
    name = tools[0].name
    use, trust = panel.toggles[name, "enabled"], panel.toggles[name, "trusted"]
    assert not use.isChecked()
    assert not trust.isEnabled()
    desk.qtbot.mouseClick(use, LEFT)
    assert desk.preferences.value.tools.enabled == (name,)
    desk.qtbot.mouseClick(trust, LEFT)
    assert desk.preferences.value.tools.trusted == (name,)
    desk.qtbot.mouseClick(use, LEFT)
    assert desk.preferences.value.tools.enabled == ()
    assert not trust.isEnabled()


def test_every_key_of_the_menus_is_listed(desk):
    panel = show(desk, ShortcutsPanel(lambda: actions(desk.window.menu)))
    panel.refresh()
    grid = panel._grid
    until(desk, lambda: grid.count() and not panel._waiting)
    shown = {grid.itemAt(at).widget().text() for at in range(grid.count())}
    assert {"New chat", "Ctrl+N", "Chat"} <= shown
    keyed = [a for _, found in actions(desk.window.menu) for a in found if a.shortcut().toString()]
    assert all(each.shortcut().toString() in shown for each in keyed)


def test_diagnostics_go_to_the_clipboard(desk):
    gathered: Future[str] = Future()
    panel = show(desk, AboutPanel({"llama-chat": "1.2"}, lambda: gathered))
    desk.qtbot.mouseClick(panel.copy, LEFT)
    gathered.set_result("# all is well")
    until(desk, panel.text.isVisible)
    assert QGuiApplication.clipboard().text() == "# all is well"


class Builds:
    can_compile = True

    def __init__(self):
        self.asked = []
        self.installed = False
        self.making: Future[str] = Future()
        self.report = None

    def _soon(self, value):
        done = Future()
        done.set_result(value)
        return done

    def look(self):
        own = Build("built-in", "The app's own", "", True, not self.installed)
        cuda = Build("cuda", "CUDA 13", "an NVIDIA GPU", self.installed, self.installed)
        return self._soon([own, cuda])

    def install(self, name, report):
        self.asked.append(("install", name))
        report("", 3_000_000_000, 6_000_000_000)  # more than Qt's own whole numbers hold
        return self.making

    def compile(self, name, report):
        self.asked.append(("compile", name))
        self.report, self.making = report, Future()
        return self.making

    def stop(self):
        self.asked.append(("stop",))
        if not self.making.done():
            self.making.set_exception(Stopped())

    def use(self, name):
        self.asked.append(("use", name))
        broken = Future()
        broken.set_exception(StorageError("It does not start on this machine."))
        return broken

    def remove(self, name):
        self.asked.append(("remove", name))
        return self._soon(None)


@pytest.fixture
def builds():
    return Builds()


@pytest.fixture
def runtimes(desk, builds):
    panel = show(desk, RuntimesPanel(builds, desk.window.look.theme))
    panel.refresh()
    until(desk, lambda: len(panel.list.rows.rows) == 2)
    return panel


def test_a_build_is_installed_and_one_that_fails_its_trial_says_why(desk, builds, runtimes):
    panel = runtimes
    panel.list.choose("cuda")
    assert panel.take.text() == "Install and use"
    desk.qtbot.mouseClick(panel.take, LEFT)
    until(desk, lambda: panel.bar.maximum() > 0 and panel.bar.value() * 2 == panel.bar.maximum())
    builds.installed = True
    builds.making.set_result("cuda")
    until(desk, lambda: [mark.text for mark in panel.list.rows.rows[1].marks] == ["in use"])
    assert not panel.take.isEnabled()
    assert not panel.compile.isEnabled()
    panel.list.choose("built-in")
    assert not panel.drop.isEnabled()
    desk.qtbot.mouseClick(panel.take, LEFT)
    until(desk, lambda: panel.said.text() == "It does not start on this machine.")
    assert builds.asked == [("install", "cuda"), ("use", "built-in")]


def test_a_build_is_compiled_here_with_its_progress_and_the_last_line(desk, builds, runtimes):
    panel = runtimes
    assert not panel.compile.isEnabled(), "nothing is chosen"
    panel.list.choose("cuda")
    panel.compile.setFocus()
    desk.qtbot.keyClick(panel.compile, Qt.Key.Key_Space)
    assert builds.asked == [("compile", "cuda")]
    assert panel.said.text() == "Compiling CUDA 13: this takes some minutes."
    assert panel.stop.isVisible()
    builds.report("[30/120] Building CUDA object", 30, 120)
    until(desk, lambda: panel.log.text() == "[30/120] Building CUDA object")
    assert panel.bar.value() * 4 == panel.bar.maximum()
    panel.refresh()  # as when the section is shown again meanwhile
    desk.qtbot.wait(20)
    busy = (panel.take, panel.compile, panel.drop)
    assert not any(button.isEnabled() for button in busy)
    builds.installed = True
    builds.making.set_result("cuda-local")
    until(desk, lambda: [mark.text for mark in panel.list.rows.rows[1].marks] == ["in use"])
    assert not panel.stop.isVisible()
    assert not panel.bar.isVisible()


def test_compiling_can_be_cancelled_and_says_why_it_failed(desk, builds, runtimes):
    panel = runtimes
    panel.list.choose("cuda")
    desk.qtbot.mouseClick(panel.compile, LEFT)
    desk.qtbot.mouseClick(panel.stop, LEFT)
    until(desk, lambda: panel.said.text() == "It was stopped.")
    assert panel.compile.isEnabled()
    desk.qtbot.mouseClick(panel.compile, LEFT)
    builds.making.set_exception(StorageError("It could not be compiled: nvcc was not found"))
    until(desk, lambda: panel.said.text() == "It could not be compiled: nvcc was not found")
    assert not panel.stop.isVisible()


def test_closing_gives_up_what_is_being_made(desk, builds):
    def make(theme):
        return RuntimesPanel(builds, theme)

    desk.window.offer_page(
        "settings", "&Settings…", "Ctrl+,",
        lambda theme: SettingsPage(
            desk.preferences, {"builds": make}, lambda: None, lambda what: (), theme
        ),
    )  # fmt: skip
    page = desk.window.pages.open("settings")
    page.show_section("runtimes")
    until(desk, lambda: not page._waiting)
    panel = page.panels["builds"]
    until(desk, lambda: len(panel.list.rows.rows) == 2)
    panel.list.choose("cuda")
    desk.qtbot.mouseClick(panel.compile, LEFT)
    desk.window.close()
    assert builds.asked[-1] == ("stop",)


def test_where_nothing_can_be_compiled_nothing_is_offered(desk):
    builds = Builds()
    builds.can_compile = False
    panel = show(desk, RuntimesPanel(builds, desk.window.look.theme))
    panel.refresh()
    until(desk, lambda: len(panel.list.rows.rows) == 2)
    assert not panel.compile.isVisible()
