"""Paints the rows of the sidebar: headings, folders, chats with their marks, search hits.

Main thread. Takes everything from the row value and the theme; rows of one kind have one height.
"""

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.storage.snippets import Mark
from app.ui.sidebar.model import ROW, ChatModel
from app.ui.sidebar.rows import ChatRow, FolderRow, Heading, HitRow, Remark, Row
from app.ui.theme import SMALL, Theme, color, paint_icon

Index = QModelIndex | QPersistentModelIndex


class RowDelegate(QStyledItemDelegate):
    def __init__(self, model: ChatModel, theme: Theme) -> None:
        super().__init__(model)
        self._model = model
        self._theme = theme
        self._room = 0.0  # the width of the list
        self.shown: object = None  # the conversation on screen

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def set_room(self, width: float) -> None:
        """A snippet takes two lines only where it needs them."""
        self._room = width

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        px = self._theme.px
        match index.data(ROW):
            case HitRow(message=message, text=text) if message is not None:
                height = px(18) * self._lines(text) + px(8)
            case _:
                height = px(33)
        return QSize(int(px(120)), round(height))

    def _lines(self, text: str) -> int:
        room = self._room or self._theme.px(200)
        metrics = QFontMetricsF(self._theme.font(SMALL))
        return 1 if metrics.horizontalAdvance(text[:200]) < room - self._theme.px(44) else 2

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(_rect(option)).adjusted(self._theme.px(8), 1, -self._theme.px(8), -1)
        match row:
            case Heading(label=label):
                self._heading(painter, area, label)
            case FolderRow():
                self._surface(painter, area, option, chosen=False)
                self._folder(painter, area, row)
            case ChatRow():
                self._surface(painter, area, option, chosen=row.chat.id == self.shown)
                self._chat(painter, area, row)
            case HitRow():
                self._surface(painter, area, option, chosen=False)
                self._hit(painter, area, row)
            case Remark(text=text, depth=depth):
                area.adjust(self._indent(depth), 0, 0, 0)
                self._text(painter, area, text, self._theme.colors.muted, SMALL)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setAccessibleName("Name")
        editor.setMaxLength(200)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Qt asks for it whenever the row changes; what is being typed stays."""
        if isinstance(editor, QLineEdit):
            title = str(index.data(Qt.ItemDataRole.EditRole))
            if not editor.isModified() and editor.text() != title:
                editor.setText(title)

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        px = self._theme.px
        editor.setGeometry(_rect(option).adjusted(round(px(10)), 2, -round(px(10)), -2))

    # -- parts

    def _surface(
        self, painter: QPainter, area: QRectF, option: QStyleOptionViewItem, *, chosen: bool
    ) -> None:
        colors, state = self._theme.colors, _state(option)
        radius = self._theme.px(7)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(color(colors.pressed if chosen else colors.hover))
            painter.drawRoundedRect(area, radius, radius)
        focused = QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_KeyboardFocusChange
        if state & QStyle.StateFlag.State_HasFocus and state & focused == focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(color(colors.accent))
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _heading(self, painter: QPainter, area: QRectF, label: str) -> None:
        px = self._theme.px
        box = area.adjusted(px(8), px(10), 0, 0)
        self._text(painter, box, label, self._theme.colors.muted, SMALL * 0.95, bold=True)

    def _folder(self, painter: QPainter, area: QRectF, row: FolderRow) -> None:
        px, colors = self._theme.px, self._theme.colors
        left = area.left() + self._indent(row.depth) + px(6)
        side = px(16)
        top = area.center().y() - side / 2
        name = "folder-open" if row.open else "folder"
        paint_icon(painter, name, colors.muted, QRectF(left, top, side, side))
        box = area.adjusted(left - area.left() + side + px(7), 0, -px(26), 0)
        self._text(painter, box, row.folder.name, colors.text, 1.0)
        turn = "chevron-down" if row.open else "chevron-right"
        small = px(13)
        where = QRectF(area.right() - px(20), area.center().y() - small / 2, small, small)
        paint_icon(painter, turn, colors.muted, where)

    def _chat(self, painter: QPainter, area: QRectF, row: ChatRow) -> None:
        px, colors = self._theme.px, self._theme.colors
        mark = self._model.mark(row.chat.id)
        box = area.adjusted(self._indent(row.depth) + px(8), 0, -px(8), 0)
        if mark:
            box.setRight(box.right() - px(14))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(colors.busy if mark == "streaming" else colors.accent))
            painter.drawEllipse(QPointF(area.right() - px(12), area.center().y()), px(3.5), px(3.5))
        title = row.chat.title or "New chat"
        self._text(painter, box, title, colors.text, 1.0, bold=mark == "unread")

    def _hit(self, painter: QPainter, area: QRectF, row: HitRow) -> None:
        px, colors = self._theme.px, self._theme.colors
        if row.message is None:
            box = area.adjusted(px(8), 0, -px(8), 0)
            if row.detail:
                font = self._theme.font(SMALL)
                width = QFontMetricsF(font).horizontalAdvance(row.detail) + px(8)
                where = QRectF(box.right() - width + px(8), box.top(), width, box.height())
                self._text(painter, where, row.detail, colors.muted, SMALL)
                box.setRight(box.right() - width)
            self._marked(painter, box, row, self._theme.font(bold=True), colors.text, 1)
        else:
            if row.meant:
                mark = area.adjusted(px(6), px(3), 0, 0)
                mark.setHeight(px(14))
                self._text(painter, mark, "≈", colors.muted, SMALL)
            box = area.adjusted(px(18), px(3), -px(8), 0)
            self._marked(painter, box, row, self._theme.font(SMALL), colors.muted, 2)

    def _indent(self, depth: int) -> float:
        return self._theme.px(15) * min(depth, 6)

    def _text(
        self,
        painter: QPainter,
        box: QRectF,
        text: str,
        tone: str,
        ratio: float,
        *,
        bold: bool = False,
    ) -> None:
        font = self._theme.font(ratio, bold=bold)
        painter.setFont(font)
        painter.setPen(color(tone))
        line = " ".join(text[:400].split())
        shown = QFontMetricsF(font).elidedText(line, Qt.TextElideMode.ElideRight, box.width())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.save()
        painter.setClipRect(box)  # stacked marks would reach into the rows around
        painter.drawText(box, int(flags | Qt.TextFlag.TextSingleLine), shown)
        painter.restore()

    def _marked(
        self, painter: QPainter, box: QRectF, row: HitRow, font: QFont, tone: str, lines: int
    ) -> None:
        """Up to `lines` lines with the matches set apart."""
        text = row.text.replace("\n", " ")
        if lines == 1:
            text = QFontMetricsF(font).elidedText(
                text[:400], Qt.TextElideMode.ElideRight, box.width()
            )
        layout = QTextLayout(text, font)
        option = QTextOption()
        option.setWrapMode(
            QTextOption.WrapMode.NoWrap
            if lines == 1
            else QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
        )
        layout.setTextOption(option)
        layout.setFormats([self._format(mark) for mark in _utf16(row.text, row.marks)])
        layout.beginLayout()
        height = 0.0
        for _ in range(lines):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(box.width())
            line.setPosition(QPointF(0, height))
            height += line.height()
        layout.endLayout()
        painter.setPen(color(tone))
        painter.setClipRect(box)
        top = box.top() + (0 if lines > 1 else (box.height() - height) / 2)
        layout.draw(painter, QPointF(box.left(), top))

    def _format(self, mark: Mark) -> QTextLayout.FormatRange:
        made = QTextLayout.FormatRange()
        made.start, made.length = mark[0], mark[1] - mark[0]  # pyright: ignore
        look = QTextCharFormat()
        look.setForeground(color(self._theme.colors.text))
        look.setBackground(color(self._theme.colors.match))
        made.format = look  # pyright: ignore
        return made


def _utf16(text: str, marks: tuple[Mark, ...]) -> list[Mark]:
    """Marks count characters; Qt counts UTF-16 units."""
    if text.isascii():
        return list(marks)

    def at(index: int) -> int:
        return len(text[:index].encode("utf-16-le")) // 2

    return [(at(start), at(end)) for start, end in marks]


# The stubs do not know the fields of QStyleOptionViewItem.
def _rect(option: Any) -> QRect:
    return option.rect


def _state(option: Any) -> QStyle.StateFlag:
    return option.state
