"""No page holds the window up: opening, searching, a download that is hashed, a long README."""

import gc
import random
import time

import pytest
from PySide6.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot

from app.hub.references import Reference
from app.ui.settings.entries import TITLES
from app.ui.settings.page import SettingsPage
from app.ui.stall import Watchdog
from scripts.hub_stand_in import Content
from tests.hub.gguf_files import write
from tests.ui.models.conftest import Shop

pytestmark = pytest.mark.slow  # timed: they run alone

LEFT = Qt.MouseButton.LeftButton
FRAME_MS = 16  # of the thread's own time: other work on the machine is not the window's
PLANTED_MS = 30

# As models have them: prose, a list, a table, code.
README = """# Tea 1B

Tea was **distilled** from a larger model on [texts about tea](https://example.org/tea), and runs
on any machine with `2 GB` of memory. It knows leaves, water and cups; it does not know coffee.

- trained for 32,768 tokens
- answers in *twelve* languages, the main ones being those in which people drink tea
  1. green
  2. black

## How good it is

| Examination | Tea 1B | Cup 1B | Kettle 3B |
|---|---:|---:|---:|
| Leaves | **71.4** | 62.0 | 70.9 |
| Water | 55.1 | 54.8 | **60.2** |
| Cups | 80.0 | 79.3 | **83.8** |

> Figures are of the weights in 16 bits; four bits cost about one point.

## How to prompt it

```python
from llama_cpp import Llama

llama = Llama(model_path="tea-1b-Q4_K_M.gguf", n_ctx=4096)
messages = [{"role": "user", "content": "Which tea for the evening?"}]
for part in llama.create_chat_completion(messages, stream=True):
    print(part["choices"][0]["delta"].get("content", ""), end="")
```

"""


@pytest.fixture
def watchdog():
    gc.collect()
    gc.freeze()
    yield Watchdog(FRAME_MS)
    gc.unfreeze()


def plant() -> None:
    until = time.thread_time() + PLANTED_MS / 1000
    while time.thread_time() < until:
        pass


def assert_none(watchdog: Watchdog, qtbot: QtBot) -> None:
    """And none would have gone unnoticed: one that is planted is seen."""
    assert watchdog.stalls == (), watchdog.stalls
    QTimer.singleShot(0, plant)
    qtbot.waitUntil(lambda: bool(watchdog.stalls), timeout=2_000)
    watchdog.stop()
    assert watchdog.worst.cpu_ms >= PLANTED_MS


def until(shop, true):
    shop.until(true, 60_000)


def test_the_models_page_while_searching_downloading_and_hashing(
    shop: Shop, stand_in, tmp_path, watchdog
):
    header = write(tmp_path / "tea.gguf", "tea").read_bytes()
    readme = README * 20
    for number in range(60):
        stand_in.add(f"leaf/tea-{number}-GGUF", {"tea-Q4_0.gguf": header}, downloads=number)
    stand_in.add(
        "leaf/big-tea-GGUF",
        {"big-tea-Q4_0.gguf": Content(header, 200_000_000), "README.md": readme.encode()},
        downloads=1_000,
    )
    page = shop.page
    watchdog.start()
    until(shop, lambda: page._is_made("offer"))  # nobody clicks within a tenth of a second
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
    for step in range(40):  # a wheel that is turned fast
        bar.setValue(step * 120)
        shop.desk.qtbot.wait(16)
    until(shop, lambda: page.stock.library.models)
    assert_none(watchdog, shop.desk.qtbot)


def test_searching_while_a_download_is_hashed_leaves_every_frame_to_the_window(
    shop: Shop, stand_in, tmp_path, watchdog
):
    """What the download's threads hold up of this one counts, too."""
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
    (now,) = shop.downloads.list()
    assert now.received > received[0] + 20_000_000, "a download was on its way meanwhile"
    assert_none(watchdog, shop.desk.qtbot)
    shop.downloads.cancel(now.id)


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
    assert_none(watchdog, desk.qtbot)
