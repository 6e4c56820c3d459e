"""What the model sees: every token of the next prompt by its place, and every message's fate.

Main thread. Figures are the engine's; words are read from the database when the page opens.
"""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.chat.prompt import Seen
from app.chat.seen import Account
from app.core.ids import ConversationId, MessageId
from app.storage import messages
from app.storage.messages import StoredMessage
from app.ui.bridge import Answers
from app.ui.current import Current
from app.ui.keeping import Keeping
from app.ui.reading_page import ReadingPage
from app.ui.seen.accounts import Accounts
from app.ui.seen.usage import Usage, segments, usage_of
from app.ui.theme import Theme, color

_FATES: dict[Seen, str] = {
    "verbatim": "As it was said",
    "excerpted": "In part: it is too long",
    "narrated": "In the narrative",
    "recalled": "Quoted back",
    "evicted": "Not at all",
}
_WORDS = 160
_ROWS = 14
_MESSAGE = Qt.ItemDataRole.UserRole


class Bar(QWidget):
    """The window as one bar, its parts in the order of the prompt."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._usage = Usage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, round(self._theme.px(14)))

    def show_usage(self, usage: Usage, theme: Theme) -> None:
        self._usage, self._theme = usage, theme
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path, radius = QPainterPath(), self.height() / 2
        path.addRoundedRect(QRectF(self.rect()), radius, radius)
        painter.setClipPath(path)
        painter.fillRect(self.rect(), color(self._theme.colors.pressed))
        left = 0.0
        for _, tokens, tone in segments(self._usage, self._theme):
            width = self.width() * tokens / max(self._usage.limit, 1)
            painter.fillRect(QRectF(left, 0, width, self.height()), color(tone))
            left += width


class SeenPage(ReadingPage):
    def __init__(
        self, keeping: Keeping, accounts: Accounts, current: Current, theme: Theme
    ) -> None:
        super().__init__("What the model sees", theme)
        self._keeping = keeping
        self._accounts = accounts
        self._current = current
        self._answers = Answers(self)
        self._said: dict[MessageId, StoredMessage] = {}
        self._bar = Bar(theme)
        self._parts = QWidget()
        self._grid = QGridLayout(self._parts)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(20)
        self._grid.setColumnStretch(1, 1)
        self.table = QTreeWidget()
        self.table.setObjectName("seen")
        self.table.setAccessibleName("Messages and how the model sees them")
        self.table.setHeaderLabels(["Message", "The model sees it", "Tokens"])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.header().setStretchLastSection(False)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.table.header().setSectionResizeMode(
                column, QHeaderView.ResizeMode.ResizeToContents
            )
        for part in (self._bar, self._parts, self.table):
            self.column.addWidget(part)
        self.table.itemActivated.connect(self._jump)
        accounts.changed.connect(self._show)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._show()

    def opened(self) -> None:
        super().opened()
        self._show()
        self._accounts.count()
        here = self._current.conversation
        if here is not None:
            reading = self._keeping.of(here).db.read(lambda tx: messages.path(tx, here))
            self._answers.take(reading, lambda said: self._take(here, said), lambda _: None)

    def _take(self, here: ConversationId, said: list[StoredMessage]) -> None:
        if here == self._current.conversation:
            self._said = {stored.id: stored for stored in said}
            self._show()

    def _show(self) -> None:
        if not self.isVisible():
            return
        account = self._accounts.here
        for part in (self._bar, self._parts, self.table):
            part.setVisible(account is not None)
        if account is None:
            self.lead.setText("Open a chat with a model loaded: it counts what it would be sent.")
            return
        usage = usage_of(account)
        free = max(0, usage.limit - usage.used - usage.reserve)
        counted = "Counted by the model." if account.exact else "Estimated."
        self.lead.setText(
            f"{account.total:,} of {account.chat_ctx:,} tokens would be sent now; "
            f"{account.reserve:,} are kept for the reply, {free:,} are free. {counted}"
        )
        self._bar.show_usage(usage, self.theme)
        self._show_parts(account)
        self._show_messages(account)

    def _show_parts(self, account: Account) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        usage = usage_of(account)
        tones = [tone for _, _, tone in segments(usage, self.theme)]
        rows = (
            ("System prompt", account.system, tones[0]),
            ("Tools", account.tools, tones[0]),
            ("Narrative", account.narrative, tones[1]),
            ("Facts", account.ledger, tones[1]),
            ("Quoted back", usage.recalled, tones[2]),
            ("Conversation", usage.recent, tones[3]),
            ("Kept for the reply", account.reserve, tones[4]),
        )
        for number, (name, tokens, tone) in enumerate(row for row in rows if row[1]):
            swatch = QLabel()
            side = round(self.theme.px(11))
            swatch.setFixedSize(side, side)
            swatch.setStyleSheet(f"background: {tone}; border-radius: {side // 3}px;")
            figure = QLabel(f"{tokens:,} tokens")
            figure.setProperty("kind", "small")
            self._grid.addWidget(swatch, number, 0)
            self._grid.addWidget(QLabel(name), number, 1)
            self._grid.addWidget(figure, number, 2, Qt.AlignmentFlag.AlignRight)

    def _show_messages(self, account: Account) -> None:
        self.table.clear()
        items: list[QTreeWidgetItem] = []
        for each in account.messages:
            stored = self._said.get(each.message)
            words = "" if stored is None else _words(stored)
            tokens = f"{each.tokens:,}" if each.tokens else ""
            item = QTreeWidgetItem([words, _FATES[each.seen], tokens])
            item.setData(0, _MESSAGE, each.message)
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            items.append(item)
        self.table.addTopLevelItems(items)
        row = self.table.sizeHintForRow(0) if items else 0
        heading = self.table.header().sizeHint().height()
        self.table.setFixedHeight(heading + row * min(len(items), _ROWS) + 4)
        self.table.scrollToBottom()

    def _jump(self, item: QTreeWidgetItem) -> None:
        """To the message itself."""
        message: MessageId = item.data(0, _MESSAGE)
        self._current.open(self._current.conversation, message)


def _words(stored: StoredMessage) -> str:
    who = {"user": "You", "assistant": "Reply", "tool": "Tool", "system": "System"}
    said = " ".join(stored.message.text[:_WORDS].split())
    return f"{who[stored.message.role]}: {said}"
