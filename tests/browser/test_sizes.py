"""Every page on a phone, a laptop and a big screen: nothing sticks out, overlaps or is cut off."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import layout
from tests.browser.conftest import BUSY, Visit
from tests.browser.screen import STORE_PAGE, Screen
from tests.browser.server import Server

pytestmark = pytest.mark.browser

SIZES = {
    "big screen": {"width": 1920, "height": 1080},
    "laptop": {"width": 1366, "height": 768},
    "phone": {"width": 390, "height": 844},
}
STORE = f"{STORE_PAGE}?store={BUSY}"
PAGES = ["/", STORE, "/compare", "/compare?sides=4", "/accuracy", "/sales_data", "/activity"]
SPOIL = """() => {
    const main = document.querySelector('[data-testid=stMainBlockContainer]');
    main.insertAdjacentHTML('beforeend', `
        <div style="width: 3000px">wide</div>
        <div data-testid="stAlert" style="position: absolute; top: 80px; left: 60px">on top</div>
        <div style="width: 30px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">
            too long</div>`);
}"""
ALERTS = "closed: Building works"


def opened(visit: Visit, server: Server, path: str, size: str = "laptop") -> Screen:
    """A page at a size, all drawn."""
    screen = visit(server, path, viewport=SIZES[size])
    screen.expect_drawn()
    if path == STORE:
        screen.expect_forecast()
    return screen


@pytest.mark.parametrize("path", PAGES)
def test_nothing_sticks_out_overlaps_or_is_cut_off(sample_server: Server, visit: Visit, path: str) -> None:
    """At no size, while the window is made smaller; what is wider than a phone scrolls within itself."""
    page = opened(visit, sample_server, path, "big screen").page
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        assert (size, layout.wrong(page)) == (size, [])


def test_what_is_wrong_would_be_found(sample_server: Server, visit: Visit) -> None:
    """Something too wide, something on top of something else, words without room."""
    page = opened(visit, sample_server, "/").page
    page.evaluate(SPOIL)
    kinds = {each.partition(":")[0] for each in layout.wrong(page, rest_ms=1)}
    assert kinds == {"wider than the window", "sticks out", "overlap", "cut off"}


def bottom(part: Locator) -> float:
    """The lower edge of a part of the page, in pixels from the top of the window."""
    expect(part).to_be_visible()
    box = part.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_what_matters_is_seen_on_a_laptop_without_scrolling(sample_server: Server, visit: Visit) -> None:
    """Pickers, strip, figures, alerts, chart, in this order, all of them, of a store with much to tell."""
    screen = opened(visit, sample_server, STORE)
    alerts = screen.main.locator(".alerts")
    expect(alerts).to_contain_text(ALERTS)
    assert alerts.inner_text().count(ALERTS) == 3
    parts = [
        screen.picker("Store"),
        screen.strip,
        screen.tiles.first,
        alerts,
        screen.chart,
    ]
    bottoms = [bottom(part) for part in parts]
    assert bottoms == sorted(bottoms)
    assert bottoms[-1] <= SIZES["laptop"]["height"]
    assert bottom(screen.page.get_by_test_id("stHeader")) <= bottoms[0]
    toggle = screen.page.get_by_role("switch", name="Previous forecast")
    assert bottom(toggle.locator("xpath=..")) <= bottoms[-1]


def test_the_queue_is_seen_on_a_laptop_without_scrolling(sample_server: Server, visit: Visit) -> None:
    """Headline, parts and the first rows."""
    screen = opened(visit, sample_server, "/")
    assert bottom(screen.page.get_by_role("heading", level=3)) < bottom(
        screen.page.get_by_test_id("stButtonGroup")
    )
    box = screen.grid.bounding_box()
    assert box is not None
    assert box["y"] + 38 + 10 * 46 <= SIZES["laptop"]["height"]  # ten rows below their titles


def test_on_a_phone_the_chart_begins_at_what_is_ahead(sample_server: Server, visit: Visit) -> None:
    """It is wider than the screen, legible, and can be moved sideways to what was sold."""
    screen = opened(visit, sample_server, STORE, "phone")
    screen.chart.scroll_into_view_if_needed()
    expect(screen.chart.get_by_text("expected")).to_be_in_viewport()
    expect(screen.chart.get_by_text("sold", exact=True)).not_to_be_in_viewport()
    screen.page.locator(".st-key-forecast_chart").evaluate("frame => frame.scrollLeft = -9999")
    expect(screen.chart.get_by_text("sold", exact=True)).to_be_in_viewport()


def test_on_a_phone_the_buttons_fill_two_rows(sample_server: Server, visit: Visit) -> None:
    """In the order in which they are reached with a keyboard."""
    page = opened(visit, sample_server, STORE, "phone").page
    names, rows = ("previous_store", "next_store", "export", "review", "refresh"), dict[float, list[str]]()
    buttons = {name: page.locator(f".st-key-{name} button").locator("visible=true") for name in names}
    for name, button in buttons.items():
        rows.setdefault(bottom(button), []).append(name)
    assert list(rows.values()) == [["previous_store", "next_store", "export"], ["review", "refresh"]]
    shown = [buttons[name].bounding_box() for name in ("export", "refresh")]
    ends = [box and box["x"] + box["width"] for box in shown]
    assert ends == [SIZES["phone"]["width"] - 16] * 2  # up to the page's margin
