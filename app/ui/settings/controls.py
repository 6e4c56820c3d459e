"""The control of each kind of setting: shows a value, and says what was chosen or typed.

Main thread. A control checks nothing: the row asks the settings whether a value will do.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, assert_never

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontDatabase, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.controls import Elided, IconButton, plain_tip
from app.ui.settings.entries import (
    Choice,
    Colour,
    Entry,
    Folder,
    Folders,
    FontFamily,
    Number,
    Offered,
    Switch,
    Text,
    What,
)
from app.ui.settings.values import plain_number
from app.ui.settings.widgets import ComboBox, Toggle
from app.ui.theme import Theme, color

ACCENTS = (
    ("", "Ours"), ("#2f7fd6", "Blue"), ("#0f8f83", "Teal"), ("#3a8f45", "Green"),
    ("#c2691c", "Orange"), ("#c73e5a", "Red"), ("#8e4ec6", "Purple"),
)  # fmt: skip


# What this machine has of something: each with its value and its name.
Offers = Callable[[What], Sequence[tuple[str, str]]]


_WIDE = 190  # what is typed or chosen, with its unit


class Control(QWidget):
    edited = Signal(object)

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry

    def show_value(self, value: Any) -> None:
        raise NotImplementedError

    def set_theme(self, theme: Theme) -> None:
        """Most controls take their look from the stylesheet."""


def make_control(entry: Entry, offers: Offers, theme: Theme) -> Control:
    match entry.kind:
        case Switch():
            return _SwitchControl(entry, theme)
        case Number() as number:
            return _NumberControl(entry, number, theme)
        case Choice(options=options):
            return _ChoiceControl(entry, options, theme)
        case Offered() as offered:
            return _OfferedControl(entry, offered, offers, theme)
        case Text(example=example):
            return _TextControl(entry, example)
        case Colour():
            return _ColourControl(entry, theme)
        case FontFamily():
            return _FontControl(entry, theme)
        case Folder() as folder:
            return _FolderControl(entry, folder, theme)
        case Folders():
            return _FoldersControl(entry, theme)
        case _:
            assert_never(entry.kind)


class _SwitchControl(Control):
    def __init__(self, entry: Entry, theme: Theme) -> None:
        super().__init__(entry)
        self.toggle = Toggle(entry.label, theme)
        self.toggle.toggled.connect(self._turned)
        _in_a_row(self, self.toggle)
        self.setFocusProxy(self.toggle)

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.toggle):
            self.toggle.setChecked(bool(value))
        self.toggle.update()

    def _turned(self, on: bool) -> None:
        self.edited.emit(on)

    def set_theme(self, theme: Theme) -> None:
        self.toggle.set_theme(theme)


class _NumberControl(Control):
    def __init__(self, entry: Entry, number: Number, theme: Theme) -> None:
        super().__init__(entry)
        self._number = number
        self.field = QLineEdit()
        self.field.setAccessibleName(
            f"{entry.label}, {number.unit}" if number.unit else entry.label
        )
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setPlaceholderText(number.special)
        self.set_theme(theme)
        self.field.editingFinished.connect(self._finished)
        unit = QLabel(number.unit)
        unit.setProperty("kind", "small")
        _in_a_row(self, self.field, unit)
        self.setFocusProxy(self.field)
        self._shown = ""

    def set_theme(self, theme: Theme) -> None:
        _fit(self, theme)

    def show_value(self, value: Any) -> None:
        number = self._number
        if value is None or (number.empty is not None and value == number.empty):
            self._shown = ""
        else:
            self._shown = _figure(value * number.scale)
        if not self.field.hasFocus() or not self.field.isModified():
            self.field.setText(self._shown)

    def _finished(self) -> None:
        text = self.field.text().strip()
        if text == self._shown:
            return
        if not text and self._number.special:
            self.edited.emit(self._number.empty)
            return
        self.field.setModified(False)
        self.edited.emit(self._scaled(plain_number(text)))

    def _scaled(self, plain: str) -> object:
        """What is no number is handed on as it is: the settings say what is wrong with it."""
        try:
            return plain if self._number.scale == 1 else float(plain) / self._number.scale
        except ValueError:
            return plain


class _ChoiceControl(Control):
    def __init__(self, entry: Entry, options: tuple[tuple[str, str], ...], theme: Theme) -> None:
        super().__init__(entry)
        self.box = ComboBox(entry.label, theme)
        for value, name in options:
            self.box.addItem(name, value)
        self.box.activated.connect(self._chosen)
        _in_a_row(self, self.box)
        self.setFocusProxy(self.box)
        _fit(self, theme)

    def show_value(self, value: Any) -> None:
        self.box.setCurrentIndex(self.box.findData(value))

    def set_theme(self, theme: Theme) -> None:
        self.box.set_theme(theme)
        _fit(self, theme)

    def _chosen(self, at: int) -> None:
        self.edited.emit(self.box.itemData(at))


class _OfferedBox(ComboBox):
    """What there is to choose is asked when it is asked for."""

    def __init__(self, entry: Entry, offered: Offered, offers: Offers, theme: Theme) -> None:
        super().__init__(entry.label, theme)
        self._offered = offered
        self._offers = offers
        self.addItem(offered.empty, "")

    def show_value(self, value: str) -> None:
        if self.findData(value) < 0:
            self.fill()
        if self.findData(value) < 0:
            self.addItem(Path(value).name, value)
        self.setCurrentIndex(self.findData(value))

    def fill(self) -> None:
        chosen = self.currentData()
        self.clear()
        self.addItem(self._offered.empty, "")
        for value, name in self._offers(self._offered.what):
            self.addItem(name, value)
        self.setCurrentIndex(max(0, self.findData(chosen)))

    def showPopup(self) -> None:
        self.fill()
        super().showPopup()

    def keyPressEvent(self, e: QKeyEvent) -> None:
        self.fill()
        super().keyPressEvent(e)


class _OfferedControl(Control):
    def __init__(self, entry: Entry, offered: Offered, offers: Offers, theme: Theme) -> None:
        super().__init__(entry)
        self.box = _OfferedBox(entry, offered, offers, theme)
        self.box.activated.connect(self._chosen)
        _in_a_row(self, self.box)
        self.setFocusProxy(self.box)
        _fit(self, theme)

    def show_value(self, value: Any) -> None:
        self.box.show_value(value)

    def set_theme(self, theme: Theme) -> None:
        self.box.set_theme(theme)
        _fit(self, theme)

    def _chosen(self, at: int) -> None:
        self.edited.emit(self.box.itemData(at))


class _TextBox(QPlainTextEdit):
    left = Signal()

    def focusOutEvent(self, e: QFocusEvent) -> None:
        super().focusOutEvent(e)
        self.left.emit()


class _TextControl(Control):
    """A few lines; they are in force when the keyboard leaves them."""

    def __init__(self, entry: Entry, example: str) -> None:
        super().__init__(entry)
        self.field = _TextBox()
        self.field.setObjectName("lines")
        self.field.setAccessibleName(entry.label)
        self.field.setPlaceholderText(example)
        self.field.setTabChangesFocus(True)
        self.field.setMinimumWidth(260)
        self.field.setFixedHeight(84)
        self.field.left.connect(self._finished)
        _in_a_row(self, self.field)
        self.setFocusProxy(self.field)
        self._shown = ""

    def show_value(self, value: Any) -> None:
        self._shown = value
        if self.field.toPlainText() != value:
            self.field.setPlainText(value)

    def _finished(self) -> None:
        if self.field.toPlainText() != self._shown:
            self.edited.emit(self.field.toPlainText())


class _Swatch(QAbstractButton):
    chosen = Signal(object)

    def __init__(self, value: str, name: str, theme: Theme) -> None:
        super().__init__()
        self.value = value
        self._theme = theme
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.clicked.connect(lambda: self.chosen.emit(self.value))
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        side = round(self._theme.px(26))
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        around = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        ring = self._theme.colors.text if self.hasFocus() else self._theme.colors.muted
        if self.isChecked() or self.hasFocus():
            painter.setPen(color(ring))
            painter.drawEllipse(around)
        painter.setPen(Qt.PenStyle.NoPen)
        ours = "#8c97ff" if self._theme.dark else "#4f5bd5"
        painter.setBrush(color(self.value or ours))
        painter.drawEllipse(around.adjusted(3, 3, -3, -3))


class _ColourControl(Control):
    def __init__(self, entry: Entry, theme: Theme) -> None:
        super().__init__(entry)
        self.swatches = [_Swatch(value, name, theme) for value, name in ACCENTS]
        for swatch in self.swatches:
            swatch.chosen.connect(self.edited)
        _in_a_row(self, *self.swatches)
        self.setFocusProxy(self.swatches[0])

    def show_value(self, value: Any) -> None:
        for swatch in self.swatches:
            swatch.setChecked(swatch.value == value)
            if swatch.isChecked():
                self.setFocusProxy(swatch)

    def set_theme(self, theme: Theme) -> None:
        for swatch in self.swatches:
            swatch.set_theme(theme)


class _FontBox(ComboBox):
    """The machine's fonts are listed when they are asked for: there may be hundreds."""

    def showPopup(self) -> None:
        self.fill()
        super().showPopup()

    def keyPressEvent(self, e: QKeyEvent) -> None:
        self.fill()
        super().keyPressEvent(e)

    def fill(self) -> None:
        if self.count() > 2:
            return
        chosen = self.currentData()
        self.clear()
        self.addItem("The system's", "")
        for family in QFontDatabase.families():
            if not QFontDatabase.isPrivateFamily(family):
                self.addItem(family, family)
        self.setCurrentIndex(max(0, self.findData(chosen)))


