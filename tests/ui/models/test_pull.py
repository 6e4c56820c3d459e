"""Pulling a list over its top looks again; scrolling up to the top does not."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QListWidget

from app.ui.models.pull import Pull
from tests.hub.gguf_files import write

NOTCH = 120


class Hand:
    """Turns the wheel, as long after the last turn as it says."""

    def __init__(self, qtbot) -> None:
        self.now = 10.0
        self.pulls = 0
        self.list = QListWidget()
        self.list.addItems([str(number) for number in range(200)])
        qtbot.addWidget(self.list)
        self.list.resize(200, 200)
        self.list.show()
        Pull(self.list, lambda: self.now).pulled.connect(self._pulled)

    def _pulled(self) -> None:
        self.pulls += 1

    def turn(self, *notches: int, after_s: float = 0.05) -> None:
        for each in notches:
            self.now += after_s
            wheel(self.list, each * NOTCH)


def wheel(view, angle: int) -> None:
    port = view.viewport()
    event = QWheelEvent(
        QPointF(20, 20), QPointF(port.mapToGlobal(QPoint(20, 20))), QPoint(), QPoint(0, angle),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(port, event)


@pytest.fixture
def hand(qtbot):
    return Hand(qtbot)


def test_a_pull_from_the_top_looks_again_once(hand):
    hand.turn(1, 1)
    assert hand.pulls == 0
    hand.turn(1, 1, 1)
    assert hand.pulls == 1
    hand.turn(1, 1, 1, after_s=0.1)
    assert hand.pulls == 1, "still the same movement"
    hand.turn(1, after_s=2.0)
    hand.turn(1, 1)
    assert hand.pulls == 2


def test_scrolling_up_to_the_top_and_beyond_does_not(hand):
    hand.turn(-1, -1, -1)
    hand.turn(1, after_s=1.0)
    hand.turn(*[1] * 12)
    assert hand.list.verticalScrollBar().value() == 0
    assert hand.pulls == 0


def test_on_the_page_it_asks_the_hub_again(shop, tea):
    shop.desk.qtbot.mouseClick(shop.page.hub_tab, Qt.MouseButton.LeftButton)
    discovery = shop.page.discovery
    shop.until(lambda: discovery.listing(tea))
    asked = len(shop.hub.log)
    for _ in range(3):
        wheel(discovery.list, NOTCH)
    shop.until(lambda: len(shop.hub.log) > asked)


def test_on_the_page_it_looks_through_the_folders_again(shop, monkeypatch):
    looked = []
    monkeypatch.setattr(shop.shelf, "look_now", lambda: looked.append(1))
    write(shop.folder / "tea-1b-Q4_K_M.gguf", "tea")
    for _ in range(3):
        wheel(shop.page.stock.list, NOTCH)
    assert looked == [1]
