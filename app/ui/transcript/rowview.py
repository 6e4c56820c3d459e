"""A conversation's rows on a scroll area: seeing, scrolling, selecting, finding, keyboard, mouse.

Main thread. Only rows near the viewport exist as documents, and nothing the reader sees moves
when something above it changes. What a click or a key asks for comes out of `asked`.
"""

from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.ui.theme import Theme, color
from app.ui.transcript.accessible import Announcer, Spoken, focus_moved
from app.ui.transcript.blocks import Block, range_rects
from app.ui.transcript.building import Means
from app.ui.transcript.clipboard import Clipboard
from app.ui.transcript.deeds import CopyText, Spot
from app.ui.transcript.errands import Errands
from app.ui.transcript.finding import Match, Places
from app.ui.transcript.focus import block_of
from app.ui.transcript.formats import Look
from app.ui.transcript.formulas import Typesetter
from app.ui.transcript.items import ItemId, OpenLink
from app.ui.transcript.keys import Keys
from app.ui.transcript.lexing import Lexers
from app.ui.transcript.menu import entries, message_menu
from app.ui.transcript.overlays import HoveredAddress, LinkCard, NewestButton
from app.ui.transcript.painting import Canvas
from app.ui.transcript.pointer import Pointer
from app.ui.transcript.rowlist import END_PX, RowList
from app.ui.transcript.rows import Row
from app.ui.transcript.search import Search
from app.ui.transcript.surface import Surface
from app.ui.transcript.tables import Tables

_NEAR_TOP_PX = 400  # closer to the top than this, the next page is asked for
_MARGIN_PX = 24
_AWAY_PX = 120  # further from the end than this, "newest" is offered
_LET_GO = 4  # blocks at a time: to end a document takes a fifth of a millisecond


