"""The first opening of each page of the real app leaves every frame to the window."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.bootstrap.window import open_window
from app.ui.palette.palette import Palette
from app.ui.settings.entries import TITLES, of_section
from app.ui.settings.page import SettingsPage
from app.ui.stall import Watchdog
from app.ui.window import Window
from scripts.hub_stand_in import StandIn
from tests.hub.gguf_files import write

pytestmark = pytest.mark.slow  # timed: they run alone

FRAME_MS = 16.0
PAGES = ("settings", "models", "seen", "narrative")


@pytest.fixture
def window(
    qtbot: QtBot, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    """A start with twenty models, a moment ago."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    for number in range(20):
        write(home / "models" / f"model{number:02}-Q4_K_M.gguf", f"model{number:02}")
    with StandIn().serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        with open_window(None) as window:
            qtbot.addWidget(window)
            window.show()
            qtbot.waitUntil(lambda: len(window.header._choices) == 20, timeout=20_000)
            window.header.cancel.trigger()
            qtbot.wait(3000)
            gc.collect()
            gc.freeze()
            yield window
            gc.unfreeze()
            window.close()


def watched(qtbot: QtBot, do: Callable[[], object], settle_ms: int = 800) -> Watchdog:
    watchdog = Watchdog(FRAME_MS)
    watchdog.start()
    qtbot.wait(20)
    do()
    qtbot.wait(settle_ms)
    watchdog.stop()
    return watchdog


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_opened_without_a_stall(qtbot: QtBot, window: Window, name: str) -> None:
    watchdog = watched(qtbot, lambda: window.pages.open(name))
    assert watchdog.stalls == (), watchdog.stalls


def test_every_section_of_the_settings_is_shown_without_a_stall(
    qtbot: QtBot, window: Window
) -> None:
    page = window.pages.open("settings")
    assert isinstance(page, SettingsPage)
    qtbot.waitUntil(lambda: not page._waiting)
    worst: dict[str, float] = {}
    for section in TITLES:
        watchdog = watched(qtbot, lambda section=section: page.show_section(section), 400)
        worst[section] = max((stall.cpu_ms for stall in watchdog.stalls), default=0.0)
    assert max(worst.values()) == 0.0, worst


def test_a_search_of_the_settings_finds_much_without_a_stall(qtbot: QtBot, window: Window) -> None:
    page = window.pages.open("settings")
    assert isinstance(page, SettingsPage)
    qtbot.waitUntil(lambda: not page._waiting)
    watchdog = watched(qtbot, lambda: qtbot.keyClicks(page.search, "model", delay=40), 1500)
    assert len(page.rows) > 20
    assert watchdog.stalls == (), watchdog.stalls


def test_one_setting_is_reached_without_a_stall(qtbot: QtBot, window: Window) -> None:
    page = window.pages.open("settings")
    assert isinstance(page, SettingsPage)
    qtbot.waitUntil(lambda: not page._waiting)
    last = of_section("models")[-1]
    watchdog = watched(qtbot, lambda: page.show_entry(last))
    assert page.rows[last.field].visibleRegion().boundingRect().height() > 20
    assert watchdog.stalls == (), watchdog.stalls


def test_a_model_of_ones_own_is_shown_without_a_stall(qtbot: QtBot, window: Window) -> None:
    page = window.pages.open("models")
    qtbot.wait(800)  # the rest is made meanwhile
    watchdog = watched(qtbot, page.stock.list.choose_first)
    assert watchdog.stalls == (), watchdog.stalls


def test_the_palette_opens_without_a_stall(qtbot: QtBot, window: Window) -> None:
    keyed = {each.shortcut().toString(): each for each in window.actions()}
    watchdog = watched(qtbot, keyed["Ctrl+K"].trigger)
    assert window.findChild(Palette) is not None
    assert watchdog.stalls == (), watchdog.stalls
