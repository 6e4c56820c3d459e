"""The plots of the benches, as SVG written by hand: a white field, thin lines, one accent. Pure."""

from collections.abc import Mapping, Sequence

_WIDTH = 720
_EDGE = 20
_FIRST, _SECOND = "#b9c9ec", "#3b6fd4"
_BAR = 14
_GOAL = 0.95


def utilization_svg(utilization: Sequence[float]) -> str:
    """The window's utilization after each turn, with the threshold it never crosses unseen."""
    height, left = 240, 40
    step = (_WIDTH - left) / max(1, len(utilization) - 1)

    def y(value: float) -> float:
        return height - _EDGE - value * (height - 2 * _EDGE)

    points = " ".join(f"{left + i * step:.1f},{y(u):.1f}" for i, u in enumerate(utilization))
    lines = "".join(
        f'<line x1="{left}" x2="{_WIDTH}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#bbb" '
        f'stroke-dasharray="4 4"/>' + _text(4, y(v) + 4, f"{v:.0%}")
        for v in (0.35, 0.70, 1.0)
    )
    curve = f'<polyline points="{points}" fill="none" stroke="{_SECOND}" stroke-width="1.5"/>'
    return _field(height, lines + curve)


def memory_svg(shares: Mapping[str, tuple[float, float]]) -> str:
    """For each way two bars: facts in the prompt that asks, and facts answered right."""
    left, row = 150, 2 * _BAR + 16
    bottom = _EDGE + 12 + row * len(shares)
    wide = _WIDTH - left - 60

    def x(share: float) -> float:
        return left + share * wide

    marks = "".join(
        f'<line x1="{x(v):.1f}" x2="{x(v):.1f}" y1="{_EDGE + 6}" y2="{bottom}" stroke="#bbb" '
        f'stroke-dasharray="4 4"/>' + _text(x(v) - 12, bottom + 14, f"{v:.0%}")
        for v in (0, 0.5, _GOAL)
    )
    legend = "".join(
        f'<rect x="{at}" y="6" width="10" height="10" fill="{fill}"/>' + _text(at + 15, 15, words)
        for at, fill, words in (
            (left, _FIRST, "the fact is in the prompt"),
            (left + 170, _SECOND, "the answer is right"),
        )
    )
    bars = ""
    for number, (name, pair) in enumerate(shares.items()):
        top = _EDGE + 16 + number * row
        bars += _text(4, top + _BAR + 4, name)
        for line, (share, fill) in enumerate(zip(pair, (_FIRST, _SECOND), strict=True)):
            y = top + line * _BAR
            bars += f'<rect x="{left}" y="{y}" width="{share * wide:.1f}" height="{_BAR - 1}" '
            bars += f'fill="{fill}"/>' + _text(x(share) + 5, y + 11, f"{share:.0%}")
    return _field(bottom + 20, marks + legend + bars)


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x:g}" y="{y:.1f}">{words}</text>'


def _field(height: int, drawn: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="11" fill="#555">'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>{drawn}</svg>\n'
    )
