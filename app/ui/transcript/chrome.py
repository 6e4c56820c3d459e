"""What surrounds a message's text: folds, progress, notices, the footer and the wind line.

Main thread. None of these can be selected; all they offer is in their spots.
"""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from app.ui.theme import CARD_RADIUS, SMALL, color, paint_icon
from app.ui.transcript.blocks import Block, Marks
from app.ui.transcript.cards import paint_spots
from app.ui.transcript.deeds import CopyMessage, Deed, ShowMenu, Spot, Toggle
from app.ui.transcript.formats import Look
from app.ui.transcript.items import (
    Branch,
    Carried,
    Delete,
    Edit,
    MessageItem,
    OpenSegment,
    Regenerate,
    SwitchVersion,
    WindItem,
)


class Fold(Block):
    """One quiet line that opens what is under it."""

    def __init__(self, look: Look, toggle: Toggle, label: str, icon: str, opened: bool) -> None:
        super().__init__(look)
        self._toggle, self._label, self._icon, self._opened = toggle, label, icon, opened

    @property
    def spoken(self) -> str:
        return f"{self._label}, {'open' if self._opened else 'closed'}"

    def same_as(self, other: Block) -> bool:
        return isinstance(other, Fold) and (other._toggle, other.spoken) == (
            self._toggle,
            self.spoken,
        )

    def layout(self, width: float) -> None:
        self.width = width
        self.height = self.look.theme.px(28)
        metrics = QFontMetricsF(self.look.theme.font(SMALL))
        self.natural = metrics.horizontalAdvance(self._label) + self.look.theme.px(56)

    def spots(self) -> list[Spot]:
        box = QRectF(0, 0, min(self.width, self.natural), self.height)
        return [Spot(box, self._toggle, self.spoken)]

    def paint(self, painter: QPainter, marks: Marks) -> None:
        px, colors = self.look.theme.px, self.look.theme.colors
        paint_spots(painter, self.look, self.spots(), marks)
        side = px(14)
        y = (self.height - side) / 2
        tint = colors.text if marks.hot == self._toggle else colors.muted
        arrow = "chevron-down" if self._opened else "chevron-right"
        paint_icon(painter, arrow, tint, QRectF(px(4), y, side, side))
        x = px(24)
        if self._icon:
            paint_icon(painter, self._icon, tint, QRectF(x, y, side, side))
            x += px(20)
        painter.setFont(self.look.theme.font(SMALL))
        painter.setPen(color(tint))
        room = QRectF(x, 0, self.width - x, self.height)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._label)


class Attached(Block):
    """What a message carries, one line each."""

    def __init__(self, look: Look, carried: tuple[Carried, ...]) -> None:
        super().__init__(look)
        self._carried = carried

    @property
    def spoken(self) -> str:
        return "\n".join(f"Attached: {_in_words(each)}" for each in self._carried)

    def layout(self, width: float) -> None:
        px = self.look.theme.px
        metrics = QFontMetricsF(self.look.theme.font(SMALL))
        widest = max(metrics.horizontalAdvance(_in_words(each)) for each in self._carried)
        self.width, self.natural = width, px(24) + widest
        self.height = px(22) * len(self._carried)

    def paint(self, painter: QPainter, marks: Marks) -> None:
        px, colors = self.look.theme.px, self.look.theme.colors
        painter.setFont(self.look.theme.font(SMALL))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(color(colors.muted))
        for number, each in enumerate(self._carried):
            row = QRectF(0, number * px(22), self.width, px(22))
            side = px(15)
            where = QRectF(0, row.center().y() - side / 2, side, side)
            paint_icon(painter, "image" if each.picture else "file", colors.muted, where)
            row.setLeft(px(22))
            words = metrics.elidedText(_in_words(each), Qt.TextElideMode.ElideMiddle, row.width())
            painter.drawText(row, int(Qt.AlignmentFlag.AlignVCenter), words)


def _in_words(carried: Carried) -> str:
    return ", ".join(filter(None, (carried.name, carried.detail)))


