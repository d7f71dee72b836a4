"""The morning's journeys: the queue, the next day's sales, an upload that is refused."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.screen import ALL, Screen
from tests.browser.server import Server, until

pytestmark = pytest.mark.browser

FIRST_ROW = {"x": 18, "y": 60}
"""Where the selection box of the queue's first row is, from the grid's corner."""


def open_first_of_queue(screen: Screen) -> None:
    """Choose the first row of the queue."""
    expect(screen.grid).to_be_visible()
    screen.grid.click(position=FIRST_ROW)


def test_from_the_queue_to_the_store_to_a_refresh_to_its_trace(server: Server, visit: Visit) -> None:
    """One store after the other, without typing an address."""
    screen = visit(server, "/")
    expect(screen.page.get_by_role("heading", level=3)).to_contain_text("4 stores")
    screen.page.get_by_placeholder("Search store").fill("3")
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_test_id("stButtonGroup")).to_contain_text("All 1")
    open_first_of_queue(screen)
    screen.expect_choice("3", ALL)
    before, known = screen.version(), len(server.runs("3"))
    screen.refresh.click()
    until(lambda: len(server.runs("3")) > known, 20, "a run was asked for")
    until(lambda: not server.runs("3")[0].state.active, 20, "the run ended")
    (run, *_) = server.runs("3")
    assert run.requested_by == "Local user"
    assert run.version is not None
    assert run.version > before
    screen.expect_version(run.version)
    expect(screen.strip).to_contain_text("Fresh")
    screen.go_to("Activity")
    expect(screen.page.get_by_role("heading", name="Activity")).to_be_visible()
    expect(screen.grid).to_be_visible()


def test_the_next_day_puts_a_store_behind_and_a_refresh_rolls_it_forward(
    sample_server: Server, visit: Visit
) -> None:
    """Behind, then rolled forward without training, then fresh."""
    screen = visit(sample_server, "/sales_data")
    button = screen.page.get_by_role("button", name="Load the sample's next day")
    day = button.inner_text().rpartition(", ")[2]
    button.click()
    expect(screen.alert).to_contain_text(
        re.compile(r"2019-04-0\d\.csv was imported: 105 new rows, 0 revised\.")
    )
    expect(button).not_to_contain_text(day)

    screen.go_to("My stores")
    expect(screen.page.get_by_role("heading", level=3)).to_have_text("35 of 35 stores need attention")
    screen.page.goto("/store_forecast?store=17", wait_until="commit")
    expect(screen.strip).to_contain_text("Behind")
    before = screen.version()
    screen.refresh.click()
    expect(screen.strip).to_contain_text("Fresh")
    expect(screen.strip).to_contain_text(f"Sales through {day}")
    assert screen.version() > before
    (run, *_) = sample_server.runs("17")
    assert run.verdict == "reforecast"


def test_a_file_with_three_errors_is_refused_with_all_three(
    sample_server: Server, visit: Visit, tmp_path: Path
) -> None:
    """By row and column, and nothing is changed."""
    file = tmp_path / "monday.csv"
    file.write_text(
        "store,item,date,demand\n17,101,2030-01-01,5\n17,101,soon,5\n17,,2030-01-02,5\n17,109,2030-01-02,-2\n"
    )
    screen = visit(sample_server, "/sales_data")
    newest = screen.page.get_by_text(re.compile(r"35 stores · 3 products"))
    expect(newest).to_be_visible()
    before = newest.inner_text()
    screen.page.locator("input[type=file]").set_input_files(file)
    expect(screen.alert).to_contain_text("Refused: 3 problems in monday.csv. Nothing was changed.")
    cells = screen.page.get_by_test_id("stDataFrame").last
    for words in ("date", "'soon'", "item", "demand", "'-2'"):
        expect(cells).to_contain_text(words)
    expect(screen.page.get_by_role("button", name=re.compile("^Import"))).to_have_count(0)
    screen.page.reload()
    expect(newest).to_have_text(before)
