"""One style: the themes, the charts in them, the logos."""

import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from web.shared import colours, styles

ROOT = Path(__file__).resolve().parents[3]
THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
READABLE = 4.5
"""WCAG 2.1, 1.4.3, for text of usual size."""

PALETTES = {"light": colours.LIGHT, "dark": colours.DARK}


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.1)."""
    levels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return sum(weight * level for weight, level in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", PALETTES)
def test_charts_use_the_colours_of_the_theme(name: str) -> None:
    """The accent for forecasts, the ink for sales."""
    theme, palette = THEMES[name], PALETTES[name]
    assert (palette.accent, palette.ink) == (theme["primaryColor"], theme["textColor"])
    assert palette.promotion == theme["orangeColor"]


@pytest.mark.parametrize("name", PALETTES)
def test_text_has_enough_contrast(name: str) -> None:
    """On the page and on its charts, which axe does not check."""
    theme, palette = THEMES[name], PALETTES[name]
    ground = theme["backgroundColor"]
    for colour in (palette.ink, palette.quiet, palette.accent, palette.promotion, theme["linkColor"]):
        assert contrast(colour, ground) >= READABLE, colour
    assert contrast(theme["grayTextColor"], theme["grayBackgroundColor"]) >= READABLE


@pytest.mark.parametrize("name", PALETTES)
def test_style_sheets_use_the_colours_of_the_charts(name: str) -> None:
    """Every colour that a style sheet names is defined."""
    sheet = styles.style(name)
    named = set(re.findall(r"var\((--[a-z-]+)\)", sheet))
    given = dict(re.findall(r"(--[a-z-]+):([^;}]+)", sheet))
    assert named
    assert named <= given.keys()
    assert given["--accent"] == PALETTES[name].accent
    assert contrast(given["--warm"], given["--warm-ground"]) >= READABLE
    assert contrast(given["--ink"], given["--head"]) >= READABLE


@pytest.mark.parametrize("file", ["logo_light.svg", "logo_dark.svg", "icon.svg"])
def test_a_logo_needs_nothing_else(file: str) -> None:
    """Shapes only: no font, nothing to fetch."""
    root = ET.fromstring((ROOT / "web" / "static" / file).read_text(encoding="utf-8"))  # noqa: S314 - ours
    tags = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert tags <= {"svg", "g", "rect", "path", "circle"}
