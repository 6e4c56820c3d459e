"""The mouse over the transcript: hovering, clicking spots and links, selecting by dragging.

Main thread. A press starts a selection by character, word (double click) or paragraph (triple
click); a drag extends it in the same unit and scrolls when it leaves the viewport. A click is
only a click when nothing was selected by it.
"""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QTextCursor
from PySide6.QtWidgets import QApplication

from app.ui.transcript.deeds import Deed, Spot
from app.ui.transcript.items import ItemId
from app.ui.transcript.selection import Place, Selection
from app.ui.transcript.surface import Hit, Surface

_AUTOSCROLL_MS = 30
_WORD = QTextCursor.SelectionType.WordUnderCursor
_PARAGRAPH = QTextCursor.SelectionType.BlockUnderCursor


class Pointer(QObject):
    changed = Signal()  # something to paint again
    clicked = Signal(object)  # a `Spot`
    link_clicked = Signal(str, QPointF)
    link_hovered = Signal(str)
    scroll = Signal(int)  # by so many pixels

    def __init__(self, surface: Surface, height: Callable[[], int], parent: QObject) -> None:
        super().__init__(parent)
        self._surface = surface
        self._height = height
        self.selection: Selection | None = None
        self.hot: Deed | None = None
        self.row: ItemId | None = None
        self.cursor = Qt.CursorShape.ArrowCursor
        self._pressed_spot: Spot | None = None
        self._origin: tuple[Place, Place] | None = None
        self._unit: QTextCursor.SelectionType | None = None
        self._last = QPointF()
        self._since_double = QElapsedTimer()
        self._autoscroll = QTimer(self)
        self._autoscroll.setInterval(_AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._scroll_on)

    def reset(self) -> None:
        """Another conversation: nothing of the old one is under the pointer or selected."""
        self._autoscroll.stop()
        self._origin = self._pressed_spot = None
        self.selection = self.hot = self.row = None
        self.link_hovered.emit("")

    def press(self, event: QMouseEvent) -> None:
        point = event.position()
        hit = self._surface.hit(point)
        self._pressed_spot = hit.spot if hit else None
        if self._pressed_spot:
            return
        place = self._surface.place(point)
        if place is None:
            return
        if self._is_triple(point):
            self._begin(place, _PARAGRAPH)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self.selection:
            anchor = self.selection.anchor
            self._origin, self._unit = (anchor, anchor), None
            self._extend(place)
        else:
            self._begin(place, None)
        self._last = point

    def double(self, event: QMouseEvent) -> None:
        hit = self._surface.hit(event.position())
        if hit and hit.spot:
            self._pressed_spot = hit.spot
            return
        if place := self._surface.place(event.position()):
            self._begin(place, _WORD)
            self._since_double.start()
            self._last = event.position()

    def move(self, event: QMouseEvent) -> None:
        point = event.position()
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self.hover(point)
            return
        if self._origin is None:
            return
        self._last = point
        if place := self._surface.place(point):
            self._extend(place)
        if 0 <= point.y() <= self._height():
            self._autoscroll.stop()
        elif not self._autoscroll.isActive():
            self._autoscroll.start()

    def release(self, event: QMouseEvent) -> None:
        self._autoscroll.stop()
        hit = self._surface.hit(event.position())
        pressed, self._pressed_spot = self._pressed_spot, None
        was_drag, self._origin = self._origin, None
        if pressed:
            if hit and hit.spot and hit.spot.deed == pressed.deed:
                self.clicked.emit(pressed)
        elif was_drag and hit and self.selection and self.selection.empty and hit.link:
            self.link_clicked.emit(hit.link, event.position())

    def leave(self) -> None:
        self.hot = self.row = None
        self.link_hovered.emit("")
        self.changed.emit()

    def hover(self, point: QPointF) -> None:
        hit = self._surface.hit(point)
        spot = hit.spot if hit else None
        link = hit.link if hit else ""
        was = (self.hot, self.row)
        self.hot = spot.deed if spot else None
        self.row = hit.row.key.item if hit else None
        self.cursor = self._shape(hit, spot, link)
        self.link_hovered.emit(link)
        if was != (self.hot, self.row):
            self.changed.emit()

    def _shape(self, hit: Hit | None, spot: Spot | None, link: str) -> Qt.CursorShape:
        if spot or link:
            return Qt.CursorShape.PointingHandCursor
        inside = hit is not None and 0 <= hit.point.x() <= hit.target.width
        if inside and hit is not None and hit.target.document is not None:
            return Qt.CursorShape.IBeamCursor
        return Qt.CursorShape.ArrowCursor

    def _is_triple(self, point: QPointF) -> bool:
        near = (point - self._last).manhattanLength() < QApplication.startDragDistance()
        soon = (
            self._since_double.isValid()
            and self._since_double.elapsed() < QApplication.doubleClickInterval()
        )
        self._since_double.invalidate()
        return near and soon

    def _begin(self, place: Place, unit: QTextCursor.SelectionType | None) -> None:
        self._unit = unit
        self._origin = self._surface.around(place, unit) if unit is not None else (place, place)
        self.selection = Selection(*self._origin)
        self.changed.emit()

    def _extend(self, place: Place) -> None:
        """From the first unit to the one at `place`, whichever comes first."""
        assert self._origin is not None
        reached = (place, place) if self._unit is None else self._surface.around(place, self._unit)
        if self._surface.before(reached[0], self._origin[0]):
            self.selection = Selection(self._origin[1], reached[0])
        else:
            self.selection = Selection(self._origin[0], reached[1])
        self.changed.emit()

    def _scroll_on(self) -> None:
        y = self._last.y()
        beyond = y if y < 0 else y - self._height()
        self.scroll.emit(round(beyond / 2))
        inside = QPointF(self._last.x(), min(max(0.0, y), self._height() - 1.0))
        if self._origin and (place := self._surface.place(inside)):
            self._extend(place)
