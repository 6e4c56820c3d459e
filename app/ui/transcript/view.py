"""The transcript: the verbs that put messages into the list, and what is asked of others.

Main thread. Items go in as frozen values; what a reader asks for comes out of `requested`, unless
the transcript can do it itself (copying, opening and closing what is folded).
"""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPointF, Signal
from PySide6.QtWidgets import QWidget

from app.ui.theme import Theme
from app.ui.throttle import Throttle
from app.ui.transcript.accessible import install
from app.ui.transcript.deeds import CopyMessage, CopyText, Deed, ShowLink, ShowMenu, Toggle
from app.ui.transcript.items import Item, ItemId, MessageItem
from app.ui.transcript.rowview import RowView
from app.ui.transcript.streaming import Stream

REPAINT_INTERVAL_MS = 33


class Transcript(RowView):
    requested = Signal(object)  # a `Request`

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        install(Transcript)
        super().__init__(theme, parent)
        self._live: Live | None = None
        self._repaint = Throttle(self._show_stream, REPAINT_INTERVAL_MS, self)
        self.asked.connect(self._do)

    # -- what it shows

    def set_items(self, items: Sequence[Item]) -> None:
        """Show another conversation, from its end."""
        self._repaint.cancel()
        self._live = None
        self._opened.clear()
        self._pointer.reset()
        self._keys.focus = None
        self._list.reset(items, self._means)
        self._search.unmark()
        self._search.restart()
        self._sync()
        self._ask_for_more(items)

    def prepend_items(self, items: Sequence[Item]) -> None:
        """Put an older page above; what is visible stays where it is."""
        self._list.insert(0, items, self._means)
        self._search.resume()
        self._sync()
        self._ask_for_more(items)

    def _ask_for_more(self, items: Sequence[Item]) -> None:
        """A page that does not fill the viewport cannot be scrolled to ask for the next one."""
        if items and self._list.way == 0:
            self.reached_top.emit()

    def append_item(self, item: Item) -> None:
        self._list.insert(len(self._list.rows), [item], self._means)
        self._search.resume()
        self._sync()

    def insert_after(self, item_id: ItemId, item: Item) -> None:
        """Something stands between two messages now; what is visible stays where it is."""
        self._list.insert(self._list.rows_of(item_id).stop, [item], self._means)
        self._search.resume()
        self._sync()

    # -- what is there

    def item(self, item_id: ItemId) -> Item | None:
        if item_id not in self._list:
            return None
        return self._list.rows[self._list.rows_of(item_id).start].item

    @property
    def last_item(self) -> ItemId | None:
        return self._list.last_item

    def last_said(self) -> MessageItem | None:
        """What the reader said last."""
        items = (row.item for row in reversed(self._list.rows))
        return next((i for i in items if isinstance(i, MessageItem) and i.role == "user"), None)

    def message_above(self, item_id: ItemId) -> ItemId | None:
        above = self._list.rows[: self._list.rows_of(item_id).start]
        items = (row.item for row in reversed(above))
        return next((i.id for i in items if isinstance(i, MessageItem)), None)

    # -- what changes

    def update_item(self, item: Item) -> None:
        """Show this in place of the item with the same id."""
        if self._live and self._live.item.id == item.id and isinstance(item, MessageItem):
            self._live.item = item
            self._repaint.request()
            return
        for index in self._list.rows_of(item.id):
            self._search.forget(self._list.rows[index])
        self._list.replace(item, self._means)
        self._search.resume()
        self._sync()

    def remove_item(self, item_id: ItemId) -> None:
        if self._live and self._live.item.id == item_id:
            self._live = None
        self._pointer.reset()
        self._keys.focus = None
        self._list.remove(item_id)
        self._sync()

    # -- streaming

    def begin_stream(self, item: MessageItem) -> None:
        """This item's text grows from now on; it is appended, or continued where it is."""
        if item.id in self._list:
            self.update_item(item)
        else:
            self.append_item(item)
        self._live = Live(item, Stream(item.text), Stream(item.reasoning))
        self._announcer.begin(len(item.text))

    def append(self, text: str) -> None:
        if self._live:
            self._live.text.feed(text)
            self._repaint.request()

    def append_reasoning(self, text: str) -> None:
        if self._live:
            self._live.reasoning.feed(text)
            self._repaint.request()

    def show_now(self) -> None:
        """Without waiting for the next repaint."""
        self._repaint.flush()

    def finish(self, item: MessageItem) -> None:
        """The stream is over; `item` is what was kept of it."""
        self._repaint.cancel()
        self._live = None
        self._announcer.finished(item.text)
        self.update_item(item)

    def _show_stream(self) -> None:
        live = self._live
        if live is None:
            return
        before = self._list.top
        self._list.join(live.item.id)
        index = self._list.rows_of(live.item.id).start
        row = self._list.rows[index]
        row.stream(live.shown(), live.text.groups(), live.reasoning.groups(), self._means)
        self._announcer.grew(live.text.text)
        self._search.forget(row)
        if self._settle() <= {index}:
            self._paint_from(index, row.changed_from, before)
        else:
            self.viewport().update()

    def _paint_from(self, index: int, y: float, before: float) -> None:
        """Only this row changed, from `y` on: move the rest to where it is now."""
        port = self.viewport()
        moved = self._list.top - before
        if moved:
            covered = self._newest.isVisible() or self._address.isVisible()
            if covered or moved != int(moved) or abs(moved) >= port.height():
                port.update()
                return
            port.scroll(0, -int(moved))
        first = int(self._surface.row_corner(index).y() + y) - 2
        port.update(0, first, port.width(), max(0, port.height() - first))

    # -- what is asked of it

    def _do(self, deed: Deed) -> None:
        match deed:
            case CopyText() | CopyMessage():
                self._clipboard.copy(deed)
                self._announcer.say("Copied")
            case Toggle():
                self._opened.setdefault(deed.id, set()).symmetric_difference_update({deed.what})
                self._reopen(deed.id)
            case ShowLink():
                self._show_link(deed.url, self._focus_point())
            case ShowMenu():
                rect = self._surface.row_rect(self._list.rows_of(deed.id).stop - 1)
                self._open_menu(QPointF(rect.center().x(), rect.bottom() - 24))
            case _:
                self.requested.emit(deed)

    def _reopen(self, item_id: ItemId) -> None:
        """Something of this item was opened or closed: build it again where it is."""
        self._list.following = False
        self._list.move_to(self._list.top)
        row = self._list.rows[self._list.rows_of(item_id).start]
        if self._live and self._live.item.id == item_id:
            row.drop()
            self._show_stream()
        else:
            self.update_item(row.item)


class Live(msgspec.Struct):
    """A reply that is still being written."""

    item: MessageItem
    text: Stream
    reasoning: Stream

    def shown(self) -> MessageItem:
        item = self.item
        words = self.text.text
        thinking = self.reasoning.text
        status = "streaming" if (words or thinking) else item.status
        return msgspec.structs.replace(item, text=words, reasoning=thinking, status=status)
