"""What the keys do in the transcript, and where the keyboard is.

Main thread. Alt+Up and Alt+Down step through messages, Alt+Left and Alt+Right through what a
message offers; Return does it. The arrow keys alone keep scrolling, Tab leaves the transcript.
"""

from itertools import dropwhile
from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from app.ui.transcript.cards import CodeCard
from app.ui.transcript.copying import written_out
from app.ui.transcript.deeds import CopyMessage, CopyText, Deed
from app.ui.transcript.focus import Focus, block_of, stepped
from app.ui.transcript.items import ItemId, MessageItem, OpenSegment
from app.ui.transcript.leaves import Capped, Code, Leaf, Table
from app.ui.transcript.pieces import in_whole
from app.ui.transcript.rowlist import RowList
from app.ui.transcript.rows import Row
from app.ui.transcript.selection import Place, Selection
from app.ui.transcript.surface import Surface

Answer = Literal["copy", "all", "clear", "menu", "moved", "home", "end"]
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_ALONG = (Qt.Key.Key_Left, Qt.Key.Key_Right)


class Keys:
    def __init__(self, rows: RowList, surface: Surface) -> None:
        self._list = rows
        self._surface = surface
        self.focus: Focus | None = None

    def press(self, event: QKeyEvent, selection: Selection | None) -> Answer | Deed | None:
        """What to do, or None for a key that means nothing special here."""
        if event.matches(QKeySequence.StandardKey.Copy):
            selected = self._surface.extent(selection) is not None
            return "copy" if selected or self.focus is None else self._copied()
        if event.matches(QKeySequence.StandardKey.SelectAll):
            return "all"
        key = Qt.Key(event.key())
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and key in _STEPS:
            return self._step(_STEPS[key], along=key in _ALONG)
        match key:
            case Qt.Key.Key_Escape if self.focus or selection:
                return "clear"
            case Qt.Key.Key_Menu:
                return "menu"
            case Qt.Key.Key_F10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                return "menu"
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if self.focus:
                return self._activated()
            case Qt.Key.Key_Home:
                return "home"
            case Qt.Key.Key_End:
                return "end"
            case _:
                return None

    def rows(self) -> list[Row]:
        """The focused item's rows, as far as it still exists."""
        if self.focus is None or self.focus.item not in self._list:
            return []
        return [self._list.rows[n] for n in self._list.rows_of(self.focus.item)]

    def everything(self) -> Selection | None:
        if not self._list.rows:
            return None
        first, last = self._list.rows[0].key, self._list.rows[-1].key
        return Selection(Place(first, 0, 0), Place(last, 1_000_000, 0))

    def point(self) -> QPointF:
        """Where a menu for the focused message belongs."""
        rows = self.rows()
        seen = self._list.visible()
        if not rows and seen:
            self.focus = Focus(self._list.rows[seen[-1]].key.item)
            rows = self.rows()
        if not rows:
            return QPointF()
        rect = self._surface.row_rect(self._list.rows_of(rows[0].key.item).start)
        return QPointF(rect.left() + 24, max(8.0, rect.top() + 24))

    def _step(self, step: int, *, along: bool) -> Answer | None:
        items = list(dict.fromkeys(row.key.item for row in self._list.rows))
        if not items:
            return None
        if self.focus is None or self.focus.item not in self._list:
            self.focus = Focus(self._nearest())
        elif along:
            self.focus = stepped(self.rows(), self.focus, step)
        else:
            at = items.index(self.focus.item) + step
            self.focus = Focus(items[max(0, min(len(items) - 1, at))])
        return "moved"

    def _nearest(self) -> ItemId:
        """The last message whose beginning is on the screen."""
        seen = self._list.visible()
        starts = [n for n in seen if self._surface.row_corner(n).y() >= 0]
        return self._list.rows[starts[-1] if starts else seen[0]].key.item

    def _activated(self) -> Answer | Deed:
        assert self.focus is not None
        if self.focus.deed is not None:
            return self.focus.deed
        block = block_of(self.rows(), self.focus)
        if isinstance(block, CodeCard):
            return self._copied()
        item = self._list.rows[self._list.rows_of(self.focus.item).start].item
        return "menu" if isinstance(item, MessageItem) else OpenSegment(item.id)

    def _copied(self) -> Deed:
        """Copying without a selection copies what has the keyboard."""
        assert self.focus is not None
        block = block_of(self.rows(), self.focus)
        if block is None or not block.leaves:
            return CopyMessage(self.focus.item, "markdown")
        leaf = block.leaves[0]
        if isinstance(leaf, Code):
            return CopyText(leaf.code)
        if isinstance(leaf, Table) and leaf.goes_on:
            return CopyText(written_out(self._whole(leaf), "text"))
        return CopyText(written_out(block.leaves, "text"))

    def _whole(self, first: Table) -> list[Leaf]:
        """The table that this begins, with the rows that are in other blocks."""
        leaves = (leaf for row in self.rows() for leaf in row.leaves())
        found: list[Leaf] = []
        for leaf in dropwhile(lambda leaf: leaf is not first, leaves):
            if not isinstance(leaf, (Table, Capped)):
                break
            found.append(leaf)
            if isinstance(leaf, Table) and not leaf.goes_on:
                break
        return in_whole(found)
