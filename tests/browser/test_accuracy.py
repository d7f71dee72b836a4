"""From the navigation to one product's accuracy, by an address that can be shared."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.screen import ALL, Screen
from tests.browser.server import Server

SECOND_ROW = {"x": 18, "y": 90}
"""Where the selection box of the table's second row is, from its corner."""

pytestmark = pytest.mark.browser


def expect_figures(screen: Screen) -> None:
    """Expect four tiles, the first with a percentage, and both charts with their words."""
    tiles = screen.tiles
    expect(tiles).to_have_count(4)
    expect(tiles.first).to_contain_text(re.compile(r"Error in backtest.*\d+\.\d%", re.DOTALL))
    for words in ("Error by days ahead", "Share of days inside the range"):
        expect(screen.page.get_by_role("figure", name=words)).to_be_visible()


def test_accuracy_of_all_stores_of_one_and_of_a_product(server: Server, visit: Visit) -> None:
    """Chosen, reloaded from its address, and left for the store's own page, which shows the same."""
    screen = visit(server, "/")
    screen.go_to("Accuracy")
    expect(screen.page.get_by_role("heading", level=3)).to_contain_text("4-week average")
    expect_figures(screen)
    expect(screen.picker("Product")).to_be_disabled()
    screen.pick("Store", "2")
    expect(screen.tiles.nth(1)).to_contain_text("Compared with the 4-week average")
    screen.pick("Product", "102")
    expect(screen.main).to_contain_text(re.compile(r"Model in use, and why.*(as configured|over the last)"))
    assert screen.address == {"store": "2", "item": "102"}

    screen.page.reload(wait_until="commit")
    expect(screen.picker("Store")).to_have_value("2")
    expect(screen.picker("Product")).to_have_value("102")
    expect_figures(screen)

    screen.pick("Store", "All stores")
    expect(screen.picker("Product")).to_have_value(ALL)
    screen.go_to("Store forecast")
    screen.expect_choice("1", ALL)
    expect(screen.alert).to_have_count(0)


def test_a_row_opens_its_store(server: Server, visit: Visit) -> None:
    """As in the queue."""
    screen = visit(server, "/accuracy")
    rows = screen.page.locator(".st-key-accuracy_table")
    expect(rows.get_by_test_id("stDataFrame")).to_be_visible()
    rows.scroll_into_view_if_needed()
    rows.click(position=SECOND_ROW)
    expect(screen.page).to_have_url(re.compile(r"/store_forecast\?store=\d+"))
    screen.expect_choice(screen.address["store"], ALL)
