"""Finding models at the hub and fetching them: real keys, real HTTP, files on the disk."""

from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt

from app.hub.catalog import Offer
from app.hub.choosing import Recommendation
from app.ui.models.shelf import Judgement
from app.ui.models.words import variant_key
from scripts.hub_stand_in import Fault
from tests.ui.models.conftest import Shop

LEFT = Qt.MouseButton.LeftButton


def listed(shop: Shop) -> list[str]:
    return [row.key for row in shop.page.discovery.list.rows.rows if not row.heading]


def search(shop: Shop, words: str) -> None:
    page = shop.page
    shop.desk.qtbot.mouseClick(page.hub_tab, LEFT)
    page.search.clear()
    shop.desk.qtbot.keyClicks(page.search, words)


def open_tea(shop: Shop) -> None:
    search(shop, "tea @leaf")
    shop.until(lambda: listed(shop) == ["leaf/tea-1b-GGUF"])
    shop.page.discovery.list.setFocus()
    shop.page.discovery.list.choose_first()
    offer = shop.page.offer
    shop.until(lambda: "recommended" in offer.note.text())


def test_a_search_with_an_author_finds_theirs_only(shop, tea):
    search(shop, "tea")
    shop.until(lambda: len(listed(shop)) == 2)
    search(shop, "tea @leaf")
    shop.until(lambda: listed(shop) == [tea])
    (row,) = (r for r in shop.page.discovery.list.rows.rows if r.key == tea)
    assert row.title == "tea-1b-GGUF"
    assert "↓ 1.2k" in row.detail
    assert "♥ 56" in row.detail
    asked = [each.path for each in shop.hub.log if each.server == "hub"]
    assert any("author=leaf" in path and "search=tea" in path for path in asked)


def test_what_is_typed_is_asked_once_it_rests(shop, tea):
    search(shop, "coffee")
    shop.until(lambda: listed(shop) == ["leaf/coffee-GGUF"])
    asked = [each.path for each in shop.hub.log if "search=" in each.path]
    assert len(asked) <= 2, "not a request a letter"


def test_a_late_answer_of_an_older_search_is_dropped(shop, tea):
    discovery = shop.page.discovery
    shop.desk.qtbot.mouseClick(shop.page.hub_tab, LEFT)
    discovery.look_for("coffee")
    discovery.look_for("beet")
    shop.until(lambda: listed(shop) == ["root/beet-tea-GGUF"])
    shop.desk.qtbot.wait(200)
    assert listed(shop) == ["root/beet-tea-GGUF"]


def test_nothing_typed_offers_what_suits_and_what_is_popular(shop, tea):
    shop.desk.qtbot.mouseClick(shop.page.hub_tab, LEFT)
    shop.until(lambda: len(listed(shop)) == 6)
    headings = [r.title for r in shop.page.discovery.list.rows.rows if r.heading]
    assert headings == ["Suits this computer", "Trending"]
    assert all(key.startswith("suggested:") for key in listed(shop)[:3])


def said(spoken) -> str:
    return "\n".join(spoken.text(at) for at in range(spoken.count()))


def test_a_model_shows_its_readme_and_judges_its_quantizations(shop, tea):
    open_tea(shop)
    offer = shop.page.offer
    rows = offer.variants.rows.rows
    assert [row.title for row in rows] == ["Q4_K_M · 3 MB", "Q8_0 · 6 MB"]
    best = [row for row in rows if row.marks and row.marks[0].text == "recommended"]
    assert len(best) == 1
    assert "GB free" in best[0].tip
    assert offer.variants.key == best[0].key
    spoken = offer.readme.spoken
    shop.until(lambda: "They know **tea**." in said(spoken))
    shown = said(spoken)
    assert "<p" not in shown
    assert "license:" not in shown
    assert not any("tracker" in each.path for each in shop.hub.log)


class Held:
    """The judgement of a shown model, kept back until it shall answer."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answer: Future[Judgement] = Future()
        self._judge = shop.shelf.judge
        self.true: Future[Judgement] | None = None
        monkeypatch.setattr(shop.shelf, "judge", self._hold)

    def _hold(self, offered: Offer) -> "Future[Judgement]":
        self.true = self._judge(offered)
        return self._answer

    def recommend(self, key: str) -> None:
        true = self.true.result(10)
        (one,) = (each for each in true.judged if variant_key(each.variant) == key)
        self._answer.set_result(Judgement(true.judged, Recommendation(one, "it fits")))


@pytest.mark.parametrize("somebody_chose", [True, False])
def test_a_late_judgement_leaves_what_was_chosen_meanwhile(
    shop, tea, monkeypatch, *, somebody_chose
):
    held, variants = Held(shop, monkeypatch), shop.page.offer.variants
    shop.page.look_for(tea)
    shop.until(lambda: held.true)
    preselected = variants.key
    (other,) = (row.key for row in variants.rows.rows if row.key != preselected)
    if somebody_chose:
        variants.choose(other)
    held.recommend(preselected if somebody_chose else other)
    shop.until(lambda: "recommended" in shop.page.offer.note.text())
    assert variants.key == other


def test_a_model_is_fetched_and_then_it_is_here(shop, tea):
    open_tea(shop)
    shop.desk.qtbot.mouseClick(shop.page.offer.download, LEFT)
    shop.until(lambda: bool(list(shop.folder.rglob("tea-1b-*.gguf"))))
    shop.until(lambda: len(shop.page.stock.library.models) == 1)
    shop.until(lambda: not shop.page.offer.download.isEnabled())
    assert "on this computer" in shop.page.offer.download.text()
    shop.until(lambda: not shop.page.strip.lines)
    shop.desk.qtbot.mouseClick(shop.page.here_tab, LEFT)
    (row,) = shop.page.stock.list.rows.rows
    assert row.title == "tea 1b"


def test_a_download_is_paused_resumed_and_survives_a_restart(shop, tea):
    open_tea(shop)
    shop.hub.faults.append(Fault("stall", at=0.4))
    shop.desk.qtbot.mouseClick(shop.page.offer.download, LEFT)
    strip = shop.page.strip
    shop.until(lambda: strip.lines and next(iter(strip.lines.values())).bar.value() > 0)
    (line,) = strip.lines.values()
    assert line.go.accessibleName().startswith("Pause")
    shop.desk.qtbot.mouseClick(line.go, LEFT)
    shop.until(lambda: line.words.text().startswith("paused"))
    sent = shop.hub.sent()
    shop.stop()
    shop.desk.window.close()
    shop.desk.open()
    shop.open()
    strip = shop.page.strip
    shop.until(lambda: len(strip.lines) == 1)
    (line,) = strip.lines.values()
    assert line.words.text().startswith("paused")
    shop.desk.qtbot.mouseClick(line.go, LEFT)
    shop.until(lambda: len(shop.page.stock.library.models) == 1)
    whole = next(shop.folder.rglob("*.gguf")).stat().st_size
    assert shop.hub.sent() <= whole * 1.2 + 400_000
    assert sent > 0


def test_a_failed_download_says_why_and_is_tried_again(shop, tea):
    open_tea(shop)
    shop.hub.faults.extend(Fault("html") for _ in range(40))
    shop.desk.qtbot.mouseClick(shop.page.offer.download, LEFT)
    strip = shop.page.strip
    shop.until(lambda: strip.lines and "Try again" in line_of(shop).go.accessibleName(), 30_000)
    assert line_of(shop).words.text()
    shop.hub.faults.clear()
    shop.desk.qtbot.mouseClick(line_of(shop).go, LEFT)
    shop.until(lambda: len(shop.page.stock.library.models) == 1)


def line_of(shop: Shop):
    return next(iter(shop.page.strip.lines.values()))


def test_a_cancelled_download_leaves_nothing(shop, tea):
    open_tea(shop)
    shop.hub.faults.append(Fault("stall", at=0.4))
    shop.desk.qtbot.mouseClick(shop.page.offer.download, LEFT)
    shop.until(lambda: bool(shop.page.strip.lines))
    shop.desk.qtbot.mouseClick(line_of(shop).drop, LEFT)
    shop.until(lambda: not shop.page.strip.lines)
    shop.until(lambda: not [f for f in shop.folder.rglob("*") if f.is_file()])


def test_a_link_opens_the_model_it_names(shop, tea):
    search(shop, "https://huggingface.co/leaf/coffee-GGUF")
    offer = shop.page.offer
    shop.until(lambda: "recommended" in offer.note.text())
    assert offer.title.text() == "leaf/coffee-GGUF"


def test_without_a_network_it_says_so_and_asks_again(shop, tea):
    shop.hub.hub_faults.extend([Fault("503")] * 10)
    search(shop, "tea")
    state = shop.page.discovery.state
    shop.until(lambda: "trouble" in state.text())
    shop.hub.hub_faults.clear()
    shop.desk.qtbot.keyClick(shop.page, Qt.Key.Key_F5)
    shop.until(lambda: len(listed(shop)) == 2)


def test_a_model_that_asks_for_permission_leads_to_the_login_and_is_asked_for_again(shop, tea):
    wanted: list[bool] = []
    shop.page.login_wanted.connect(lambda: wanted.append(True))
    shop.hub.repositories[tea].gated = True
    search(shop, "tea @leaf")
    shop.until(lambda: listed(shop) == [tea])
    shop.page.discovery.list.choose_first()
    offer = shop.page.offer
    shop.until(offer.log_in.isVisible)
    assert "log in under Settings" in offer.note.text()
    shop.desk.qtbot.mouseClick(offer.log_in, LEFT)
    assert wanted
    shop.hub.repositories[tea].gated = False
    shop.desk.window.pages.back()
    shop.desk.window.pages.open("models")
    shop.until(lambda: "recommended" in offer.note.text())
    assert not offer.log_in.isVisible()
