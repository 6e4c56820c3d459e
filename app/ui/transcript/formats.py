"""How each kind of text looks: a theme turned into Qt's character formats, made once per theme.

Main thread. A `Look` is thrown away with its theme; formats are shared by all documents.
"""

from functools import lru_cache

from PySide6.QtGui import QFont, QFontMetricsF, QTextBlockFormat, QTextCharFormat

from app.ui.theme import Theme, color
from app.ui.transcript.leaves import Leaf, Rule, Span, Table, Text

_HEADING = (1.0, 1.45, 1.25, 1.12, 1.0, 1.0, 0.94)
_LEADING = 0.3  # of a line, between lines: tall formulas must not multiply it


class Look:
    def __init__(self, theme: Theme, *, muted: bool = False) -> None:
        self.theme = theme
        self.muted = muted
        self.font = theme.font(0.95 if muted else 1.0)
        self.mono = theme.mono()
        self.metrics = QFontMetricsF(self.font)
        self.indent = theme.px(24)
        self.span = lru_cache(512)(self._span)
        self.code = lru_cache(64)(self._code)

    @property
    def text_color(self) -> str:
        return self.theme.colors.muted if self.muted else self.theme.colors.text

    def _span(self, span: Span, level: int, quoted: bool) -> QTextCharFormat:
        """`span` comes without its text: only what it looks like."""
        colors = self.theme.colors
        form = QTextCharFormat()
        font = QFont(self.font)
        font.setPointSizeF(font.pointSizeF() * _HEADING[level])
        font.setBold(span.bold or level > 0)
        font.setItalic(span.italic)
        font.setStrikeOut(span.strike)
        tint = colors.muted if quoted else self.text_color
        if span.kind in ("code", "math", "display"):
            font.setFamilies(self.mono.families())
            font.setStyleHint(QFont.StyleHint.Monospace)
            font.setPointSizeF(font.pointSizeF() * 0.91)
        if span.kind in ("math", "display"):
            tint = colors.muted
        form.setFont(font)
        form.setForeground(color(tint))
        if span.kind == "note":
            form.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            form.setForeground(color(colors.link))
        if span.href:
            form.setAnchor(True)
            form.setAnchorHref(span.href)
            form.setForeground(color(colors.link))
            form.setFontUnderline(True)
        return form

    def _code(self, tint: str) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setFont(self.mono)
        form.setForeground(color(tint or self.text_color))
        return form

    def paragraph(self, leaf: Leaf, before: Leaf | None) -> QTextBlockFormat:
        form = QTextBlockFormat()
        form.setLineHeight(
            self.metrics.height() * _LEADING,
            QTextBlockFormat.LineHeightTypes.LineDistanceHeight.value,
        )
        form.setIndent(len(leaf.within))
        if before is not None:
            form.setTopMargin(self.space_before(leaf, before))
        if isinstance(leaf, Text) and leaf.level:
            form.setHeadingLevel(leaf.level)
        return form

    def space_before(self, leaf: Leaf, before: Leaf | None) -> float:
        if before is None or (isinstance(leaf, Table) and leaf.continues):
            return 0.0
        if isinstance(leaf, Text):
            if leaf.level:
                return self.theme.px(22 if leaf.level < 3 else 18)
            if leaf.tight and isinstance(before, Text) and _same_list(before, leaf):
                return self.theme.px(4)
        if isinstance(leaf, Rule) or isinstance(before, Rule):
            return self.theme.px(16)
        if isinstance(leaf, Text) and isinstance(before, Text):
            return self.theme.px(8 if before.level else 12)
        return self.theme.px(14)


def _same_list(before: Leaf, leaf: Leaf) -> bool:
    kinds = [place[0].kind for place in (before.within, leaf.within) if place]
    return len(kinds) == 2 and kinds[0] == kinds[1]
