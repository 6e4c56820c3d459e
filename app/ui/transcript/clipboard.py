"""Everything the transcript puts on the clipboard, and the short "done" that follows.

Main thread. A selection is copied as text and, beside it, as Markdown; a far row inside it is
read from its leaves, never laid out for it.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from app.ui.transcript.copying import Form, cut, selected_tables, written_out
from app.ui.transcript.deeds import CopyMessage, CopyText, Deed
from app.ui.transcript.items import ItemId, MessageItem
from app.ui.transcript.leaves import Leaf
from app.ui.transcript.pieces import in_whole
from app.ui.transcript.rowlist import RowList
from app.ui.transcript.rows import Row
from app.ui.transcript.selection import Extent

_DONE_MS = 1_500


class Clipboard(QObject):
    changed = Signal()

    def __init__(self, rows: RowList, built: Callable[[int], Row], parent: QObject) -> None:
        super().__init__(parent)
        self._list = rows
        self._built = built
        self.done: Deed | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DONE_MS)
        self._timer.timeout.connect(self._forget)

    def copy(self, deed: CopyText | CopyMessage) -> None:
        match deed:
            case CopyText():
                _put(deed.text)
            case CopyMessage(form="markdown"):
                source = self._source(deed.id)
                _put(source, markdown=source)
            case CopyMessage():
                rows = [self._list.rows[n] for n in self._list.rows_of(deed.id)]
                leaves = [leaf for row in rows for group in row.groups() for leaf in group]
                _put(written_out(in_whole(leaves), "text"), markdown=self._source(deed.id))
        self.done = deed
        self._timer.start()
        self.changed.emit()

    def copy_selection(self, extent: Extent) -> None:
        _put(self.selected(extent, "text"), markdown=self.selected(extent, "markdown"))

    def selected(self, extent: Extent, form: Form) -> str:
        found: dict[ItemId, list[Leaf]] = {}  # one text per message, however many rows it is
        for index in range(extent.first[0], extent.last[0] + 1):
            item = self._list.rows[index].key.item
            found.setdefault(item, []).extend(self._leaves(index, extent))
        texts = (selected_tables(leaves) for leaves in found.values())
        return "\n\n".join(written_out(leaves, form) for leaves in texts if leaves)

    def _leaves(self, index: int, extent: Extent) -> list[Leaf]:
        row = self._list.rows[index]
        if not row.built and extent.first[0] < index < extent.last[0]:
            return [leaf for group in row.groups() for leaf in group]
        return _cut_row(self._built(index), index, extent)

    def _source(self, item_id: ItemId) -> str:
        item = self._list.rows[self._list.rows_of(item_id).start].item
        return item.text if isinstance(item, MessageItem) else item.label

    def _forget(self) -> None:
        self.done = None
        self.changed.emit()


def _cut_row(row: Row, index: int, extent: Extent) -> list[Leaf]:
    found: list[Leaf] = []
    for number, block in row.texts():
        assert block.document is not None
        span = extent.within(index, number, block.document.length)
        if span is not None:
            found.extend(cut(block.leaves, block.written, *span))
    return found


def _put(text: str, *, markdown: str = "") -> None:
    # The clipboard outlives Python: a QMimeData made here would call into an interpreter that is
    # gone and crash at exit, so Qt makes its own and is given the second format.
    clipboard = QGuiApplication.clipboard()
    clipboard.setText(text)
    if markdown:
        clipboard.mimeData().setData("text/markdown", markdown.encode())
