"""The transcript widget: a virtual list of rows on a scroll area.

Main thread. Only rows near the viewport are built; the rest are estimates. The reader's place is
an anchor (or the bottom, while `following`), so nothing visible moves when rows above change.
Items go in as values, everything asked of others comes out of `requested`.
"""

import msgspec
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.ui.theme import READING_WIDTH, Theme, color
from app.ui.throttle import Throttle
from app.ui.transcript.blocks import Marks
from app.ui.transcript.building import Means
from app.ui.transcript.formats import Look
from app.ui.transcript.formulas import Typesetter
from app.ui.transcript.geometry import Anchor, Heights
from app.ui.transcript.items import Item, ItemId, MessageItem
from app.ui.transcript.rows import Row
from app.ui.transcript.selection import RowKey
from app.ui.transcript.streaming import Stream

REPAINT_INTERVAL_MS = 33
_KEPT_ROWS = 80  # built rows, beyond which distant ones are dropped
_REACH_PX = 400  # closer to the top than this, the next page is asked for
_MARGIN_PX = 24
_END_PX = 16


class Transcript(QAbstractScrollArea):
    requested = Signal(object)  # a `Request`
    reached_top = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._index: dict[ItemId, int] = {}
        self._heights = Heights()
        self._anchor = Anchor()
        self._following = True
        self._opened: dict[ItemId, set[str]] = {}
        self._stream: tuple[ItemId, Stream] | None = None
        self._syncing = False
        self._typesetter = Typesetter(self)
        self._typesetter.drawn.connect(self._rebuild_pending)
        self._repaint = Throttle(self._show_stream, REPAINT_INTERVAL_MS, self)
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._idle.timeout.connect(self._measure_one)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(280)
        self.setAccessibleName("Conversation")
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(True)
        self.verticalScrollBar().setSingleStep(48)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.set_theme(theme)

    # -- what it shows

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._means = Means(
            Look(theme),
            Look(theme, muted=True),
            self._typesetter,
            self.devicePixelRatioF(),
            lambda id: self._opened.setdefault(id, set()),
        )
        palette = self.palette()
        for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
            palette.setColor(role, color(theme.colors.window))
        self.setPalette(palette)
        for row in self._rows:
            row.drop()
        self._sync()

    def set_items(self, items: list[Item]) -> None:
        """Show another conversation, from its end."""
        self._stream = None
        self._rows = [Row(RowKey(item.id), item) for item in items]
        self._heights.reset([self._estimate(row) for row in self._rows])
        self._reindex()
        self._following, self._anchor = True, Anchor()
        self._sync()

    def prepend_items(self, items: list[Item]) -> None:
        """Put an older page above; what is visible stays where it is."""
        rows = [Row(RowKey(item.id), item) for item in items]
        self._rows[:0] = rows
        self._heights.insert(0, [self._estimate(row) for row in rows])
        self._anchor = Anchor(self._anchor.row + len(rows), self._anchor.offset)
        self._reindex()
        self._sync()

    def append_item(self, item: Item) -> None:
        self._refresh_last()
        self._rows.append(Row(RowKey(item.id), item))
        self._heights.insert(len(self._rows) - 1, [self._estimate(self._rows[-1])])
        self._reindex()
        self._sync()

    def update_item(self, item: Item) -> None:
        index = self._index[item.id]
        self._rows[index].item = item
        self._rows[index].drop()
        self._sync()

    def remove_item(self, id: ItemId) -> None:
        index = self._index[id]
        del self._rows[index]
        self._heights.remove(index)
        if self._anchor.row >= len(self._rows):
            self._anchor = Anchor(max(0, len(self._rows) - 1))
        elif self._anchor.row > index:
            self._anchor = Anchor(self._anchor.row - 1, self._anchor.offset)
        self._reindex()
        self._refresh_last()
        self._sync()

    # -- streaming

    def begin_stream(self, item: MessageItem) -> None:
        """Append an item whose text will grow; `append` adds to it, `finish` replaces it."""
        self.append_item(item)
        self._stream = (item.id, Stream(item.text))

    def append(self, text: str) -> None:
        assert self._stream is not None
        self._stream[1].feed(text)
        self._repaint.request()

    def finish(self, item: MessageItem) -> None:
        self._repaint.cancel()
        self._stream = None
        self.update_item(item)

    def _show_stream(self) -> None:
        if self._stream is None:
            return
        id, stream = self._stream
        row = self._rows[self._index[id]]
        assert isinstance(row.item, MessageItem)
        item = _with_text(row.item, stream.text)
        row.stream(item, stream.groups(), self._means)
        self._sync()

    # -- where the reader is

    def scroll_to(self, id: ItemId) -> None:
        """Bring an item to the top of the viewport."""
        self._following = False
        self._anchor = Anchor(self._index[id], -_MARGIN_PX / 2)
        self._sync()

    def scroll_to_end(self) -> None:
        self._following = True
        self._sync()

    @property
    def following(self) -> bool:
        """Whether the newest text is kept in view."""
        return self._following

    # -- the list

    def _reindex(self) -> None:
        self._index = {row.key.item: n for n, row in reversed(list(enumerate(self._rows)))}

    def _refresh_last(self) -> None:
        """The last message's footer shows more than the others'."""
        if self._rows:
            self._rows[-1].drop()

    def _estimate(self, row: Row) -> float:
        if not isinstance(row.item, MessageItem):
            return 48.0
        return 90 + len(row.item.text) * 0.33 * self._theme.scale

    def _column(self) -> float:
        room = self.viewport().width() - 2 * _MARGIN_PX
        return max(200.0, min(self._theme.px(READING_WIDTH), room))

    def _column_left(self) -> float:
        return round((self.viewport().width() - self._column()) / 2)

    def _top(self) -> float:
        """The list's y coordinate at the top of the viewport."""
        if not self._rows:
            return 0.0
        lowest = max(-float(_END_PX), self._heights.total + _END_PX - self.viewport().height())
        if self._following:
            return lowest
        return min(self._heights.y_of(self._anchor), lowest)

    def _visible(self, around: float = 0.0) -> range:
        return self._heights.span(self._top() - around, self.viewport().height() + 2 * around)

    def _measure(self, index: int) -> bool:
        """Make a row fit the column; True when its height is not what was thought."""
        row = self._rows[index]
        if not row.built:
            row.build(self._means, last=index == len(self._rows) - 1)
        if row.width != self._column():
            row.layout(self._column(), self._means)
        return self._heights.set(index, row.height)

    def _needs_measure(self, index: int) -> bool:
        return not self._rows[index].built or self._rows[index].width != self._column()

    def _sync(self) -> None:
        """Measure what is visible until nothing moves, then tell the scroll bar."""
        if self._syncing:
            return
        self._syncing = True
        while any([self._measure(n) for n in reversed(self._visible()) if self._needs_measure(n)]):
            pass
        self._forget_distant()
        self._update_scroll_bar()
        self._syncing = False
        self.viewport().update()
        self._idle.start()

    def _update_scroll_bar(self) -> None:
        bar = self.verticalScrollBar()
        blocked = bar.blockSignals(True)
        height = self.viewport().height()
        bar.setRange(0, max(0, round(self._heights.total + 2 * _END_PX - height)))
        bar.setPageStep(height)
        bar.setValue(round(self._top() + _END_PX))
        bar.blockSignals(blocked)

    def _measure_one(self) -> None:
        """When idle: one row per turn around the viewport, so scrolling meets no estimate."""
        for index in reversed(self._visible(self.viewport().height())):
            if self._needs_measure(index):
                self._measure(index)
                self._update_scroll_bar()
                self.viewport().update()
                return
        self._idle.stop()

    def _forget_distant(self) -> None:
        near = self._visible(3 * self.viewport().height())
        built = [n for n, row in enumerate(self._rows) if row.built]
        if len(built) > _KEPT_ROWS:
            for index in built:
                if index not in near and not self._streams(index):
                    self._rows[index].drop()

    def _streams(self, index: int) -> bool:
        return self._stream is not None and self._rows[index].key.item == self._stream[0]

    def _rebuild_pending(self) -> None:
        for index, row in enumerate(self._rows):
            if row.built and row.pending:
                row.drop()
                if self._streams(index):
                    self._repaint.request()
        self._sync()

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        self._following = value >= bar.maximum() - 2
        if self._rows:
            self._anchor = self._heights.anchor_at(value - _END_PX)
        self._sync()
        if value < _REACH_PX:
            self.reached_top.emit()

    # -- events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._sync()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._sync()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        clip = event.rect()
        top, left = self._top(), self._column_left()
        for index in self._visible():
            row = self._rows[index]
            corner = QPointF(left, round(self._heights.top(index) - top))
            painter.save()
            painter.translate(corner)
            row.paint_bubble(painter, self._means)
            for block in row.blocks:
                y = corner.y() + block.top
                if y > clip.bottom() or y + block.height < clip.top():
                    continue
                painter.save()
                painter.translate(block.left, block.top)
                block.paint(painter, Marks())
                painter.restore()
            painter.restore()
        painter.end()

    def shutdown(self) -> None:
        """Let the formula thread end; nothing is drawn after this."""
        self._typesetter.close()


def _with_text(item: MessageItem, text: str) -> MessageItem:
    return msgspec.structs.replace(item, text=text, status="streaming")
