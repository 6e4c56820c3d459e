"""The look as values: readable in light and dark, any accent, any size."""

import pytest

from app.core.paths import resources
from app.ui.theme import DARK, LIGHT, Mode, Theme, contrast, icon, mixed, palette, theme

MODES: tuple[Mode, ...] = ("light", "dark")


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_text_can_be_read_on_every_ground(look: Theme) -> None:
    colors = look.colors
    grounds = [colors.window, colors.sidebar, colors.surface, colors.bubble, colors.code]
    for ground in grounds:
        assert contrast(colors.text, ground) >= 7
        assert contrast(colors.muted, ground) >= 4.5
        assert contrast(colors.link, ground) >= 4.5
    assert contrast(colors.on_accent, colors.accent) >= 4.5
    assert contrast(colors.danger, colors.danger_soft) >= 4
    for ground in (colors.selection, colors.match, colors.current_match):
        assert contrast(colors.text, ground) >= 4.5


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_code_can_be_read_in_every_colour(look: Theme) -> None:
    for name in look.syntax.__struct_fields__:
        assert contrast(getattr(look.syntax, name), look.colors.code) >= 4.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("accent", ["#c0362c", "#2f9e5b", "#f0c000", "#101010", "#ffffff"])
def test_any_accent_stays_readable(mode: Mode, accent: str) -> None:
    colors = theme(mode, accent=accent).colors
    assert colors.accent == accent
    assert contrast(colors.on_accent, colors.accent) >= 3
    assert contrast(colors.text, colors.accent_soft) >= 7


def test_sizes_follow_the_text() -> None:
    assert theme("light", points=LIGHT.points * 1.5).px(10) == 15


def test_mixing_goes_from_one_to_the_other() -> None:
    assert mixed("#000000", "#ffffff", 0) == "#000000"
    assert mixed("#000000", "#ffffff", 1) == "#ffffff"


@pytest.mark.parametrize(
    "path", sorted((resources() / "icons").glob("*.svg")), ids=lambda p: p.stem
)
def test_icons_are_one_set_and_take_a_tint(qapp: object, path: object) -> None:
    source = path.read_text("utf-8")  # pyright: ignore
    assert 'viewBox="0 0 24 24"' in source
    assert "currentColor" in source
    image = icon(path.stem, "#ff0000").pixmap(24, 24).toImage()  # pyright: ignore
    painted = [
        image.pixelColor(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 200
    ]
    assert painted
    assert all(one.red() > 200 and one.green() < 60 for one in painted)


def test_the_palette_carries_the_colours(qapp: object) -> None:
    assert palette(DARK).window().color().name() == DARK.colors.window
