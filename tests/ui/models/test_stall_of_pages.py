"""No page holds the window up: opening, searching, a download that is hashed, a long README."""

import gc
import random

import pytest
from PySide6.QtCore import Qt

from app.hub.references import Reference
from app.ui.settings.entries import TITLES
from app.ui.settings.page import SettingsPage
from app.ui.stall import Watchdog
from scripts.hub_stand_in import Content
from tests.hub.gguf_files import write
from tests.ui.models.conftest import Shop

pytestmark = pytest.mark.slow  # timed: they run alone

FRAME_MS = 16
LIMIT_MS = 50  # thread time; generous, because other work shares the machine's caches
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def watchdog():
    gc.collect()
    gc.freeze()
    watchdog = Watchdog(LIMIT_MS)
    yield watchdog
    gc.unfreeze()


def until(shop, true):
    shop.until(true, 60_000)


def test_the_models_page_while_searching_downloading_and_hashing(
    shop: Shop, stand_in, tmp_path, watchdog
):
    header = write(tmp_path / "tea.gguf", "tea").read_bytes()
    readme = "# Tea\n\n" + "A paragraph about tea, its leaves and its water. " * 2_000
    for number in range(60):
        stand_in.add(f"leaf/tea-{number}-GGUF", {"tea-Q4_0.gguf": header}, downloads=number)
    stand_in.add(
        "leaf/big-tea-GGUF",
        {"big-tea-Q4_0.gguf": Content(header, 200_000_000), "README.md": readme.encode()},
        downloads=1_000,
    )
    page = shop.page
    watchdog.start()
    shop.desk.qtbot.mouseClick(page.hub_tab, LEFT)
    shop.desk.qtbot.keyClicks(page.search, "tea @leaf", delay=20)
    until(shop, lambda: page.discovery.listing("leaf/tea-0-GGUF"))
    page.search.clear()
    shop.desk.qtbot.keyClicks(page.search, "big @leaf", delay=20)
    until(shop, lambda: page.discovery.listing("leaf/big-tea-GGUF"))
    page.discovery.list.choose("leaf/big-tea-GGUF")
    until(shop, lambda: "recommended" in page.offer.note.text())
    until(shop, page.offer.readme.spoken.count)
    shop.desk.qtbot.mouseClick(page.offer.download, LEFT)
    until(shop, lambda: page.strip.lines)
    bar = page.offer.readme.verticalScrollBar()
    for step in range(20):
        bar.setValue(step * 300)
        shop.desk.qtbot.wait(10)
    until(shop, lambda: page.stock.library.models)
    watchdog.stop()
    assert watchdog.stalls == (), watchdog.stalls


def test_searching_while_a_download_is_hashed_leaves_every_frame_to_the_window(
    shop: Shop, stand_in, tmp_path
):
    """The issue's own figure, of one frame: other work of this process counts, too."""
    header = write(tmp_path / "tea.gguf", "tea").read_bytes()
    for number in range(60):
        stand_in.add(f"leaf/tea-{number}-GGUF", {"tea-Q4_0.gguf": header}, downloads=number)
        stand_in.add(f"leaf/cup-{number}-GGUF", {"cup-Q4_0.gguf": header}, downloads=number)
    big = Content(random.Random(1).randbytes(1 << 20), 800_000_000)
    stand_in.add("leaf/big-GGUF", {"big-Q4_0.gguf": big})
    stand_in.rate = 40_000_000  # it lasts longer than the searches
    page, keys = shop.page, shop.desk.qtbot.keyClicks
    shop.desk.qtbot.mouseClick(page.hub_tab, LEFT)
    keys(page.search, "tea @leaf")  # once before: what is first used is made then
    until(shop, lambda: page.discovery.listing("leaf/tea-0-GGUF"))
    variant = shop.shelf.offer(Reference("leaf/big-GGUF")).result().choose()
    shop.shelf.start("leaf/big-GGUF", variant).result()
    until(shop, lambda: any(state.received for state in shop.downloads.list()))
    watchdog = Watchdog(FRAME_MS)
    received = [state.received for state in shop.downloads.list()]
    watchdog.start()
    for words in ("cup @leaf", "tea @leaf") * 3:
        page.search.clear()
        keys(page.search, words, delay=20)
        last = f"leaf/{words[:3]}-0-GGUF"
        until(shop, lambda last=last: page.discovery.listing(last))
        bar = page.discovery.list.verticalScrollBar()
        for step in range(10):
            bar.setValue(step * 40)
            shop.desk.qtbot.wait(10)
    watchdog.stop()
    (now,) = shop.downloads.list()
    assert now.received > received[0] + 20_000_000, "a download was on its way meanwhile"
    shop.downloads.cancel(now.id)
    assert watchdog.stalls == ()


def test_the_settings_page_shows_every_section(desk, watchdog):
    desk.window.offer_page(
        "settings", "&Settings…", "Ctrl+,",
        lambda theme: SettingsPage(desk.preferences, {}, lambda: None, lambda what: (), theme),
    )  # fmt: skip
    # Once in a process, Qt's own classes are made when they are first used; that is not ours.
    page = desk.window.pages.open("settings")
    desk.settle()
    watchdog.start()
    for section in TITLES:
        if section in page._sections:
            page.show_section(section)
            desk.qtbot.waitUntil(lambda: not page._waiting)
            desk.qtbot.wait(30)
    desk.qtbot.keyClicks(page.search, "context", delay=10)
    desk.qtbot.waitUntil(lambda: not page._waiting)
    watchdog.stop()
    assert watchdog.stalls == (), watchdog.stalls
