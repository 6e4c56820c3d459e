"""The whole app's first minutes: on an empty home, and on one with twenty models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.bootstrap.window import open_window
from app.chat.events import ReplyFinished
from app.ui.events import Event, ModelChanged, ModelFailed, ModelReady
from app.ui.models.page import ModelsPage
from app.ui.palette.palette import Palette
from app.ui.settings.entries import TITLES
from app.ui.settings.page import SettingsPage
from app.ui.window import Window
from scripts.hub_stand_in import StandIn
from tests.hub.gguf_files import write

LEFT = Qt.MouseButton.LeftButton


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
        until(qtbot, lambda: len(header._choices) == 20)
        offers = window.welcome._offers
        assert offers is not None
        assert not offers.isVisible()
        qtbot.keyClick(
            window,
            Qt.Key.Key_M,
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
        )
        page = window.pages.currentWidget()
        assert isinstance(page, ModelsPage)
        until(qtbot, lambda: len(page.stock.list.rows.rows) == 20)
        control = Qt.KeyboardModifier.ControlModifier
        qtbot.keyClick(window, Qt.Key.Key_K, control)
        palette = window.findChild(Palette)
        assert palette is not None
        qtbot.keyClicks(palette.field, "threads")
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        settings = window.pages.currentWidget()
        assert isinstance(settings, SettingsPage)
        assert window.focusWidget() is settings.rows["models.threads"].control.field
        for section in TITLES:
            settings.show_section(section)
            until(qtbot, lambda: not settings._waiting)
        assert len(settings.panels) == 7
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
        assert window.pages.name == "models"
