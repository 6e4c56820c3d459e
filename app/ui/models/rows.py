"""A list of two-line rows with marks, painted: models, results and quantizations alike.

Main thread. Rows are frozen values; the list holds no more than them, so a thousand results cost
no widgets. What is painted is also said to screen readers.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.ui.controls import plain_tip
from app.ui.theme import SMALL, Theme, color

Index = QModelIndex | QPersistentModelIndex
Tone = Literal["quiet", "good", "busy", "bad", "accent"]
ROW = Qt.ItemDataRole.UserRole
_NEAR_END = 6  # rows


class Mark(msgspec.Struct, frozen=True):
    text: str
    tone: Tone = "quiet"


class Row(msgspec.Struct, frozen=True):
    key: str
    title: str
    detail: str = ""
    marks: tuple[Mark, ...] = ()
    tip: str = ""
    heading: bool = False  # names what follows; cannot be chosen

    @property
    def spoken(self) -> str:
        words = (self.title, self.detail, *(mark.text for mark in self.marks))
        return ", ".join(word for word in words if word)


class RowModel(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def show(self, rows: Sequence[Row]) -> None:
        new = tuple(rows)
        if [row.key for row in new] == [row.key for row in self.rows]:
            self.rows = new  # what is chosen stays chosen
            if new:
                self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
            return
        self.beginResetModel()
        self.rows = new
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.spoken
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(row.tip) or None
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return row.tip or None
            case _ if role == ROW:
                return row
            case _:
                return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.rows[index.row()].heading:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class RowList(QListView):
    chosen = Signal(object)  # a `Row`, as the keyboard or the mouse goes over it
    opened = Signal(object)  # a `Row`: Return, or a double click
    near_end = Signal()

    def __init__(self, label: str, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rows")
        self.setAccessibleName(label)
        self.rows = RowModel(self)
        self._painter = _RowPainter(self, theme)
        self.setModel(self.rows)
        self.setItemDelegate(self._painter)
        self.setUniformItemSizes(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._open)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def set_theme(self, theme: Theme) -> None:
        self._painter.set_theme(theme)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """What was chosen stays chosen, if it is still there."""
        chosen = self.key
        self.rows.show(rows)
        if chosen and self.key != chosen:
            self.choose(chosen)

    @property
    def key(self) -> str:
        """Of the chosen row; empty when there is none."""
        index = self.currentIndex()
        return self.rows.rows[index.row()].key if index.isValid() else ""

    def choose(self, key: str) -> None:
        for at, row in enumerate(self.rows.rows):
            if row.key == key and not row.heading:
                self.setCurrentIndex(self.rows.index(at))
                return

    def choose_first(self) -> None:
        first = next((row.key for row in self.rows.rows if not row.heading), "")
        if first:
            self.choose(first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, e: QResizeEvent) -> None:
        super().resizeEvent(e)
        self.scheduleDelayedItemsLayout()

    def _current_changed(self, now: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.rows.rows[now.row()])

    def _open(self, index: Index) -> None:
        row = self.rows.rows[index.row()]
        if not row.heading:
            self.opened.emit(row)

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if bar.maximum() - value < self.sizeHintForRow(0) * _NEAR_END:
            self.near_end.emit()


class _RowPainter(QStyledItemDelegate):
    def __init__(self, owner: RowList, theme: Theme) -> None:
        super().__init__(owner)
        self._theme = theme

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: Row = index.data(ROW)
        px = self._theme.px
        height = px(34) if row.heading or not row.detail else px(50)
        return QSize(int(px(120)), round(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        px, colors = self._theme.px, self._theme.colors
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect).adjusted(px(2), 1, -px(2), -1)  # pyright: ignore
        if row.heading:
            box = area.adjusted(px(8), px(8), 0, 0)
            self._text(painter, box, row.title, colors.muted, SMALL, bold=True)
        else:
            self._surface(painter, area, option)
            self._row(painter, area.adjusted(px(10), px(6), -px(10), -px(6)), row)
        painter.restore()

    def _surface(self, painter: QPainter, area: QRectF, option: QStyleOptionViewItem) -> None:
        colors = self._theme.colors
        state: QStyle.StateFlag = option.state  # pyright: ignore
        radius = self._theme.px(7)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(color(colors.accent_soft if chosen else colors.hover))
            painter.drawRoundedRect(area, radius, radius)
        if chosen and state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(color(colors.accent))
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _row(self, painter: QPainter, area: QRectF, row: Row) -> None:
        colors, px = self._theme.colors, self._theme.px
        top = QRectF(area)
        if row.detail:
            top.setHeight(area.height() * 0.54)
            below = area.adjusted(0, area.height() * 0.54, 0, 0)
            self._text(painter, below, row.detail, colors.muted, SMALL)
        for mark in reversed(row.marks):
            top.setRight(self._mark(painter, top, mark) - px(6))
        self._text(painter, top, row.title, colors.text, 1.0)

    def _mark(self, painter: QPainter, area: QRectF, mark: Mark) -> float:
        """At the right end; its left edge comes back."""
        colors, px = self._theme.colors, self._theme.px
        ink, fill = {
            "quiet": (colors.muted, colors.hover),
            "good": (colors.ready, colors.hover),
            "busy": (colors.busy, colors.hover),
            "bad": (colors.danger, colors.danger_soft),
            "accent": (colors.on_accent, colors.accent),
        }[mark.tone]
        font = self._theme.font(SMALL * 0.95)
        width = QFontMetricsF(font).horizontalAdvance(mark.text) + px(14)
        height = px(19)
        box = QRectF(area.right() - width, area.center().y() - height / 2, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(fill))
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.setFont(font)
        painter.setPen(color(ink))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), mark.text)
        return box.left()

    def _text(
        self,
        painter: QPainter,
        area: QRectF,
        text: str,
        tone: str,
        size: float,
        *,
        bold: bool = False,
    ) -> None:
        font = self._theme.font(size, bold=bold)
        painter.setFont(font)
        painter.setPen(color(tone))
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        place = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, int(place), shown)