class Progress(Block):
    """What a reply waits for: a thin bar while the prompt is read, a word before that."""

    def __init__(self, look: Look, item: MessageItem) -> None:
        super().__init__(look)
        self._item = item

    @property
    def spoken(self) -> str:
        item = self._item
        if item.status == "reading" and item.prompt_tokens:
            return f"Reading {item.read_tokens:,} of {item.prompt_tokens:,} tokens"
        return item.note or ("Waiting…" if item.status == "waiting" else "Thinking…")

    def layout(self, width: float) -> None:
        self.width = width
        self.height = self.natural = self.look.theme.px(34)
        self.natural = width

    def paint(self, painter: QPainter, marks: Marks) -> None:
        px, colors = self.look.theme.px, self.look.theme.colors
        painter.setFont(self.look.theme.font(SMALL))
        painter.setPen(color(colors.muted))
        words = QRectF(0, 0, self.width, px(22))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.spoken)
        item = self._item
        if item.status != "reading" or not item.prompt_tokens:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(0, px(26), min(self.width, px(260)), px(4))
        painter.setBrush(color(colors.border))
        painter.drawRoundedRect(track, 2, 2)
        track.setWidth(track.width() * min(1.0, item.read_tokens / item.prompt_tokens))
        painter.setBrush(color(colors.accent))
        painter.drawRoundedRect(track, 2, 2)


class Notice(Block):
    """A sentence in the flow, with what can be done about it."""

    def __init__(
        self, look: Look, text: str, *offers: tuple[Deed, str], bad: bool = False, icon: str = ""
    ) -> None:
        super().__init__(look)
        self._text, self._offers, self._bad = text, offers, bad
        self._icon = icon or "alert"
        self._text_height = 0.0

    @property
    def spoken(self) -> str:
        return self._text

    def _widths(self) -> list[float]:
        metrics = QFontMetricsF(self.look.theme.font(SMALL))
        room = self.look.theme.px(24)
        return [metrics.horizontalAdvance(label) + room for _, label in self._offers]

    def _words(self) -> QRectF:
        px = self.look.theme.px
        room = max(px(80), self.width - sum(self._widths()) - px(46))
        return QRectF(px(36), px(9), room, 10_000)

    def layout(self, width: float) -> None:
        self.width = self.natural = width
        metrics = QFontMetricsF(self.look.theme.font(SMALL))
        flags = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere
        self._text_height = metrics.boundingRect(self._words(), flags, self._text).height()
        self.height = max(self.look.theme.px(36), self._text_height + self.look.theme.px(18))

    def spots(self) -> list[Spot]:
        px = self.look.theme.px
        widths = self._widths()
        x = self.width - sum(widths) - px(5)
        found: list[Spot] = []
        for (deed, label), width in zip(self._offers, widths, strict=True):
            found.append(Spot(QRectF(x, px(5), width, px(26)), deed, label, label=label))
            x += width
        return found

    def paint(self, painter: QPainter, marks: Marks) -> None:
        px, colors = self.look.theme.px, self.look.theme.colors
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(colors.danger_soft if self._bad else colors.code))
        painter.drawRoundedRect(QRectF(0, 0, self.width, self.height), CARD_RADIUS, CARD_RADIUS)
        tint = colors.danger if self._bad else colors.muted
        paint_icon(painter, self._icon, tint, QRectF(px(11), px(10), px(16), px(16)))
        painter.setFont(self.look.theme.font(SMALL))
        painter.setPen(color(tint))
        words = self._words()
        words.setHeight(max(self._text_height, px(18)))
        flags = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere
        painter.drawText(words, int(flags) | int(Qt.AlignmentFlag.AlignVCenter), self._text)
        paint_spots(painter, self.look, self.spots(), marks)


