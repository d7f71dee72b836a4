"""A server that has drawn nothing yet is asked for a page other than the first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.screen import STORE_PAGE, Screen
from tests.browser.server import Server, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def cold(home: Path) -> Iterator[Server]:
    """A server that listens and has not been asked anything."""
    with serving(home) as server:
        server.wait_for_port()
        yield server


def expect_the_router(screen: Screen, current: str) -> None:
    """Expect the navigation on top, and nothing in its place that Streamlit draws without the router."""
    links = screen.page.get_by_test_id("stTopNavLink")
    for title in ("Store forecast", "Activity"):
        expect(links.filter(has_text=title)).to_be_visible()
    expect(screen.page.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect(screen.page).to_have_title("Storecast")
    expect(links.filter(has_text=current)).to_have_attribute("aria-current", "page")


def expect_the_lifespan(server: Server) -> None:
    """Expect the service behind the API, not the 503 of a process without one, and not a page."""
    answer = server.ask("POST", "/training", json={"store_number": 99})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert "store '99'" in answer.json()["detail"]


def test_a_link_to_another_page_goes_through_the_router(cold: Server, visit: Visit) -> None:
    """The first request of all is for Activity."""
    screen = visit(cold, "/activity")
    expect(screen.page.get_by_role("heading", name="Activity")).to_be_visible()
    expect(screen.grid).to_contain_text("No forecast yet: training for the first time")
    expect_the_router(screen, "Activity")
    expect_the_lifespan(cold)


def test_a_link_to_a_product_shows_that_product(cold: Server, visit: Visit) -> None:
    """The first request of all names a store and a product."""
    screen = visit(cold, f"{STORE_PAGE}?store=2&item=101")
    screen.expect_choice("2", "101")
    expect_the_router(screen, "Store forecast")
    expect_the_lifespan(cold)
    assert screen.address == {"store": "2", "item": "101"}
