"""TeX to pictures: ziamath, run as errands, cached as SVG and drawn at the screen's scale.

`Typesetter` is asked on the main thread; drawing runs on the errands' thread and touches no Qt
object. What cannot be drawn (past the caps, unknown commands) is None for ever: the reader sees
the TeX itself.
"""

import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Any, Literal

import msgspec
from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from app.ui.transcript.errands import Errands

MAX_LENGTH = 1_000
MAX_DEPTH = 7  # ziamath's cost is exponential in nesting
MAX_MARKS = 150  # commands and scripts in one formula: cost per mark is milliseconds
_KEPT = 1_000


class Ask(msgspec.Struct, frozen=True):
    tex: str
    display: bool
    pixels: float
    color: str


class Picture(msgspec.Struct, frozen=True):
    svg: bytes
    width: float
    ascent: float
    descent: float

    @lru_cache(_KEPT)  # noqa: B019 - a text that grows asks for the same few again and again
    def image(self, scale: float, pad_bottom: float) -> QImage:
        """The formula with padding below, so that its baseline falls where the line wants it."""
        height = self.ascent + self.descent
        image = QImage(
            max(1, round(self.width * scale + 0.5)),
            max(1, round((height + pad_bottom) * scale + 0.5)),
            QImage.Format.Format_ARGB32_Premultiplied,
        )
        image.fill(0)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        where = QRectF(0, 0, self.width * scale, height * scale)
        QSvgRenderer(QByteArray(self.svg)).render(painter, where)
        painter.end()
        image.setDevicePixelRatio(scale)
        return image


class Typesetter:
    """`picture` answers at once from what was drawn; after `Errands.done` asking again pays."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._known: OrderedDict[Ask, Picture | None] = OrderedDict()
        self._asked: set[Ask] = set()
        self._lock = threading.Lock()

    def picture(self, ask: Ask) -> Picture | Literal["waiting"] | None:
        if not drawable(ask.tex):
            return None
        with self._lock:
            if ask in self._known:
                self._known.move_to_end(ask)
                return self._known[ask]
            if ask not in self._asked:
                self._asked.add(ask)
                self._errands.add(lambda: self._draw(ask))
        return "waiting"

    def _draw(self, ask: Ask) -> None:
        picture = _drawn(ask)
        with self._lock:
            self._known[ask] = picture
            self._asked.discard(ask)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)


def drawable(tex: str) -> bool:
    return (
        0 < len(tex.strip()) <= MAX_LENGTH
        and _depth(tex) <= MAX_DEPTH
        and sum(map(tex.count, "\\_^&")) <= MAX_MARKS
    )


def _depth(tex: str) -> int:
    depth = deepest = 0
    at = 0
    while at < len(tex):
        if tex[at] == "\\":
            if tex.startswith(r"\left", at) or tex.startswith(r"\begin", at):
                depth += 1
            elif tex.startswith(r"\right", at) or tex.startswith(r"\end", at):
                depth -= 1
            at += 1
        elif tex[at] == "{":
            depth += 1
        elif tex[at] == "}":
            depth -= 1
        deepest = max(deepest, depth)
        at += 1
    return deepest


def _drawn(ask: Ask) -> Picture | None:
    try:
        latex = _engine().Latex(ask.tex, size=ask.pixels, color=ask.color, inline=not ask.display)
        svg: str = latex.svg()
        left, top, width, height = (float(n) for n in _view_box(svg).split())
    except Exception:  # noqa: BLE001
        # Any input may come from a model; whatever the typesetter makes of it, we show the TeX.
        return None
    if width <= 0 or height <= 0 or left > width:
        return None
    return Picture(svg.encode(), width, -top, height + top)


def _view_box(svg: str) -> str:
    start = svg.index('viewBox="') + len('viewBox="')
    return svg[start : svg.index('"', start)]


@lru_cache(1)
def _engine() -> Any:
    import ziamath

    engine: Any = ziamath
    engine.config.svg2 = False  # QtSvg does not draw <use>: glyphs would vanish
    return engine
