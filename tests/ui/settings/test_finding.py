"""Every setting is found by the words people have for it, and reached by the keyboard alone."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.ui.palette import commands
from app.ui.palette.matching import best
from app.ui.settings.entries import BESIDE, ENTRIES, Beside, Entry, find, find_beside
from app.ui.settings.page import Panel, SettingsPage

# By a setting's field or a part's name: what somebody may type who does not know our words.
WORDS: dict[str, tuple[str, ...]] = {
    "general.return_sends": ("enter", "shift enter", "newline", "send"),
    "general.load_at_start": ("startup", "auto load", "launch"),
    "general.notify": ("notification", "notify", "background", "alert"),
    "models.chat_ctx": ("context length", "context size", "context window", "n_ctx"),
    "models.gpu_layers": ("offload", "vram", "ngl", "graphics card", "gpu layers"),
    "models.device": ("gpu", "cpu", "graphics card", "cuda"),
    "models.threads": ("cores", "cpu", "processor"),
    "models.parallel": ("parallel", "concurrent", "slots"),
    "models.workers": ("workers", "processes"),
    "models.type_k": ("kv cache", "quantized cache", "cache type"),
    "models.type_v": ("kv cache", "quantized cache", "cache type"),
    "models.flash_attention": ("flash attention", "flash_attn"),
    "models.memory_mapping": ("mmap", "mlock"),
    "models.memory_limit_mib": ("memory limit", "maximum memory", "ram"),
    "models.idle_unload_minutes": ("unload", "timeout", "keep alive", "free memory"),
    "models.summarizer": ("summary", "summarizer", "smaller model"),
    "models.embedder": ("embedding", "semantic search", "vector"),
    "models.folder": ("models folder", "directory", "where download", "location"),
    "models.folders": ("add folder", "directory", "more folders"),
    "models.download_limit_kib": ("bandwidth", "download speed", "speed limit"),
    "wind.enabled": ("summarize", "compress", "long chat"),
    "wind.threshold": ("threshold", "when full"),
    "wind.target": ("target",),
    "wind.instructions": ("summary prompt", "instructions"),
    "storage": ("backup", "back up", "restore", "export", "import", "trash", "disk space", "logs"),
    "models.cache_ram_mib": ("cache", "snapshot", "kept chats"),
    "models.cache_disk_mib": ("cache", "snapshot", "disk space"),
    "appearance.look": ("dark mode", "theme", "night", "light"),
    "appearance.accent": ("color", "colour"),
    "appearance.font": ("typeface", "font family"),
    "appearance.points": ("font size", "zoom", "bigger", "text size"),
    "appearance.reading_width": ("column", "margins", "line length", "width"),
    "meaning": ("semantic search", "embedding", "index"),
    "account": ("token", "log in", "login", "sign in", "hugging face", "account", "gated",
                "log out", "api key"),
    "estimate": ("memory", "estimate", "vram", "fits"),
    "builds": ("cuda", "vulkan", "metal", "rocm", "llama.cpp", "runtime", "backend", "compile"),
    "presets": ("system prompt", "temperature", "top k", "top p", "repeat penalty", "persona"),
    "tools": ("function calling", "calculator", "tools"),
    "shortcuts": ("keyboard", "hotkeys", "keybindings", "shortcuts"),
    "about": ("version", "license", "licence", "diagnostics", "bug report"),
}  # fmt: skip
ASKED = [(name, words) for name, several in WORDS.items() for words in several]
_ENOUGH = 10  # rows of the palette that are seen without scrolling


def name_of(what):
    return what.field if isinstance(what, Entry) else what


class Two(Panel):
    """A part with two stops, of which the first cannot be used now."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = 0
        self.off, self.on = QPushButton("Not now"), QPushButton("Do it")
        self.off.setEnabled(False)
        column = QVBoxLayout(self)
        column.addWidget(self.off)
        column.addWidget(self.on)

    def refresh(self) -> None:
        self.looked += 1


@pytest.fixture
def page(desk):
    desk.window.offer_page(
        "settings", "&Settings", "Ctrl+,",
        lambda theme: SettingsPage(
            desk.preferences,
            dict.fromkeys(BESIDE, lambda theme: Two()),
            lambda: None,
            lambda what: [],
            theme,
        ),
    )  # fmt: skip
    page = desk.window.pages.open("settings")
    assert isinstance(page, SettingsPage)
    desk.window.activateWindow()
    desk.qtbot.waitUntil(lambda: not page._waiting)
    return page


def test_all_that_can_be_found_is_asked_for_here():
    assert set(WORDS) == {entry.field for entry in ENTRIES} | set(BESIDE)


@pytest.mark.parametrize(("name", "words"), ASKED)
def test_the_search_within_the_settings_finds_it(name, words):
    assert name in [name_of(what) for what in (*find(words), *find_beside(words))]


@pytest.mark.parametrize(("name", "words"), ASKED)
def test_the_palette_shows_it_without_scrolling(desk, name, words):
    went = []
    known = [
        *commands.of_actions(desk.window.menu),
        *commands.of_settings(went.append, went.append, went.append),
    ]
    for command in best(known, words, _ENOUGH):
        if command.kind in ("setting", "settings"):
            command.run()
    assert name in [name_of(what) for what in went]


@pytest.mark.parametrize("words", ["token", "log in", "hugging face", "login"])
def test_the_account_is_the_first_that_the_palette_names(words):
    went = []
    known = commands.of_settings(went.append, went.append, went.append)
    best(known, words, 1)[0].run()
    assert went == ["account"]


