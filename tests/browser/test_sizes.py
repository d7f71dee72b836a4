"""Every page on a phone, a laptop and a big screen: nothing sticks out, overlaps or is cut off."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import layout
from tests.browser.conftest import BUSY, Visit
from tests.browser.screen import STORE_PAGE, Screen
from tests.browser.server import Server

pytestmark = pytest.mark.browser

SIZES = {"phone": (390, 844), "laptop": (1366, 768), "big screen": (1920, 1080)}
STORE = f"{STORE_PAGE}?store={BUSY}"
PAGES = {
    "/": "My stores",
    STORE: "Store forecast",
    "/compare": "Compare",
    "/accuracy": "Accuracy",
    "/sales_data": "Sales data",
    "/activity": "Activity",
}
ALERTS = "closed: Building works"


def opened(visit: Visit, server: Server, path: str, size: str) -> Screen:
    """A page at a size, all drawn."""
    width, height = SIZES[size]
    screen = visit(server, path, viewport={"width": width, "height": height})
    if path == STORE:
        screen.expect_forecast()
    screen.expect_drawn()
    return screen


@pytest.mark.parametrize("size", SIZES)
def test_nothing_sticks_out_overlaps_or_is_cut_off(sample_server: Server, visit: Visit, size: str) -> None:
    """On no page at no size; what is wider than a phone scrolls within itself."""
    wrong: dict[str, object] = {}
    for path, title in PAGES.items():
        page = opened(visit, sample_server, path, size).page
        found = [
            *(["the page"] if layout.is_wider_than_the_window(page) else []),
            *layout.sticking_out(page),
            *layout.overlapping(page),
            *layout.cut_off(page),
        ]
        wrong |= {title: found} if found else {}
    assert wrong == {}


def bottom(part: Locator) -> float:
    """The lower edge of a part of the page, in pixels from the top of the window."""
    expect(part).to_be_visible()
    box = part.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_what_matters_is_seen_on_a_laptop_without_scrolling(sample_server: Server, visit: Visit) -> None:
    """Pickers, strip, figures, alerts, chart, in this order, all of them, of a store with much to tell."""
    screen = opened(visit, sample_server, STORE, "laptop")
    alerts = screen.main.get_by_test_id("stMarkdown").filter(has_text=ALERTS)
    expect(alerts.get_by_text(ALERTS)).to_have_count(3)
    parts = [
        screen.picker("Store"),
        screen.strip,
        screen.page.get_by_test_id("stMetric").first,
        alerts,
        screen.chart,
    ]
    bottoms = [bottom(part) for part in parts]
    assert bottoms == sorted(bottoms)
    assert bottoms[-1] <= SIZES["laptop"][1]
    assert bottom(screen.page.get_by_test_id("stHeader")) <= bottoms[0]
    toggle = screen.page.get_by_role("switch", name="Previous forecast")
    assert bottom(toggle.locator("xpath=..")) <= bottoms[-1]


def test_the_queue_is_seen_on_a_laptop_without_scrolling(sample_server: Server, visit: Visit) -> None:
    """Headline, parts and the first rows."""
    screen = opened(visit, sample_server, "/", "laptop")
    assert bottom(screen.page.get_by_role("heading", level=3)) < bottom(
        screen.page.get_by_test_id("stButtonGroup")
    )
    box = screen.grid.bounding_box()
    assert box is not None
    assert box["y"] + 38 + 10 * 46 <= SIZES["laptop"][1]  # ten rows below their titles


def test_on_a_phone_the_chart_begins_at_what_is_ahead(sample_server: Server, visit: Visit) -> None:
    """It is wider than the screen, legible, and can be moved sideways to what was sold."""
    screen = opened(visit, sample_server, STORE, "phone")
    screen.chart.scroll_into_view_if_needed()
    expect(screen.chart.get_by_text("expected")).to_be_in_viewport()
    expect(screen.chart.get_by_text("sold", exact=True)).not_to_be_in_viewport()
    screen.page.locator(".st-key-forecast_chart").evaluate("frame => frame.scrollLeft = -9999")
    expect(screen.chart.get_by_text("sold", exact=True)).to_be_in_viewport()
