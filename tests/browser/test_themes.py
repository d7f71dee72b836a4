"""Light and dark: as the reader's system has it, when a page is opened and while it is open."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BUSY, Visit
from tests.browser.screen import STORE_PAGE, Screen
from tests.browser.server import Server

pytestmark = pytest.mark.browser

READ = """() => {
    const style = selector => getComputedStyle(document.querySelector(selector));
    const drawn = [...document.querySelectorAll('.st-key-forecast_chart .scatterlayer path.js-line')]
        .map(line => getComputedStyle(line))
        .filter(line => line.strokeWidth !== '0px')
        .map(line => line.stroke);
    const words = [...document.querySelectorAll('.st-key-forecast_chart svg text')]
        .filter(each => each.textContent).map(each => getComputedStyle(each).fill);
    return {
        text: style('.stApp').color,
        ground: style('.stApp').backgroundColor,
        accent: style('.st-key-refresh button').backgroundColor,
        lines: [...new Set(drawn)],
        words: [...new Set(words)],
    };
}"""
"""Colours of the page, and those of lines and words of its chart, as the browser has them."""

READABLE, SEEN = 4.5, 3.0
"""Contrast of words and of lines: https://www.w3.org/TR/WCAG22/#contrast-minimum, #non-text-contrast."""


def luminance(colour: str) -> float:
    """Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance) of ``rgb(…)``."""
    shares = [float(each) / 255 for each in colour.removeprefix("rgb(").removesuffix(")").split(", ")]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def expect_theme(screen: Screen, *, dark: bool) -> None:
    """Expect page and chart in the same colours, to be read and seen on the ground they are on."""
    screen.expect_forecast()
    read = screen.page.evaluate(READ)
    assert (luminance(read["ground"]) < 0.5) is dark
    assert contrast(read["text"], read["ground"]) >= READABLE
    assert {read["text"], read["accent"]} <= {*read["lines"]}
    assert all(contrast(line, read["ground"]) >= SEEN for line in read["lines"])
    assert all(contrast(words, read["ground"]) >= READABLE for words in read["words"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_and_chart_have_the_colours_of_the_readers_theme(
    sample_server: Server, visit: Visit, scheme: str
) -> None:
    """What was sold in that of words, what is expected in that of the button; the version before is seen."""
    screen = visit(sample_server, f"{STORE_PAGE}?store={BUSY}", color_scheme=scheme)
    screen.expect_forecast()
    screen.page.get_by_text("Previous forecast").click()
    expect(screen.chart.locator(".scatterlayer path.js-line[style*=dasharray]").first).to_be_attached()
    expect_theme(screen, dark=scheme == "dark")


@pytest.mark.parametrize("path", [f"{STORE_PAGE}?store={BUSY}", "/compare", "/accuracy"])
def test_charts_follow_when_evening_comes(sample_server: Server, visit: Visit, path: str) -> None:
    """On an open page, within seconds, without a reload."""
    screen = visit(sample_server, path, spoilt=True, color_scheme="light")
    line = screen.page.locator(".js-plotly-plot .scatterlayer path.js-line").last
    expect(line).to_be_attached()
    by_day = line.evaluate("line => getComputedStyle(line).stroke")
    screen.mark()
    screen.page.emulate_media(color_scheme="dark")
    expect(line).not_to_have_css("stroke", by_day)
    ground = screen.page.locator(".stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    assert contrast(line.evaluate("line => getComputedStyle(line).stroke"), ground) >= SEEN
    assert screen.is_marked()