def here(desk) -> QWidget:
    found = desk.window.focusWidget()
    assert found is not None
    return found


def press(desk, key):
    desk.qtbot.keyClick(here(desk), key)


def look_for(desk, page, words):
    page.search.setFocus()
    page.search.clear()
    desk.qtbot.keyClicks(page.search, words)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.field)
def test_return_puts_the_keyboard_on_the_control_of_what_was_found(desk, page, entry):
    look_for(desk, page, entry.label)
    at = find(entry.label).index(entry)
    for _ in range(at + 1 if at else 0):  # the first Down marks the first
        press(desk, Qt.Key.Key_Down)
    press(desk, Qt.Key.Key_Return)  # at once: what is found is still being made
    row = page.rows[entry.field]
    assert row.control.isAncestorOf(here(desk))
    assert here(desk).focusPolicy() != Qt.FocusPolicy.NoFocus, "it takes keys"
    desk.qtbot.waitUntil(lambda: not page._make_soon.isActive())
    assert row.control.visibleRegion().boundingRect().height() > 10


@pytest.mark.parametrize(("part", "what"), BESIDE.items())
def test_return_puts_the_keyboard_on_what_a_part_can_do(desk, page, part: str, what: Beside):
    look_for(desk, page, what.title)
    found = [name_of(each) for each in page._found]
    for _ in range(found.index(part) + 1):
        press(desk, Qt.Key.Key_Down)
    press(desk, Qt.Key.Key_Return)
    assert here(desk) is page.panels[part].on


def test_down_and_up_go_through_all_that_was_found_in_the_order_it_is_read(desk, page):
    look_for(desk, page, "memory")
    found = page._found
    assert len(found) > 4
    tops = []
    for what in found:
        press(desk, Qt.Key.Key_Down)
        desk.qtbot.waitUntil(lambda: not page._make_soon.isActive())
        desk.qtbot.wait(1)
        made = page.rows.get(name_of(what)) or page.panels[what]
        mark = page._walk
        assert mark.isVisible()
        assert mark.geometry().center().y() == made.geometry().center().y()
        assert made.visibleRegion().boundingRect().height() > 10
        assert here(desk) is page.search
        tops.append(made.y())
    assert tops == sorted(tops)
    press(desk, Qt.Key.Key_Down)  # there is no more
    assert page._walk.geometry().center().y() == made.geometry().center().y()
    for _ in found:
        press(desk, Qt.Key.Key_Up)
    assert not page._walk.isVisible()
    desk.qtbot.keyClicks(page.search, " limit")
    press(desk, Qt.Key.Key_Return)
    assert here(desk) is page.rows["models.memory_limit_mib"].control.field


def test_the_mark_goes_with_what_it_was_put_on(desk, page):
    look_for(desk, page, "memory")
    press(desk, Qt.Key.Key_Down)
    assert page._walk.isVisible()
    desk.qtbot.keyClicks(page.search, " limit")
    assert not page._walk.isVisible()
    press(desk, Qt.Key.Key_Down)
    assert page._walk.isVisible()
    press(desk, Qt.Key.Key_Tab)
    assert not page._walk.isVisible()


def test_tab_goes_past_the_sections_to_what_was_found(desk, page):
    look_for(desk, page, "memory")
    desk.qtbot.waitUntil(lambda: not page._make_soon.isActive())
    for _ in range(4):
        press(desk, Qt.Key.Key_Tab)
        if page._middle.isAncestorOf(here(desk)):
            break
    assert page.rows[page._found[0].field].control.isAncestorOf(here(desk))
    assert page._title.text() == "Found"
    item = page.sections.currentItem()
    where = page.sections.visualItemRect(item).center()
    desk.qtbot.mouseClick(page.sections.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert page._title.text() == item.text()
    assert page.search.text() == ""


def test_a_section_that_is_clicked_looks_once_at_what_it_shows(desk, page):
    page.show_section("storage")
    desk.qtbot.waitUntil(lambda: not page._make_soon.isActive())
    page.show_section("general")
    before = page.panels["storage"].looked
    item = page.sections.item(page._sections.index("storage"))
    where = page.sections.visualItemRect(item).center()
    desk.qtbot.mouseClick(page.sections.viewport(), Qt.MouseButton.LeftButton, pos=where)
    desk.qtbot.waitUntil(lambda: not page._make_soon.isActive())
    assert page.panels["storage"].isVisible()
    assert page.panels["storage"].looked == before + 1


def test_no_part_is_made_once_the_window_closes(desk, page):
    page.show_section("storage")
    page.shutdown()
    desk.qtbot.wait(50)
    assert "storage" not in page.panels


def test_nothing_found_is_nowhere_to_go(desk, page):
    look_for(desk, page, "zebra")
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Up):
        press(desk, key)
    assert here(desk) is page.search
    assert not page._walk.isVisible()


def test_parts_of_a_section_stand_in_their_order_whichever_was_wanted_first(desk, page):
    page.show_part("account")
    assert here(desk) is page.panels["account"].on
    desk.qtbot.waitUntil(lambda: not page._make_soon.isActive())
    tops = [page.panels[part].y() for part in ("meaning", "account", "estimate")]
    assert tops == sorted(tops)
    assert page.panels["account"].on.visibleRegion().boundingRect().height() > 10
