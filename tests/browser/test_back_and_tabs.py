"""Links, the back button, and several tabs: the browser is used as a browser."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BUSY, Visit
from tests.browser.screen import ALL, STORE_PAGE, Screen
from tests.browser.server import SMALL, Server
from tests.house import LAST

pytestmark = pytest.mark.browser


def oldest(server: Server, store: str) -> int:
    """The first version of a store."""
    version = server.runs(store)[-1].version
    assert version is not None
    return version


def expect_old(screen: Screen, version: int) -> None:
    """Expect an older version, that says so, and neither figures nor alerts of the days to come."""
    expect(screen.alert).to_contain_text(re.compile(rf"This is version {version}, published .*The newest is"))
    expect(screen.tiles).to_have_count(0)
    first = LAST + timedelta(days=1)
    expect(screen.table("Forecast by day")).to_contain_text(f"{first:%a} {first.day} {first:%b}")


def test_a_link_to_a_version_of_a_product_shows_it_to_whoever_is_sent_it(
    sample_server: Server, visit: Visit
) -> None:
    """It says that there is a newer one, leads there, and back again."""
    version = oldest(sample_server, BUSY)
    link = f"{STORE_PAGE}?store={BUSY}&item=101&version={version}"
    screen = visit(sample_server, link)
    screen.expect_choice(BUSY, "101")
    expect_old(screen, version)
    assert screen.address == {"store": BUSY, "item": "101", "version": str(version)}

    screen.press("newest_version")
    screen.expect_forecast()
    expect(screen.alert).to_have_count(0)
    assert screen.address == {"store": BUSY, "item": "101"}
    screen.page.go_back()
    expect_old(screen, version)
    screen.expect_choice(BUSY, "101")

    screen.press("next_store")
    screen.expect_forecast()
    assert "version" not in screen.address


def expect_queue(screen: Screen) -> None:
    """Expect My stores, and that no store is open."""
    expect(screen.page.get_by_placeholder("Search store")).to_be_visible()
    expect(screen.grid).to_be_visible()
    expect(screen.chart).to_have_count(0)


def test_back_and_forward_between_the_queue_and_its_stores(sample_server: Server, visit: Visit) -> None:
    """One press of the button for each step that was made, and pickers and address follow."""
    screen = visit(sample_server)
    screen.page.get_by_role("radio", name=re.compile("^All ")).click()
    screen.open_row()
    screen.expect_forecast()
    opened = screen.address["store"]
    screen.press("next_store")
    expect(screen.page).not_to_have_url(re.compile(rf"store={opened}$"))
    beside = screen.address["store"]
    screen.expect_choice(beside, ALL)

    screen.page.go_back()
    screen.expect_choice(opened, ALL)
    screen.page.go_back()
    expect_queue(screen)
    screen.page.go_forward()
    screen.expect_choice(opened, ALL)
    screen.page.go_forward()
    screen.expect_choice(beside, ALL)
    screen.expect_forecast()
    assert screen.address == {"store": beside}


def another_tab(screen: Screen, path: str) -> Screen:
    """Open an address in a new tab of the same browser."""
    page: Page = screen.page.context.new_page()
    page.goto(path, wait_until="commit")
    return Screen(page)


def test_tabs_of_one_planner_see_what_is_done_in_the_other(server: Server, visit: Visit) -> None:
    """A refresh, a review, its being taken back: on the store's page and in the queue, with no reload."""
    first = visit(server, f"{STORE_PAGE}?store={SMALL}")
    second = another_tab(first, f"{STORE_PAGE}?store={SMALL}")
    queue = another_tab(first, "/")
    for tab in (first, second):
        tab.expect_forecast()
    queue.expect_part("Reviewed", 0)
    before = first.version()
    for tab in (first, second, queue):
        tab.mark()

    first.refresh.click()
    for tab in (first, second):
        expect(tab.strip).not_to_contain_text(re.compile(rf"version {before}\b"))
        expect(tab.strip).to_contain_text("Fresh")

    reviewed = second.page.locator(".st-key-review")
    first.press("review")
    expect(reviewed).to_have_text(re.compile("Reviewed$"))
    queue.expect_part("Reviewed", 1)
    second.press("review")
    expect(first.page.locator(".st-key-review")).to_have_text(re.compile("Mark reviewed$"))
    queue.expect_part("Reviewed", 0)
    assert all(tab.is_marked() for tab in (first, second, queue))
