"""The transcript as screen readers see it: a list with one item per message, spoken as text.

Main thread. Interfaces name messages by id and answer from the widget, so they never go stale;
`interface_cast` is not overridden, because PySide crashes converting its result. What streams in
is announced sentence by sentence.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleInterface,
    QAccessibleStateChangeEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui.transcript.building import spoken
from app.ui.transcript.keys import Keys
from app.ui.transcript.rowlist import RowList
from app.ui.transcript.surface import Surface

if TYPE_CHECKING:
    from app.ui.transcript.view import Transcript

_SENTENCE_END = re.compile(r"[.!?…:;。！？][\"')\]*_`]*\s|\n")


class Spoken:
    """The rows in words and places, for the interfaces below."""

    def __init__(self, rows: RowList, surface: Surface, keys: Keys, viewport: QWidget) -> None:
        self._list, self._surface, self._keys, self._viewport = rows, surface, keys, viewport

    def count(self) -> int:
        return len(self._list.rows)

    def text(self, number: int) -> str:
        row = self._list.rows[number]
        return row.text if row.key.part else spoken(row.item, row.text)

    def rect(self, number: int) -> QRect:
        rect = self._surface.row_rect(number).toRect()
        return QRect(self._viewport.mapToGlobal(rect.topLeft()), rect.size())

    def at(self, point: QPoint) -> int | None:
        seen = self._list.visible()
        return next((n for n in seen if self.rect(n).contains(point)), None)

    def focus(self) -> int | None:
        rows = self._keys.rows()
        return self._list.index_of(rows[0].key) if rows else None


class MessageInterface(QAccessibleInterface):
    """One message."""

    def __init__(self, host: "ListInterface", number: int) -> None:
        super().__init__()
        self._host = host
        self._number = number

    def isValid(self) -> bool:
        return self._host.isValid() and self._number < self._host.childCount()

    def object(self) -> QObject:
        return None  # pyright: ignore[reportReturnType]  # not a QObject: Qt allows null here

    def window(self) -> Any:
        return self._host.window()

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> Any:
        return None

    def childAt(self, x: int, y: int) -> Any:
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def parent(self) -> Any:
        return self._host

    def rect(self) -> QRect:
        return self._host.view.spoken.rect(self._number)

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.readOnly = True
        state.multiLine = True
        state.focusable = True
        state.focused = self._host.view.spoken.focus() == self._number
        state.offscreen = not self.rect().intersects(self._host.rect())
        return state

    def text(self, t: QAccessible.Text) -> str:
        if t == QAccessible.Text.Name and self.isValid():
            return self._host.view.spoken.text(self._number)
        return ""

    def setText(self, t: QAccessible.Text, text: str) -> None:
        pass


class ListInterface(QAccessibleInterface):
    """The conversation."""

    def __init__(self, view: "Transcript") -> None:
        super().__init__()
        self.view = view
        self._key = id(view)
        self._alive = True
        self._children: dict[int, MessageInterface] = {}

    def close(self) -> None:
        """The widget is going away; Qt may still ask."""
        self._alive = False
        _interfaces.pop(self._key, None)

    def isValid(self) -> bool:
        return self._alive

    def object(self) -> QObject:
        return self.view

    def window(self) -> Any:
        return self.view.window().windowHandle()

    def childCount(self) -> int:
        return self.view.spoken.count() if self._alive else 0

    def child(self, index: int) -> Any:
        if not 0 <= index < self.childCount():
            return None
        found = self._children.get(index)
        if found is None:
            found = self._children[index] = MessageInterface(self, index)
            QAccessible.registerAccessibleInterface(found)
        return found

    def childAt(self, x: int, y: int) -> Any:
        number = self.view.spoken.at(QPoint(x, y)) if self._alive else None
        return None if number is None else self.child(number)

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return next((n for n, known in self._children.items() if known is child), -1)

    def parent(self) -> Any:
        above = self.view.parentWidget()
        return QAccessible.queryAccessibleInterface(above) if above else None  # pyright: ignore

    def rect(self) -> QRect:
        return QRect(self.view.mapToGlobal(QPoint(0, 0)), self.view.size())

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.List

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.focusable = True
        state.focused = self.view.hasFocus()
        state.readOnly = True
        return state

    def text(self, t: QAccessible.Text) -> str:
        return self.view.accessibleName() if t == QAccessible.Text.Name else ""

    def setText(self, t: QAccessible.Text, text: str) -> None:
        pass


class Announcer:
    """Speaks a growing text, one finished sentence or line at a time."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._said = 0

    def begin(self, known: int) -> None:
        """So many characters were there before it began to grow."""
        self._said = known

    def grew(self, text: str) -> None:
        if not QAccessible.isActive():
            self._said = len(text)
            return
        ends = [match.end() for match in _SENTENCE_END.finditer(text, self._said)]
        if ends:
            self.say(text[self._said : ends[-1]])
            self._said = ends[-1]

    def finished(self, text: str) -> None:
        self.say(text[self._said :])
        self._said = len(text)

    def say(self, text: str) -> None:
        if text.strip() and QAccessible.isActive():
            QAccessible.updateAccessibility(
                QAccessibleAnnouncementEvent(self._widget, text.strip())
            )


def focus_moved(widget: QWidget, child: int) -> None:
    """Tell assistive tools which message has the keyboard."""
    if QAccessible.isActive():
        state = QAccessible.State()
        state.focused = True
        event = QAccessibleStateChangeEvent(widget, state)
        event.setChild(child)
        QAccessible.updateAccessibility(event)


_interfaces: dict[int, ListInterface] = {}  # Qt keeps no reference: Python must


@cache
def install(kind: "type[Transcript]") -> None:
    """Give every transcript made from now on its interface; once per process."""

    def factory(_key: str, thing: QObject | None) -> QAccessibleInterface | None:
        if not isinstance(thing, kind):
            return None
        known = _interfaces[id(thing)] = ListInterface(thing)
        thing.destroyed.connect(known.close)
        return known

    _factories.append(factory)
    QAccessible.installFactory(factory)


_factories: list[Any] = []
