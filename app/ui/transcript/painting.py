"""Paints the visible rows, with what the pointer, the keyboard, the search and the clipboard mark.

Main thread; called from the widget's paint event and nowhere else.
"""

from bisect import bisect_left

import msgspec
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from app.ui.theme import color
from app.ui.transcript.blocks import OUT_PX, Block, Marks
from app.ui.transcript.building import Means
from app.ui.transcript.clipboard import Clipboard
from app.ui.transcript.deeds import ShowLink
from app.ui.transcript.focus import Focus, block_of
from app.ui.transcript.pointer import Pointer
from app.ui.transcript.rowlist import RowList
from app.ui.transcript.rows import Row
from app.ui.transcript.search import Search
from app.ui.transcript.selection import Extent
from app.ui.transcript.surface import Surface


class Canvas(msgspec.Struct):
    rows: RowList
    surface: Surface
    pointer: Pointer
    search: Search
    clipboard: Clipboard
    means: Means
    focus: Focus | None = None

    def paint(self, painter: QPainter, clip: QRect) -> None:
        extent = self.surface.extent(self.pointer.selection)
        focused = self._focused()
        painter.setClipRect(clip)  # a document then draws no line outside it
        for index in self.rows.visible():
            row = self.rows.rows[index]
            corner = self.surface.row_corner(index)
            painter.save()
            painter.translate(corner)
            row.paint_bubble(painter, self.means)
            if self.focus and self.focus.item == row.key.item and self.focus.block is None:
                self._focus_bar(painter, row)
            top, bottom = clip.top() - corner.y(), clip.bottom() - corner.y()
            first = bisect_left(row.blocks, top - OUT_PX, key=_bottom)
            for number, block in enumerate(row.blocks[first:], first):
                if block.top > bottom + OUT_PX:
                    break
                painter.save()
                painter.translate(QPointF(block.left, block.top))
                block.paint(painter, self._marks(index, row, number, block, extent, focused))
                painter.restore()
            painter.restore()

    def _focus_bar(self, painter: QPainter, row: Row) -> None:
        px = self.means.look.theme.px
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(self.means.look.theme.colors.accent))
        bar = QRectF(-px(14), 0, px(3), max(px(20), row.height - px(18)))
        painter.drawRoundedRect(bar, 1.5, 1.5)

    def _focused(self) -> Block | None:
        """The block that has the keyboard as a whole."""
        focus = self.focus
        if focus is None or focus.deed is not None or focus.item not in self.rows:
            return None
        rows = (self.rows.rows[number] for number in self.rows.rows_of(focus.item))
        return block_of(list(rows), focus)

    def _marks(
        self,
        index: int,
        row: Row,
        number: int,
        block: Block,
        extent: Extent | None,
        focused: Block | None,
    ) -> Marks:
        selected = None
        if extent and block.document is not None:
            selected = extent.within(index, number, block.document.length)
        found, current = self.search.highlights(row, block)
        focus = self.focus
        mine = focus is not None and (focus.item, focus.part) == (row.key.item, row.key.part)
        inside = focus is not None and mine and focus.block == number
        if inside and focus and isinstance(focus.deed, ShowLink):
            selected = (focus.deed.start, focus.deed.end)
        return Marks(
            selected=selected,
            found=tuple(found),
            current=None if current is None else found[current],
            hot=self.pointer.hot,
            focused=focus.deed if focus and inside else None,
            done=self.clipboard.done,
            hovered_row=self.pointer.row == row.key.item or (focus is not None and mine),
            focused_block=focused is not None and block.is_part_of(focused),
        )


def _bottom(block: Block) -> float:
    return block.top + block.height
