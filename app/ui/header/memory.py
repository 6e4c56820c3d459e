"""What the loaded model takes of the machine's memory, in one small panel. Main thread."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from app.core.fit import winds_serially
from app.core.protocol import ModelInfo, WorkerStats
from app.ui.theme import Theme

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class MemoryPanel(QFrame):
    """Opens under a button, closes by itself."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setAccessibleName("Memory")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 12, 16, 12)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(5)

    def show_figures(self, info: ModelInfo, stats: WorkerStats) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        title = QLabel("Memory")
        title.setProperty("kind", "heading")
        self._grid.addWidget(title, 0, 0, 1, 2)
        for row, (name, value) in enumerate(figures(info, stats), start=1):
            label, figure = QLabel(name), QLabel(value)
            label.setProperty("kind", "small")
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(figure, row, 1, Qt.AlignmentFlag.AlignRight)

    def open_under(self, button: QWidget) -> None:
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + 4))
        self.move(corner)
        self.show()


def figures(info: ModelInfo, stats: WorkerStats) -> list[tuple[str, str]]:
    """Zero is not known, and is left out."""
    total = info.layers
    shares = (
        ("Weights", info.weights_bytes),
        ("Context (KV)", info.kv_bytes),
        ("Working buffers", info.compute_bytes),
        ("Kept chats in memory", stats.snapshots_ram_bytes),
        ("Kept chats on disk", stats.snapshots_disk_bytes),
        ("The whole process", stats.rss_bytes),
    )
    rows = [(name, bytes_in_words(value)) for name, value in shares if value]
    rows.append(("Layers on the GPU", f"{min(info.gpu_layers, total)} of {total}"))
    rows.append(("Context per chat", f"{info.chat_ctx:,} tokens"))
    if stats.cells:
        rows.append(("Context in use", f"{stats.cells_used:,} of {stats.cells:,} tokens"))
    if winds_serially(info.cells, info.chat_ctx):
        rows.append(("Context winds", "one step after the other: no room beside a full chat"))
    return rows


def bytes_in_words(count: int) -> str:
    size, unit = float(count), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return (
        f"{size:.0f} {_UNITS[unit]}" if size >= 100 or unit == 0 else f"{size:.1f} {_UNITS[unit]}"
    )
