"""The colours of the design, measured: every text on every surface it may stand on, in both themes."""

import math
import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
SURFACES = ("ground", "panel", "raised", "hover", "well")
TEXTS = ("ink", "muted", "faint", "error-ink", "ok-ink", "signal")
MARKS = ("ok", "working", "waiting", "review", "error", "idle", "control")
THEMES = ("light", "dark")
OKLCH = r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)"
Color = tuple[float, float, float]


def color(name: str, theme: str) -> Color:
    found = re.search(rf"--{name}: (?:light-dark\({OKLCH}, {OKLCH}\)|{OKLCH});", CSS)
    assert found, name
    light, dark, single = found.group(1, 2, 3), found.group(4, 5, 6), found.group(7, 8, 9)
    chosen = single if single[0] else light if theme == "light" else dark
    lightness, chroma, hue = map(float, chosen)
    return lightness / 100, chroma, hue


def luminance(color: Color) -> float:
    lightness, chroma, hue = color
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    cones = (
        (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    weights = (
        (4.0767416621, -3.3077115913, 0.2309699292),
        (-1.2684380046, 2.6097574011, -0.3413193965),
        (-0.0041960863, -0.7034186147, 1.7076147010),
    )
    red, green, blue = (min(1, max(0, sum(w * c for w, c in zip(row, cones, strict=True)))) for row in weights)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read(text: str, theme: str) -> None:
    washes = ("error-wash",) if text in ("ink", "error-ink") else ("signal-wash",) if text in ("ink", "muted") else ()
    for surface in (*SURFACES, *washes):
        assert contrast(color(text, theme), color(surface, theme)) >= 4.5, (text, surface, theme)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", MARKS)
def test_marks_can_be_seen(mark: str, theme: str) -> None:
    for surface in SURFACES:
        assert contrast(color(mark, theme), color(surface, theme)) >= 3, (mark, surface, theme)


@pytest.mark.parametrize("theme", THEMES)
def test_the_primary_button_can_be_read(theme: str) -> None:
    for fill in ("signal-fill", "signal-fill-hover"):
        assert contrast(color("signal-ink", theme), color(fill, theme)) >= 4.5