class Footer(Block):
    """The message's actions, its version and its figures; quiet until the row is looked at."""

    def __init__(self, look: Look, item: MessageItem, *, last: bool) -> None:
        super().__init__(look)
        self.item = item
        self._last = last
        self._stats = item.stats.line

    @property
    def spoken(self) -> str:
        return self._stats

    def layout(self, width: float) -> None:
        self.width = self.natural = width
        self.height = self.look.theme.px(30)

    def spots(self) -> list[Spot]:
        px = self.look.theme.px
        side = px(28)
        found: list[Spot] = []
        x = -px(5)
        if self.item.versions > 1:
            found.extend(self._versions(x, side))
            x = found[-1].rect.right() + px(6)
        for deed, name, icon in self._fitting(self.width - x, side):
            found.append(Spot(QRectF(x, px(1), side, side), deed, name, icon))
            x += side
        if self.item.role != "user":
            return found
        shift = self.width - x - px(2)
        return [
            Spot(s.rect.translated(shift, 0), s.deed, s.name, s.icon, s.label, s.enabled)
            for s in found
        ]

    def _fitting(self, room: float, side: float) -> list[tuple[Deed, str, str]]:
        """As many actions as there is room for; the menu has them all."""
        actions = self._actions()
        many = int(room // side)
        if many >= len(actions):
            return actions
        more: tuple[Deed, str, str] = (ShowMenu(self.item.id), "More actions", "more")
        return [*actions[: max(0, many - 1)], more]

    def _actions(self) -> list[tuple[Deed, str, str]]:
        item_id = self.item.id
        found: list[tuple[Deed, str, str]] = [
            (CopyMessage(item_id, "markdown"), "Copy message", "copy")
        ]
        if self.item.role == "assistant":
            found.append((Regenerate(item_id), "Regenerate", "regenerate"))
        else:
            found.append((Edit(item_id), "Edit", "edit"))
        return [
            *found,
            (Branch(item_id), "Branch from here", "branch"),
            (Delete(item_id), "Delete", "trash"),
        ]

    def _versions(self, x: float, side: float) -> list[Spot]:
        px = self.look.theme.px
        item = self.item
        words = f"{item.version}/{item.versions}"
        self._words_width = QFontMetricsF(self.look.theme.font(SMALL)).horizontalAdvance(words)
        narrow = px(22)
        return [
            Spot(
                QRectF(x, px(1), narrow, side),
                SwitchVersion(item.id, -1),
                f"Previous version, {item.version} of {item.versions}",
                "chevron-left",
                enabled=item.version > 1,
            ),
            Spot(
                QRectF(x + narrow + self._words_width, px(1), narrow, side),
                SwitchVersion(item.id, 1),
                f"Next version, {item.version} of {item.versions}",
                "chevron-right",
                enabled=item.version < item.versions,
            ),
        ]

    def paint(self, painter: QPainter, marks: Marks) -> None:
        look, colors = self.look, self.look.theme.colors
        spots = self.spots()
        looked_at = marks.hovered_row or self._last or marks.focused is not None
        shown = [s for s in spots if looked_at or isinstance(s.deed, SwitchVersion)]
        paint_spots(painter, look, shown, marks)
        painter.setFont(look.theme.font(SMALL))
        painter.setPen(color(colors.muted))
        if self.item.versions > 1:
            box = QRectF(spots[0].rect.topRight(), spots[1].rect.bottomLeft())
            words = f"{self.item.version}/{self.item.versions}"
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        if self._stats and self.item.role != "user" and looked_at:
            x = spots[-1].rect.right() + look.theme.px(8)
            room = QRectF(x, 0, max(0.0, self.width - x), self.height)
            words = QFontMetricsF(painter.font()).elidedText(
                self._stats, Qt.TextElideMode.ElideRight, room.width()
            )
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(room, flags, words)


class WindLine(Block):
    """A thin line across the column where older turns became narrative."""

    def __init__(self, look: Look, item: WindItem) -> None:
        super().__init__(look)
        self._item = item

    @property
    def spoken(self) -> str:
        return self._item.label

    def layout(self, width: float) -> None:
        self.width = self.natural = width
        self.height = self.look.theme.px(30)

    def spots(self) -> list[Spot]:
        metrics = QFontMetricsF(self.look.theme.font(SMALL))
        room = min(self.width, metrics.horizontalAdvance(self._item.label) + self.look.theme.px(48))
        box = QRectF((self.width - room) / 2, 1, room, self.height - 2)
        name = f"{self._item.label}. Open the narrative"
        return [Spot(box, OpenSegment(self._item.id), name, "wind", self._item.label)]

    def paint(self, painter: QPainter, marks: Marks) -> None:
        spots = self.spots()
        box = spots[0].rect
        painter.setPen(QPen(color(self.look.theme.colors.border), 1))
        y = round(box.center().y()) + 0.5
        painter.drawLine(0.0, y, box.left() - 8, y)  # pyright: ignore
        painter.drawLine(box.right() + 8, y, self.width, y)  # pyright: ignore
        paint_spots(painter, self.look, spots, marks)