class _FontControl(Control):
    def __init__(self, entry: Entry, theme: Theme) -> None:
        super().__init__(entry)
        self.box = _FontBox(entry.label, theme)
        self.box.activated.connect(self._chosen)
        _in_a_row(self, self.box)
        self.setFocusProxy(self.box)
        _fit(self, theme)

    def show_value(self, value: Any) -> None:
        if self.box.findData(value) < 0:
            self.box.addItem(value or "The system's", value)
        self.box.setCurrentIndex(self.box.findData(value))

    def set_theme(self, theme: Theme) -> None:
        self.box.set_theme(theme)
        _fit(self, theme)

    def _chosen(self, at: int) -> None:
        self.edited.emit(self.box.itemData(at))


class _FolderControl(Control):
    def __init__(self, entry: Entry, folder: Folder, theme: Theme) -> None:
        super().__init__(entry)
        self._empty = folder.empty
        self._path = Elided()
        self._path.setProperty("kind", "small")
        self._path.setMinimumWidth(120)
        self._path.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._choose = _plain("Choose…", f"Choose: {entry.label}")
        self._choose.clicked.connect(self._ask)
        self._reset = IconButton("close", f"Use {folder.empty}", theme)
        self._reset.clicked.connect(lambda: self.edited.emit(""))
        _in_a_row(self, self._path, self._choose, self._reset)
        self.setFocusProxy(self._choose)

    def show_value(self, value: Any) -> None:
        self._path.setText(value or self._empty)
        self._path.setToolTip(plain_tip(value))
        self._reset.setVisible(bool(value))

    def set_theme(self, theme: Theme) -> None:
        self._reset.set_theme(theme)

    def _ask(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, self.entry.label):
            self.edited.emit(str(Path(chosen)))


class _FoldersControl(Control):
    def __init__(self, entry: Entry, theme: Theme) -> None:
        super().__init__(entry)
        self._theme = theme
        self._paths: tuple[str, ...] = ()
        self._list = QVBoxLayout()
        self._add = _plain("Add a folder…", f"Add: {entry.label}")
        self._add.clicked.connect(self._ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._list)
        column.addWidget(self._add, 0, Qt.AlignmentFlag.AlignRight)
        self.setFocusProxy(self._add)

    def show_value(self, value: Any) -> None:
        self._paths = tuple(value)
        while (item := self._list.takeAt(0)) is not None:
            if (line := item.widget()) is not None:
                line.deleteLater()
        for path in self._paths:
            self._list.addWidget(self._line(path))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.show_value(self._paths)

    def _line(self, path: str) -> QWidget:
        line, name = QWidget(), Elided(path)
        name.setProperty("kind", "small")
        name.setToolTip(plain_tip(path))
        name.setMinimumWidth(140)
        remove = IconButton("close", f"Leave out {path}", self._theme)
        rest = tuple(each for each in self._paths if each != path)
        remove.clicked.connect(lambda: self.edited.emit(rest))
        _in_a_row(line, name, remove)
        return line

    def _ask(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.entry.label)
        if chosen and str(Path(chosen)) not in self._paths:
            self.edited.emit((*self._paths, str(Path(chosen))))


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _plain(text: str, name: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", "plain")
    button.setAccessibleName(name)
    return button


def _fit(control: Control, theme: Theme) -> None:
    """One under the other they begin and end alike, whatever their units are called."""
    control.setFixedWidth(round(theme.px(_WIDE)))


def _in_a_row(owner: QWidget, *widgets: QWidget) -> None:
    row = QHBoxLayout(owner)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget)
