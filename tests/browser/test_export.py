"""What a planner exports says what the page said."""

import csv
import io
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Download, expect

from tests.browser.conftest import Visit
from tests.browser.screen import ALL, STORE_PAGE, Screen
from tests.browser.server import Server

pytestmark = pytest.mark.browser


def exported(screen: Screen, label: str) -> Download:
    """Export the file of this label."""
    screen.page.get_by_role("button", name="Export").click()
    with screen.page.expect_download() as awaited:
        screen.page.get_by_role("button", name=label).click()
    screen.page.keyboard.press("Escape")
    return awaited.value


def content(download: Download) -> bytes:
    """The file that was saved."""
    path: Path = download.path()
    return path.read_bytes()


def test_the_excel_file_of_a_store_says_what_its_page_says(server: Server, visit: Visit) -> None:
    """Version, tomorrow, the week; under a name that says what it is."""
    screen = visit(server, f"{STORE_PAGE}?store=2")
    screen.expect_choice("2", ALL)
    screen.expect_forecast()
    download = exported(screen, "Excel file")
    assert download.suggested_filename == f"forecast_store_2_all_2019-04-03_v{screen.version()}.xlsx"
    book = load_workbook(io.BytesIO(content(download)))
    facts = {label.value: value.value for label, value in book["About"].iter_rows(min_row=3, max_col=2)}
    assert facts["Version"] == screen.version()
    days = [[cell.value for cell in row] for row in book["Forecast"].iter_rows(min_row=2)]
    tomorrow, week = (screen.tiles.nth(at) for at in (0, 1))
    expect(tomorrow).to_contain_text(f"likely {days[1][1]:,.0f} – {days[1][3]:,.0f}")
    expect(tomorrow).to_contain_text(f"{days[1][2]:,.0f}")
    expect(week).to_contain_text(f"{sum(day[2] for day in days[:7]):,.0f}")


def test_the_csv_of_the_queue_has_the_stores_that_are_shown(server: Server, visit: Visit) -> None:
    """No more than the filters leave."""
    screen = visit(server, "/")
    screen.page.get_by_placeholder("Search store").fill("3")
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_test_id("stButtonGroup")).to_contain_text(re.compile(r"All 1\b"))
    download = exported(screen, "CSV, for other programs")
    assert download.suggested_filename == "stores_2019-04-03.csv"
    (row,) = csv.DictReader(io.StringIO(content(download).decode("utf-8-sig")))
    assert (row["store"], row["as_of"], row["unit"]) == ("3", "2019-04-03", "units")
    expect(screen.grid).to_contain_text(f"{float(row['next_7_days']):.0f}")


def test_on_paper_there_is_a_table_and_nothing_to_press(server: Server, visit: Visit) -> None:
    """A heading, the chart, the days as letters and lines; in a dark theme too, on white."""
    screen = visit(server, f"{STORE_PAGE}?store=2", spoilt=True)
    for scheme in ("light", "dark"):
        screen.page.emulate_media(media="screen", color_scheme=scheme)
        screen.page.reload()
        screen.expect_forecast()
        screen.page.emulate_media(media="print")
        title = "Demand forecast: store 2, all products"
        expect(screen.page.get_by_role("heading", name=title)).to_be_visible()
        expect(screen.chart).to_be_visible()
        expect(screen.table("Forecast by day").locator("tbody tr")).to_have_count(28)
        expect(screen.table("Forecast by day").locator("tbody tr").last).to_be_visible()
        for hidden in ("button", "input", "[data-testid=stHeader]", "[data-testid=stDataFrame]"):
            expect(screen.page.locator(hidden).locator("visible=true")).to_have_count(0)
        expect(screen.page.locator(".stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
