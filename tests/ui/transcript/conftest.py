"""A transcript on a hidden screen, and the hands that use it: real keys, clicks and drags."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.ui.theme import LIGHT, Theme
from app.ui.transcript import Item, ItemId, MessageItem, Request, Transcript
from app.ui.transcript.blocks import Block
from app.ui.transcript.rows import Row


def said(number: int | str, text: str) -> MessageItem:
    return MessageItem(id=ItemId(str(number)), role="user", text=text)


def answered(number: int | str, text: str, **more: object) -> MessageItem:
    return MessageItem(id=ItemId(str(number)), role="assistant", text=text, **more)  # pyright: ignore


class Hands:
    """Uses one transcript the way a person does."""

    def __init__(self, view: Transcript, qtbot: QtBot) -> None:
        self.view = view
        self.qtbot = qtbot
        self.requests: list[Request] = []
        view.requested.connect(self.requests.append)

    def show(self, *items: Item) -> None:
        self.view.set_items(items)
        self.settle()

    def settle(self) -> None:
        """Formulas are drawn, idle measuring is done, the stream has been painted."""
        view = self.view
        self.qtbot.waitUntil(lambda: not view._errands.busy, timeout=10_000)
        QGuiApplication.processEvents()  # what the errands' thread sent last
        self.qtbot.waitUntil(lambda: not (view._idle.isActive() or view._repaint._timer.isActive()))
        QGuiApplication.processEvents()

    def row(self, item: int | str = 1, part: int = 0) -> Row:
        rows = self.view._list
        index = rows.rows_of(ItemId(str(item))).start + part
        rows.measure(index, self.view._means)
        return rows.rows[index]

    def blocks(self, item: int | str = 1, part: int = 0) -> list[Block]:
        return self.row(item, part).text_blocks()

    def text(self, item: int | str = 1) -> str:
        return "\n".join(block.document.toPlainText() for block in self.blocks(item))  # pyright: ignore

    def point(self, item: int | str, block: Block, inside: QPointF, part: int = 0) -> QPoint:
        """A point of a block, on the viewport."""
        index = self.view._list.rows_of(ItemId(str(item))).start + part
        corner = self.view._surface.row_corner(index) + QPointF(block.left, block.top)
        return (corner + inside).toPoint()

    def char_point(
        self, item: int | str, block_number: int, character: int, part: int = 0
    ) -> QPoint:
        """The left edge of a character of a text block."""
        block = self.blocks(item, part)[block_number]
        assert block.document is not None
        paragraph = block.document.findBlock(character)
        box = block.document.documentLayout().blockBoundingRect(paragraph)
        layout = paragraph.layout()
        line = layout.lineForTextPosition(character - paragraph.position())
        x = line.cursorToX(character - paragraph.position())
        x = x[0] if isinstance(x, tuple) else x
        inside = QPointF(box.x() + x, box.y() + line.y() + line.height() / 2)
        return self.point(item, block, block.origin + inside, part)

    def click(self, point: QPoint, *, double: bool = False) -> None:
        act = QTest.mouseDClick if double else QTest.mouseClick
        act(self.view.viewport(), Qt.MouseButton.LeftButton, pos=point)

    def drag(self, start: QPoint, end: QPoint) -> None:
        port = self.view.viewport()
        QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
        for point in (start + (end - start) / 2, end):
            move = QMouseEvent(
                QMouseEvent.Type.MouseMove,
                QPointF(point),
                QPointF(port.mapToGlobal(point)),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
            QGuiApplication.sendEvent(port, move)
        QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)

    def hover(self, point: QPoint) -> None:
        port = self.view.viewport()
        move = QMouseEvent(
            QMouseEvent.Type.MouseMove,
            QPointF(point),
            QPointF(port.mapToGlobal(point)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QGuiApplication.sendEvent(port, move)

    def click_spot(self, item: int | str, name: str) -> None:
        """Click what is called `name` in one item."""
        for number in self.view._list.rows_of(ItemId(str(item))):
            row = self.row(item, number - self.view._list.rows_of(ItemId(str(item))).start)
            for block in row.blocks:
                for spot in block.spots():
                    if spot.name.startswith(name):
                        self.click(self.point(item, block, spot.rect.center()))
                        return
        raise AssertionError(f"no spot {name!r}")

    def spots(self, item: int | str) -> list[str]:
        return [spot.name for block in self.row(item).blocks for spot in block.spots()]

    def press(
        self,
        key: Qt.Key,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        QTest.keyClick(self.view, key, modifier)

    def copied(self) -> str:
        self.press(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        return QGuiApplication.clipboard().text()

    def scroll(self, value: int) -> None:
        self.view.verticalScrollBar().setValue(value)


@pytest.fixture
def make_hands(qtbot: QtBot) -> Iterator[Callable[..., Hands]]:
    views: list[Transcript] = []

    def make(theme: Theme = LIGHT, width: int = 900, height: int = 700) -> Hands:
        view = Transcript(theme)
        views.append(view)
        qtbot.addWidget(view)
        view.resize(width, height)
        with qtbot.waitExposed(view):
            view.show()
        view.setFocus()
        return Hands(view, qtbot)

    yield make
    for view in views:
        view.shutdown()


@pytest.fixture
def hands(make_hands: Callable[..., Hands]) -> Hands:
    return make_hands()
