"""The whole app's first minutes: on an empty home, and on one with twenty models."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.bootstrap import shelf
from app.bootstrap.window import open_window
from app.chat.events import ReplyFinished
from app.core.errors import ErrorInfo, OutOfMemory
from app.core.paths import find_folders
from app.storage import conversations
from app.storage.settings_file import SettingsFile
from app.ui.events import Event, ModelChanged, ModelChoice, ModelFailed, ModelReady
from app.ui.models.page import ModelsPage
from app.ui.palette.commands import actions
from app.ui.palette.palette import Palette
from app.ui.settings.account import AccountPanel
from app.ui.settings.entries import BESIDE, TITLES
from app.ui.settings.page import SettingsPage
from app.ui.window import Window
from scripts.hub_stand_in import StandIn
from tests.hub.gguf_files import write

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """No test here reaches the real one, nor the models of who runs it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    with StandIn().serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@contextmanager
def opened(qtbot: QtBot, model: Path | None = None) -> Iterator[Window]:
    with open_window(model) as window:
        qtbot.addWidget(window)
        window.show()
        yield window
        window.close()


def until(qtbot: QtBot, true, timeout: int = 20_000) -> None:
    qtbot.waitUntil(lambda: bool(true()), timeout=timeout)


def test_an_empty_home_offers_three_models_and_the_first_fetched_one_answers(
    qtbot: QtBot, hub: StandIn, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.hub.suggestions import Suggestion

    one = Suggestion("leaf/tea-GGUF", "Q8_0", "Tea", tiny_model.stat().st_size, "mit", "tests")
    monkeypatch.setattr("app.hub.suggestions.curated", lambda file=None: (one,))
    hub.add("leaf/tea-GGUF", {"tea-Q8_0.gguf": tiny_model.read_bytes()})
    states: list[object] = []
    with opened(qtbot) as window:
        assert window.composer.editor.isEnabled(), "one can write at once"
        offers = window.welcome._offers
        until(qtbot, lambda: offers is not None and offers.isVisible() and offers.cards)
        assert not window.welcome._cards[0].isVisible()
        window.bridge.arrived.connect(
            lambda event: states.append(event.state) if isinstance(event, ModelChanged) else None
        )
        qtbot.mouseClick(offers.cards[0].button, LEFT)
        until(qtbot, lambda: any(isinstance(state, ModelReady) for state in states), 40_000)
        until(qtbot, lambda: not offers.isVisible())
        assert window.welcome._cards[0].isVisible()


def test_the_guide_answers_with_nothing_to_click_and_gives_way_to_what_is_fetched(
    qtbot: QtBot,
    hub: StandIn,
    guide: Path,
    model_of: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.hub.suggestions import Suggestion

    tea = model_of("tiny-bare")
    one = Suggestion("leaf/tea-GGUF", "Q8_0", "Tea", tea.stat().st_size, "mit", "tests")
    monkeypatch.setattr("app.hub.suggestions.curated", lambda file=None: (one,))
    hub.add("leaf/tea-GGUF", {"tea-Q8_0.gguf": tea.read_bytes()})
    ready: list[str] = []
    replies: list[ReplyFinished] = []

    def follow(event: Event) -> None:
        if isinstance(event, ModelChanged) and isinstance(event.state, ModelReady):
            ready.append(event.state.choice.name)
        elif isinstance(event, ReplyFinished):
            replies.append(event)

    with opened(qtbot) as window:
        window.bridge.arrived.connect(follow)
        until(qtbot, lambda: ready == ["Built-in guide"], 40_000)
        assert "built-in guide" in window.welcome.status.text()
        offers = window.welcome._offers
        until(qtbot, lambda: offers is not None and offers.isVisible() and offers.cards)
        assert "guide is small" in offers.heading.text()
        qtbot.mouseClick(window.welcome._cards[0], LEFT)
        qtbot.keyClick(window.composer.editor, Qt.Key.Key_Return)
        until(qtbot, lambda: replies, 40_000)
        assert replies[0].message.error is None
        offers.cards[0].button.click()
        until(qtbot, lambda: ready == ["Built-in guide", "tea"], 40_000)
        header = window.header
        assert {choice.name for choice in header._choices} == {"Built-in guide", "tea"}
    ready.clear()
    with opened(qtbot) as window:
        window.bridge.arrived.connect(follow)
        until(qtbot, lambda: ready, 40_000)
        assert ready == ["tea"], "the one in use is the one used last"


def test_twenty_models_are_found_listed_and_none_blocks_the_start(
    qtbot: QtBot, hub: StandIn, home: Path
) -> None:
    names = [f"model{number:02}-Q4_K_M.gguf" for number in range(20)]
    for name in names:
        write(home / "models" / name, name[:7])
    with opened(qtbot) as window:
        header = window.header
        until(qtbot, window.isActiveWindow)
        until(qtbot, lambda: len(header._choices) == 20)
        offers = window.welcome._offers
        assert offers is not None
        assert not offers.isVisible()
        qtbot.keyClick(window, Qt.Key.Key_M, CONTROL | SHIFT)
        until(qtbot, lambda: window.pages.name == "models")
        page = window.pages.currentWidget()
        assert isinstance(page, ModelsPage)
        until(qtbot, lambda: len(page.stock.list.rows.rows) == 20)
        qtbot.keyClick(window, Qt.Key.Key_K, CONTROL)
        palette = window.findChild(Palette)
        assert palette is not None
        qtbot.keyClicks(palette.field, "threads")
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        settings = window.pages.currentWidget()
        assert isinstance(settings, SettingsPage)
        assert window.focusWidget() is settings.rows["models.threads"].control.field
        qtbot.keyClick(window, Qt.Key.Key_K, CONTROL)
        qtbot.keyClicks(palette.field, "log in")
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        account = settings.panels["account"]
        assert isinstance(account, AccountPanel)
        assert window.focusWidget() is account.token
        for section in TITLES:
            settings.show_section(section)
            until(qtbot, lambda: not settings._waiting)
        assert set(settings.panels) == set(BESIDE)
        assert window.isActiveWindow(), "no part was a window before it had its place"
        header.cancel.trigger()


def test_a_model_that_cannot_be_loaded_explains_itself_and_offers_what_next(
    qtbot: QtBot, hub: StandIn, home: Path
) -> None:
    broken = write(home / "models" / "tea-Q4_K_M.gguf", "tea")
    failed: list[ModelFailed] = []
    with opened(qtbot, broken) as window:
        window.bridge.arrived.connect(
            lambda event: (
                failed.append(event.state)
                if isinstance(event, ModelChanged) and isinstance(event.state, ModelFailed)
                else None
            )
        )
        until(qtbot, lambda: failed and window.notes.isVisible(), 40_000)
        assert window.notes.text == failed[0].error.message
        assert window.notes.button.text() == "Choose another model"
        qtbot.mouseClick(window.notes.button, LEFT)
        until(qtbot, lambda: window.pages.name == "models")


def test_a_load_that_found_too_little_memory_is_taken_a_step_down_by_one_press(
    qtbot: QtBot, hub: StandIn, tiny_model: Path
) -> None:
    error = ErrorInfo(OutOfMemory.kind, "There is not enough free memory for this model.")
    with opened(qtbot) as window:
        ready = readied(window)
        choice = ModelChoice(str(tiny_model), "tiny")
        window.bridge.post(ModelChanged(ModelFailed(choice, error)))
        until(qtbot, window.notes.isVisible)
        assert window.notes.button.text() == "Load it with a context of 4,096 tokens"
        qtbot.mouseClick(window.notes.button, LEFT)
        until(qtbot, lambda: ready, 40_000)
        assert ready[0].info.chat_ctx <= 4096
    kept = SettingsFile(find_folders().settings)
    assert kept.value.models.chat_ctx == 4096


def test_a_later_start_loads_the_last_model_while_one_can_write_already(
    qtbot: QtBot, hub: StandIn, tiny_model: Path
) -> None:
    with opened(qtbot, tiny_model) as window:
        ready = readied(window)
        until(qtbot, lambda: ready, 40_000)
    with opened(qtbot) as window:
        ready = readied(window)
        qtbot.keyClicks(window.composer.editor, "Written before it answers")
        assert window.composer.editor.toPlainText() == "Written before it answers"
        until(qtbot, lambda: ready, 40_000)
        assert ready[0].choice.path == str(tiny_model)
        assert window.composer.editor.toPlainText() == "Written before it answers"


def readied(window: Window) -> list[ModelReady]:
    """Grows with each model that is loaded."""
    found: list[ModelReady] = []

    def follow(event: Event) -> None:
        if isinstance(event, ModelChanged) and isinstance(event.state, ModelReady):
            found.append(event.state)

    window.bridge.arrived.connect(follow)
    return found


def test_a_models_own_prompt_and_context_hold_in_the_window(
    qtbot: QtBot, hub: StandIn, tiny_model: Path, home: Path
) -> None:
    """From its page to its next load and the next chat with it."""
    model = home / "models" / "tiny-F16.gguf"
    model.parent.mkdir(parents=True)
    shutil.copy(tiny_model, model)
    with opened(qtbot, model) as window:
        ready = readied(window)
        until(qtbot, lambda: ready, 40_000)
        qtbot.keyClick(window, Qt.Key.Key_M, CONTROL | SHIFT)
        until(qtbot, lambda: window.pages.name == "models")
        page = window.pages.currentWidget()
        assert isinstance(page, ModelsPage)
        until(qtbot, lambda: [row.key for row in page.stock.list.rows.rows] == [str(model)])
        page.stock.list.choose(str(model))
        own = page.installed.own
        until(qtbot, own.editor.recommended.isChecked)
        qtbot.keyClicks(own.editor.prompt, "You know tea.")
        qtbot.mouseClick(own.editor.save, LEFT)
        until(qtbot, lambda: own.said.text() == "Kept.")
        qtbot.mouseClick(own.loading_tab, LEFT)
        qtbot.keyClicks(own.loading.chat_ctx, "2048")
        qtbot.keyClick(own.loading.chat_ctx, Qt.Key.Key_Return)
        qtbot.mouseClick(own.loading.reload, LEFT)
        until(qtbot, lambda: len(ready) == 2, 40_000)
        assert ready[1].info.chat_ctx == 2048 < ready[0].info.chat_ctx
        qtbot.keyClick(page, Qt.Key.Key_Escape)
        qtbot.keyClicks(window.composer.editor, "Hello")
        qtbot.keyClick(window.composer.editor, Qt.Key.Key_Return)
        until(qtbot, lambda: window.current.conversation is not None)
        here, db = window.current.conversation, window.keeping.stored.db
        chat = db.read(lambda tx: conversations.get(tx, here)).result(5)
        assert chat.system_prompt == "You know tea."
        until(qtbot, window.composer.stop_action.isEnabled)
        qtbot.keyClick(window.composer.editor, Qt.Key.Key_Escape)
        until(qtbot, lambda: not window.composer.stop_action.isEnabled())


def test_the_models_page_waits_for_its_rooms_and_the_window_does_not(
    qtbot: QtBot, hub: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    real = shelf._open

    def slow(*rooms: object) -> object:
        go_on.wait(20)
        return real(*rooms)

    monkeypatch.setattr(shelf, "_open", slow)
    with opened(qtbot) as window:
        try:
            until(qtbot, window.isActiveWindow)
            qtbot.keyClick(window, Qt.Key.Key_M, CONTROL | SHIFT)
            qtbot.keyClicks(window.composer.editor, "meanwhile")
            assert window.composer.editor.toPlainText() == "meanwhile"
            assert window.pages.name == ""
        finally:
            go_on.set()
        until(qtbot, lambda: window.pages.name == "models")


def test_no_two_actions_have_the_same_keys(qtbot: QtBot, hub: StandIn) -> None:
    """Qt would do neither."""
    with opened(qtbot) as window:
        keys = [each for _, found in actions(window.menu) for each in found]
        named = [each.shortcut().toString() for each in keys if not each.shortcut().isEmpty()]
        assert sorted(named) == sorted(set(named))
        assert {"Ctrl+P", "Ctrl+K", "Ctrl+Shift+I", "Ctrl+Shift+O"} <= set(named)
