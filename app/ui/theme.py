"""What everything looks like: one frozen `Theme` value per look, passed down, never global.

Main thread. Every widget that paints keeps the `Theme` it was given and takes a new one through
`set_theme`; a size in pixels comes from `Theme.px`, so 150 % text grows the spacing with it.
Colours are `#rrggbb` strings (values compare and hash); `color()` turns one into a QColor.
"""

from functools import lru_cache
from typing import Literal

import msgspec
from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer

from app.core.paths import resources

Mode = Literal["light", "dark"]
BODY_POINTS = 10.5
ICON_SCALES = (1.0, 1.5, 2.0, 3.0)


class Colors(msgspec.Struct, frozen=True):
    """Surfaces from back to front, then text, then what carries meaning."""

    window: str
    sidebar: str
    surface: str  # composer, menus, cards
    bubble: str  # what the user said
    code: str
    inline_code: str
    hover: str
    pressed: str
    border: str
    text: str
    muted: str
    faint: str  # decoration only: below the contrast that text needs
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    link: str
    selection: str
    match: str
    current_match: str
    ready: str
    busy: str
    danger: str
    danger_soft: str


class Syntax(msgspec.Struct, frozen=True):
    keyword: str
    string: str
    number: str
    comment: str
    function: str
    type: str
    constant: str
    tag: str
    inserted: str
    deleted: str


class Theme(msgspec.Struct, frozen=True):
    """Everything a widget needs to paint itself."""

    mode: Mode
    colors: Colors
    syntax: Syntax
    points: float = BODY_POINTS
    family: str = ""  # empty: the system's interface font
    mono_family: str = ""  # empty: the system's fixed font
    reading_width: float = 780  # of a column of text, at the normal text size

    @property
    def dark(self) -> bool:
        return self.mode == "dark"

    @property
    def scale(self) -> float:
        return self.points / BODY_POINTS

    def px(self, pixels: float) -> float:
        """A distance designed at the normal text size, at this one."""
        return pixels * self.scale

    @property
    def column(self) -> float:
        """How wide a column of text may become, in pixels."""
        return self.px(self.reading_width)

    def font(self, ratio: float = 1.0, *, bold: bool = False) -> QFont:
        """The interface font; `ratio` 1 is body text, 0.88 small print, 1.5 a page title."""
        font = QFont(self.family) if self.family else QFont(QGuiApplication.font())
        font.setPointSizeF(self.points * ratio)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font

    def mono(self, ratio: float = 0.93) -> QFont:
        if self.mono_family:
            font = QFont(self.mono_family)
        else:
            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPointSizeF(self.points * ratio)
        return font


SMALL = 0.88
LARGE = 1.25
TITLE = 1.5

SPACE = (0, 4, 8, 12, 16, 24, 32, 48)  # steps of the spacing scale, in px at the normal text size
RADIUS = 10
CARD_RADIUS = 8

_LIGHT = Colors(
    window="#ffffff",
    sidebar="#f6f6f8",
    surface="#ffffff",
    bubble="#f0f1f5",
    code="#f7f8fa",
    inline_code="#eceef2",
    hover="#ebecf0",
    pressed="#dfe1e8",
    border="#e1e3e9",
    text="#1c1e24",
    muted="#626875",
    faint="#b3b8c4",
    accent="#4f5bd5",
    accent_hover="#434ec2",
    on_accent="#ffffff",
    accent_soft="#eceefc",
    link="#3d4bc7",
    selection="#cfd5fb",
    match="#fff0b3",
    current_match="#ffc857",
    ready="#2f9e5b",
    busy="#c98a12",
    danger="#c8372d",
    danger_soft="#fdeeec",
)
_DARK = Colors(
    window="#17181c",
    sidebar="#1d1f24",
    surface="#212329",
    bubble="#282b33",
    code="#1e2026",
    inline_code="#2c2f38",
    hover="#2a2d35",
    pressed="#343842",
    border="#33363f",
    text="#e6e7eb",
    muted="#9ba1ae",
    faint="#555b69",
    accent="#8c97ff",
    accent_hover="#a0a9ff",
    on_accent="#12131a",
    accent_soft="#272a42",
    link="#a3acff",
    selection="#3b4380",
    match="#5a4b16",
    current_match="#7d5d0c",
    ready="#4cc38a",
    busy="#e0a63a",
    danger="#ff7a70",
    danger_soft="#3a2225",
)
_LIGHT_SYNTAX = Syntax(
    keyword="#a0259b",
    string="#2b7a37",
    number="#a85a00",
    comment="#6a717e",
    function="#2b5fc7",
    type="#8a5d00",
    constant="#a85a00",
    tag="#c0362c",
    inserted="#2b7a37",
    deleted="#c0362c",
)
_DARK_SYNTAX = Syntax(
    keyword="#d49bf0",
    string="#9bd08b",
    number="#eab377",
    comment="#878e9c",
    function="#82b1ff",
    type="#e8cf85",
    constant="#eab377",
    tag="#f28b82",
    inserted="#9bd08b",
    deleted="#f28b82",
)
LIGHT = Theme("light", _LIGHT, _LIGHT_SYNTAX)
DARK = Theme("dark", _DARK, _DARK_SYNTAX)