class RowView(QAbstractScrollArea):
    asked = Signal(object)  # a `Deed`
    reached_top = Signal()  # or searched through: the page before is wanted
    found = Signal(int, int)  # the current match from one, and how many there are

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = RowList()
        self._opened: dict[ItemId, set[str]] = {}
        self._syncing = False
        self._surface = Surface(self._list)
        self._errands = Errands(self)
        self._typesetter = Typesetter(self._errands)
        self._lexers = Lexers(self._errands)
        self._pointer = Pointer(self._surface, self.viewport().height, self)
        self._search = Search(self._list, self)
        self._clipboard = Clipboard(self._list, self._built, self)
        self._keys = Keys(self._list, self._surface)
        self._announcer = Announcer(self)
        self.spoken = Spoken(self._list, self._surface, self._keys, self.viewport())
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._newest = NewestButton(self.viewport())
        self._address = HoveredAddress(self.viewport())
        self._set_up_widget()
        self._connect()
        self.set_theme(theme)

    def _set_up_widget(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(280)
        self.setAccessibleName("Conversation")
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(True)
        self.verticalScrollBar().setSingleStep(48)

    def _connect(self) -> None:
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._errands.done.connect(self._errands_done)
        self._idle.timeout.connect(self._measure_one)
        self._newest.clicked.connect(self.scroll_to_end)
        for part in (self._pointer, self._search, self._clipboard):
            part.changed.connect(self._paint_again)
        self._pointer.clicked.connect(self._clicked)
        self._pointer.link_clicked.connect(self._show_link)
        self._pointer.link_hovered.connect(self._address.show_address)
        self._pointer.scroll.connect(self._scroll_by)
        self._search.counted.connect(self.found)
        self._search.reached.connect(self._show_match)
        self._search.looked_through.connect(self.reached_top)  # older pages are searched, too

    def set_theme(self, theme: Theme) -> None:
        self._means = Means(
            Look(theme),
            Look(theme, muted=True),
            self._typesetter,
            self._lexers,
            Tables(),
            self.devicePixelRatioF(),
            lambda item: self._opened.setdefault(item, set()),
        )
        self._canvas = Canvas(
            self._list, self._surface, self._pointer, self._search, self._clipboard, self._means
        )
        palette = self.palette()
        for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
            palette.setColor(role, color(theme.colors.window))
        self.setPalette(palette)
        self.verticalScrollBar().setStyleSheet(_scroll_bar_style(theme))
        self._newest.set_theme(theme)
        self._address.set_theme(theme)
        for row in self._list.rows:
            row.drop()
        self._sync()

    # -- where the reader is

    def scroll_to(self, item_id: ItemId, part: int = 0, below: float = 0.0) -> None:
        """Bring an item, or what is so far below the top of one of its parts, to the top."""
        rows = self._list.rows_of(item_id)
        self._list.hold(min(rows.start + part, rows.stop - 1), below - END_PX)
        self._sync()

    def scroll_to_end(self) -> None:
        self._list.following = True
        self._sync()

    @property
    def following(self) -> bool:
        """Whether the newest text is kept in view."""
        return self._list.following

    @property
    def top_item(self) -> ItemId | None:
        """The item at the top of the viewport, to come back to."""
        rows = self._list.rows
        return rows[self._list.first_read].key.item if rows else None

    @property
    def top_place(self) -> tuple[int, float]:
        """The part of that item, and how far below its top the viewport starts."""
        anchor = self._list.anchor
        part = self._list.rows[anchor.row].key.part if self._list.rows else 0
        return part, anchor.offset + END_PX

    # -- finding and copying

    def find_text(self, text: str) -> None:
        """Highlight every occurrence and go to the nearest; nothing ends the search."""
        self._search.start(text)

    def find_next(self) -> None:
        self._search.step(1)

    def find_previous(self) -> None:
        self._search.step(-1)

    def mark_words(self, item_id: ItemId, places: Places) -> None:
        """Highlight in one message what led to it, until the reader turns to something else."""
        match = self._search.mark(item_id, places)
        if match is not None:
            self._show_match(match, unless_seen=True)

    def unmark_words(self) -> None:
        self._search.unmark()

    def selected_text(self, form: Literal["text", "markdown"] = "text") -> str:
        extent = self._surface.extent(self._pointer.selection)
        return self._clipboard.selected(extent, form) if extent else ""

    def shutdown(self) -> None:
        """Let the thread for errands end; no formula is drawn after this."""
        self._errands.close()

    # -- links, matches and menus

    def _clicked(self, spot: Spot) -> None:
        self.asked.emit(spot.deed)

    def _show_link(self, url: str, point: QPointF) -> None:
        card = LinkCard(self._means.look.theme, url, self.viewport())
        card.opened.connect(self._open_link)
        card.copied.connect(self._copy_text)
        card.show_at(point.toPoint())

    def _focus_point(self) -> QPointF:
        """Where the block that has the keyboard is on the viewport."""
        focus, rows = self._keys.focus, self._keys.rows()
        block = block_of(rows, focus) if focus else None
        if focus is None or block is None:
            return QPointF()
        index = self._list.rows_of(focus.item).start + focus.part
        return self._surface.row_corner(index) + QPointF(block.left, block.top)

    def _open_link(self, url: str) -> None:
        self.asked.emit(OpenLink(url))

    def _copy_text(self, text: str) -> None:
        self.asked.emit(CopyText(text))

    def _show_match(self, match: Match, *, unless_seen: bool = False) -> None:
        index = self._list.index_of(match.row)
        if index is None:
            return
        self._list.measure(index, self._means)
        texts = self._list.rows[index].text_blocks()
        if match.block < len(texts):
            block = texts[match.block]
            y, height = block.top + self._reveal(block, match.ordinal), self.viewport().height()
            if unless_seen and 0 <= self._surface.row_corner(index).y() + y < height - _MARGIN_PX:
                return
            self._list.hold(index, y - height / 3)
            self._sync()

    def _reveal(self, block: Block, ordinal: int) -> float:
        """How far down its block a match is; a wide block is scrolled sideways to it."""
        ranges = self._search.ranges(block)
        if block.document is None or ordinal >= len(ranges):
            return 0.0  # in what a long listing has not shown yet
        box = next(range_rects(block.document, *ranges[ordinal]), QRectF())
        left, right = box.left() + block.origin.x(), box.right() + block.origin.x()
        if left < 0 or right > block.width:
            moved = block.scrolled + left - block.width / 3
            block.scrolled = max(0.0, min(block.overflow, moved))
        return block.origin.y() + box.top()

    def _open_menu(self, point: QPointF) -> None:
        hit = self._surface.hit(point)
        if hit is None:
            return
        item = hit.row.item
        found = entries(item, last=item.id == self._list.last_item, link=hit.link)
        extent = self._surface.extent(self._pointer.selection)
        copy = (lambda: self._clipboard.copy_selection(extent)) if extent else None
        menu = message_menu(self, found, self.asked.emit, copy)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(point.toPoint()))

    # -- keeping up

    def _errands_done(self) -> None:
        seen = self._list.visible()
        for number, row in enumerate(self._list.rows):
            if not row.built or not row.pending:
                continue
            if number in seen or row.streaming:
                row.redraw_pending(self._means)
            else:
                row.drop()  # built again when there is nothing else to do
        self._sync()

    def _scroll_by(self, pixels: int) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + pixels)

    def _paint_again(self) -> None:
        self.viewport().setCursor(self._pointer.cursor)
        self.viewport().update()

    def _column(self) -> float:
        room = self.viewport().width() - 2 * _MARGIN_PX
        return float(max(200, min(round(self._means.look.theme.column), room)))

    def _sync(self) -> None:
        """Measure what is visible, tell the scroll bar, paint."""
        self._settle()
        self.viewport().update()

    def _settle(self) -> set[int]:
        """The rows that were measured: all others look as they did."""
        if self._syncing:
            return set()
        self._syncing = True
        self._list.resize(self._column(), QSizeF(self.viewport().size()))
        measured = self._list.settle(self._means)
        self._update_scroll_bar()
        self._syncing = False
        self._idle.start()
        return measured

    def _update_scroll_bar(self) -> None:
        bar = self.verticalScrollBar()
        blocked = bar.blockSignals(True)
        bar.setRange(0, self._list.way)
        bar.setPageStep(self.viewport().height())
        bar.setValue(round(self._list.top) + END_PX)
        bar.blockSignals(blocked)
        self._newest.setVisible(bar.maximum() - bar.value() > _AWAY_PX)

    def _built(self, index: int) -> Row:
        self._list.measure(index, self._means)
        return self._list.rows[index]

    def _measure_one(self) -> None:
        """When idle: one row per turn around the viewport, so scrolling meets no estimate."""
        stale = self._list.next_stale()
        if stale is None and self._list.gone:
            del self._list.gone[-_LET_GO:]
        elif stale is None:
            self._idle.stop()
        elif self._list.measure(stale, self._means):
            self._update_scroll_bar()

    def _scrolled(self, value: int) -> None:
        self._list.move_to(value - END_PX)
        self._list.following = value >= self.verticalScrollBar().maximum() - 2
        self._sync()
        if value < _NEAR_TOP_PX:
            self.reached_top.emit()

    # -- events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._newest.place()
        self._sync()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.set_theme(self._means.look.theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._canvas.focus = self._keys.focus if self.hasFocus() else None
        self._canvas.paint(painter, event.rect())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.unmark_words()
            self._keys.focus = None
            self._pointer.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pointer.double(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)
        self.viewport().setCursor(self._pointer.cursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pointer.release(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer.leave()

    def wheelEvent(self, event: QWheelEvent) -> None:
        across = event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            across = across or event.angleDelta().y()
        hit = self._surface.hit(event.position())
        if across and hit and hit.target.overflow:
            moved = hit.target.scrolled - across / 2
            hit.target.scrolled = max(0.0, min(hit.target.overflow, moved))
            self.viewport().update()
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.unmark_words()
        answer = self._keys.press(event, self._pointer.selection)
        match answer:
            case None:
                super().keyPressEvent(event)
            case "copy":
                extent = self._surface.extent(self._pointer.selection)
                if extent:
                    self._clipboard.copy_selection(extent)
                    self._announcer.say("Copied")
            case "all":
                self._pointer.selection = self._keys.everything()
            case "clear":
                self._pointer.selection, self._keys.focus = None, None
            case "menu":
                self._open_menu(self._keys.point())
            case "moved":
                self._follow_focus()
            case "home":
                self.verticalScrollBar().setValue(0)
            case "end":
                self.scroll_to_end()
            case _:
                self.asked.emit(answer)
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self._open_menu(QPointF(event.pos()))
        event.accept()

    def _follow_focus(self) -> None:
        """Bring what has the keyboard into view."""
        focus, rows = self._keys.focus, self._keys.rows()
        if focus is None or not rows:
            return
        index = self._list.rows_of(focus.item).start + focus.part
        self._list.measure(index, self._means)
        block = block_of(rows, focus)
        rect = self._surface.row_rect(index)
        if block is not None:
            rect = block.rect.translated(rect.topLeft())
        if rect.top() < 0 or rect.bottom() > self.viewport().height():
            inside = block.top if block else 0.0
            self._list.hold(index, inside - self.viewport().height() / 4)
            self._sync()
        focus_moved(self, index)


def _scroll_bar_style(theme: Theme) -> str:
    return f"""
        QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; border: none; }}
        QScrollBar::handle:vertical {{
            background: {theme.colors.border}; border-radius: 3px; min-height: 36px; margin: 3px;
        }}
        QScrollBar::handle:vertical:hover {{ background: {theme.colors.faint}; }}
        QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
        QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """
