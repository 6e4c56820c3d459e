"""Filters of the hub's results: real HTTP, and what the stand-in was asked."""

import pytest
from PySide6.QtCore import Qt

from app.core.protocol import Device
from scripts.hub_stand_in import Content
from tests.hub.gguf_files import write
from tests.ui.models.conftest import Computer, Shop

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def teas(stand_in, tmp_path):
    header = write(tmp_path / "tea.gguf", "tea").read_bytes()
    kinds = {"green": ("mit", "llama"), "black": ("apache-2.0", "qwen3"), "white": ("mit", "glm4")}
    for name, (licence, architecture) in kinds.items():
        file = {f"{name}-Q4_0.gguf": header}
        stand_in.add(f"leaf/{name}-GGUF", file, licence=licence, architecture=architecture)
    huge = {"huge-Q4_0.gguf": Content(header, 5_000_000)}
    stand_in.add("leaf/huge-GGUF", huge, licence="mit", architecture="llama")


def listed(shop: Shop) -> set[str]:
    rows = shop.page.discovery.list.rows.rows
    return {row.title for row in rows if not row.heading and not row.key.startswith("suggested")}


def open_filters(shop: Shop) -> None:
    shop.desk.qtbot.mouseClick(shop.page.hub_tab, LEFT)
    shop.until(lambda: len(listed(shop)) == 4)
    shop.desk.qtbot.mouseClick(shop.page.discovery.filters.button, LEFT)
    assert shop.page.discovery.filters.isVisible()


def choose(shop: Shop, box, value: str) -> None:
    box.setFocus()
    at = box.findData(value)
    while box.currentIndex() != at:
        key = Qt.Key.Key_Down if box.currentIndex() < at else Qt.Key.Key_Up
        shop.desk.qtbot.keyClick(box, key)


def test_a_licence_and_an_architecture_narrow_what_is_found(shop, teas):
    open_filters(shop)
    filters = shop.page.discovery.filters
    choose(shop, filters.licence, "mit")
    shop.until(lambda: listed(shop) == {"green-GGUF", "white-GGUF", "huge-GGUF"})
    assert any("license%3Amit" in each.path or "license:mit" in each.path for each in shop.hub.log)
    assert filters.button.text() == "Filters (1)"
    choose(shop, filters.architecture, "glm4")  # known from the results
    shop.until(lambda: listed(shop) == {"white-GGUF"})
    shop.desk.qtbot.mouseClick(filters.clear, LEFT)
    shop.until(lambda: len(listed(shop)) == 4)
    assert filters.button.text() == "Filters"
    assert not filters.clear.isVisible()


def test_what_cannot_fit_this_computer_is_left_out(shop, teas, monkeypatch):
    cpu = Device(name="CPU", description="", kind="cpu", total_bytes=1 << 20, free_bytes=1 << 20)
    monkeypatch.setattr(Computer, "devices", lambda _: (cpu,))
    open_filters(shop)
    filters = shop.page.discovery.filters
    shop.desk.qtbot.keyClick(filters.fitting, Qt.Key.Key_Space)
    shop.until(lambda: listed(shop) == {"green-GGUF", "black-GGUF", "white-GGUF"})
    shop.desk.qtbot.keyClick(filters.fitting, Qt.Key.Key_Space)
    shop.until(lambda: len(listed(shop)) == 4)


def test_it_says_when_nothing_passes(shop, teas):
    open_filters(shop)
    choose(shop, shop.page.discovery.filters.licence, "gemma")
    state = shop.page.discovery.state
    shop.until(lambda: state.text() == "No model of the hub passes these filters.")
    assert listed(shop) == set()


def test_short_pages_are_followed_until_there_is_enough_to_see(shop, stand_in, tmp_path):
    """What is filtered here comes in pages of a few, which do not scroll."""
    header = write(tmp_path / "tea.gguf", "tea").read_bytes()
    for number in range(240):
        rare = number % 60 == 0
        stand_in.add(
            f"leaf/tea-{number}-GGUF", {"tea-Q4_0.gguf": header}, downloads=1000 - number,
            architecture="glm4" if rare else "llama",
        )  # fmt: skip
    shop.desk.qtbot.mouseClick(shop.page.hub_tab, LEFT)
    shop.until(lambda: listed(shop))
    filters = shop.page.discovery.filters
    filters.architecture.addItem("glm4", "glm4")
    shop.desk.qtbot.mouseClick(filters.button, LEFT)
    choose(shop, filters.architecture, "glm4")
    shop.until(lambda: len(listed(shop)) == 4)