def theme(
    mode: Mode,
    *,
    points: float = BODY_POINTS,
    accent: str = "",
    family: str = "",
    reading_width: float = 780,
) -> Theme:
    base = DARK if mode == "dark" else LIGHT
    return msgspec.structs.replace(
        base,
        colors=_with_accent(base.colors, accent) if accent else base.colors,
        points=points,
        family=family,
        reading_width=reading_width,
    )


def system_mode() -> Mode:
    """What the desktop asks for; light where it does not say."""
    scheme = QGuiApplication.styleHints().colorScheme()
    return "dark" if scheme == Qt.ColorScheme.Dark else "light"


def _with_accent(colors: Colors, accent: str) -> Colors:
    tone = QColor(accent)
    bright = contrast(accent, "#12131a") > contrast(accent, "#ffffff")
    return msgspec.structs.replace(
        colors,
        accent=accent,
        accent_hover=(tone.lighter(112) if bright else tone.darker(112)).name(),
        on_accent="#12131a" if bright else "#ffffff",
        accent_soft=mixed(colors.window, accent, 0.12),
        selection=mixed(colors.window, accent, 0.3),
    )


def mixed(under: str, over: str, share: float) -> str:
    """`share` of `over` laid on `under`, opaque."""
    a, b = QColor(under), QColor(over)
    return QColor(
        round(a.red() + (b.red() - a.red()) * share),
        round(a.green() + (b.green() - a.green()) * share),
        round(a.blue() + (b.blue() - a.blue()) * share),
    ).name()


def contrast(one: str, other: str) -> float:
    """The WCAG ratio, from 1 (the same) to 21 (black on white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(name: str) -> float:
    tone = QColor(name)
    channels = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (tone.redF(), tone.greenF(), tone.blueF())
    )
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


@lru_cache(256)
def color(name: str) -> QColor:
    return QColor(name)


def palette(look: Theme) -> QPalette:
    """The same colours for the widgets that Qt paints itself."""
    colors = look.colors
    roles = {
        QPalette.ColorRole.Window: colors.window,
        QPalette.ColorRole.WindowText: colors.text,
        QPalette.ColorRole.Base: colors.surface,
        QPalette.ColorRole.AlternateBase: colors.sidebar,
        QPalette.ColorRole.Text: colors.text,
        QPalette.ColorRole.Button: colors.surface,
        QPalette.ColorRole.ButtonText: colors.text,
        QPalette.ColorRole.PlaceholderText: colors.muted,
        QPalette.ColorRole.Highlight: colors.accent,
        QPalette.ColorRole.HighlightedText: colors.on_accent,
        QPalette.ColorRole.ToolTipBase: colors.surface,
        QPalette.ColorRole.ToolTipText: colors.text,
        QPalette.ColorRole.Link: colors.link,
        QPalette.ColorRole.Accent: colors.accent,
        QPalette.ColorRole.Mid: colors.border,
    }
    result = QPalette()
    for role, name in roles.items():
        result.setColor(role, color(name))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, color(colors.faint))
    return result


@lru_cache(256)
def icon(name: str, tint: str, size: int = 18) -> QIcon:
    """`resources/icons/NAME.svg` drawn in one colour.

    Every icon is a 24 x 24 outline in `currentColor`: stroke 1.75, round caps and joins.
    """
    result = QIcon()
    for scale in ICON_SCALES:
        result.addPixmap(_drawn(name, tint, size, scale))
    return result


def paint_icon(painter: QPainter, name: str, tint: str, where: QRectF) -> None:
    _renderer(name, tint).render(painter, where)


def _drawn(name: str, tint: str, size: int, scale: float) -> QPixmap:
    pixmap = QPixmap(QSize(size, size) * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_icon(painter, name, tint, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


@lru_cache(256)
def _renderer(name: str, tint: str) -> QSvgRenderer:
    svg = (resources() / "icons" / f"{name}.svg").read_text("utf-8")
    return QSvgRenderer(QByteArray(svg.replace("currentColor", tint).encode()))
