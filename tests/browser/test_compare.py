"""Comparing in a real browser: by address, by pickers, there and back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.screen import Screen
from tests.browser.server import Server

pytestmark = pytest.mark.browser


def expect_compared(screen: Screen, first: str, second: str) -> None:
    """Expect two stores, their charts and their days."""
    stores = screen.picker("Store")
    expect(stores.nth(0)).to_have_value(first)
    expect(stores.nth(1)).to_have_value(second)
    for store in (first, second):
        expect(screen.page.get_by_role("figure", name=f"Line chart of store {store}:")).to_be_visible()
    days = screen.table(f"Expected demand: store {first}, store {second}, by day")
    expect(days).to_contain_text(f"Difference ({second} − {first})")


def choose(screen: Screen, side: int, store: str) -> None:
    """Choose the store of a side."""
    screen.picker("Store").nth(side).click()
    screen.page.get_by_role("option", name=store, exact=True).click()


def test_what_is_compared_stands_in_the_address(server: Server, visit: Visit) -> None:
    """A colleague who is sent the link sees the same, and so does who loads it again."""
    screen = visit(server, "/compare")
    expect_compared(screen, "1", "2")
    choose(screen, 1, "3")
    expect_compared(screen, "1", "3")
    expect(screen.page).to_have_url(re.compile("store2=3"))
    assert screen.address == {"store2": "3"}
    colleague = visit(server, screen.page.url)
    expect_compared(colleague, "1", "3")
    screen.page.reload()
    expect_compared(screen, "1", "3")


def test_a_third_store_joins_and_leaves(server: Server, visit: Visit) -> None:
    """With a column of its own."""
    screen = visit(server, "/compare?store1=3&store2=1")
    expect_compared(screen, "3", "1")
    screen.page.get_by_role("radio", name="3", exact=True).click()
    expect(screen.page.get_by_test_id("stPlotlyChart")).to_have_count(3)
    expect(screen.page.get_by_test_id("stException")).to_have_count(0)
    screen.page.get_by_role("radio", name="2", exact=True).click()
    expect(screen.page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    expect_compared(screen, "3", "1")
