"""The planner's morning: from a store that needs attention to its exported numbers, and on to the next."""

import csv
import io
import re
from datetime import date, timedelta

import pandas as pd
import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, SeriesKey
from tests.browser.conftest import NAIVE, Visit
from tests.browser.screen import Screen
from tests.browser.server import Server, command
from tests.browser.test_export import content, exported
from tests.processes import ROOT, until
from web.shared import formats

pytestmark = pytest.mark.browser

Days = dict[str, tuple[str, str, str]]
"""Low, expected and high by day, both as the page writes them."""

MANY = 200.0
"""Units more than usual: no forecast of a product of the sample stays as it was."""

DAYS, CHANGED = "Forecast by day", "Days that changed, and why"


def most_expected(server: Server, store: str) -> str:
    """The product of a store of which most is expected: one of a few units a day hardly ever moves."""
    with Storecast(Settings(home=server.home)) as storecast:
        services = storecast.services
        (items,) = [each.items for each in services.stores.visible(LOCAL_USER) if each.store == store]
        expected = {
            item: services.forecasts.forecast(LOCAL_USER, SeriesKey(store, item))["mean"].sum()
            for item in items
        }
    return max(items, key=lambda item: expected[item])


def choose_a_store(server: Server, screen: Screen) -> tuple[str, str]:
    """Open the first store that needs attention and one of its products; return both."""
    expect(screen.page.get_by_role("heading", level=3)).to_contain_text(
        re.compile(r"\d+ of 35 stores needs? attention")
    )
    screen.open_row()
    screen.expect_forecast()
    store = screen.address["store"]
    item = most_expected(server, store)
    screen.pick("Product", item)
    screen.expect_choice(store, item)
    return store, item


def sales_arrive(server: Server, store: str, item: str) -> date:
    """Import the next days of sales by command, as far as the next on which a product sold; return that day.

    It then sold many more, and so did all the store had.
    """
    with Storecast(Settings(home=server.home)) as storecast:
        day = storecast.services.stores.as_of(LOCAL_USER)
    assert day is not None
    while True:
        sold = pd.read_csv(ROOT / "data" / "feed" / f"{day}.csv", dtype={"store": str, "item": str})
        mine = (sold["store"] == store) & (sold["demand"] > 0)
        sold.loc[mine, "demand"] += MANY
        file = server.home / "morning.csv"
        sold.to_csv(file, index=False)
        assert "105 rows added" in command(server.home, "import", str(file), **NAIVE)
        if (mine & (sold["item"] == item)).any():
            return day
        day += timedelta(days=1)


def short(day: date) -> str:
    """A day as the page writes it."""
    return f"{day:%a} {day.day} {day:%b}"


def on_the_page(screen: Screen) -> Days:
    """The days of the table, once it says of tomorrow what the first tile says."""
    tile = screen.tiles.first
    tomorrow = re.search(r"Tomorrow, (.+)", tile.inner_text())
    assert tomorrow is not None

    def read() -> Days:
        return {row["Day"]: (row["Low"], row["Expected"], row["High"]) for row in screen.rows(DAYS)}

    def agrees() -> bool:
        low, _expected, high = read().get(tomorrow[1], ("", "", ""))
        return f"likely {low} – {high}" in tile.inner_text()

    until(agrees, 20, "the table says of tomorrow what the tile says")
    return read()


def in_the_csv(screen: Screen, version: int) -> Days:
    """The days of the CSV file, which is of this version."""
    rows = [*csv.DictReader(io.StringIO(content(exported(screen, "CSV")).decode("utf-8-sig")))]
    assert {row["version"] for row in rows} == {str(version)}
    return {
        short(date.fromisoformat(row["date"])): demands(row["open"], row["low"], row["expected"], row["high"])
        for row in rows
    }


def in_the_workbook(screen: Screen, version: int) -> Days:
    """The days of the Excel file, which is of this version."""
    book = load_workbook(io.BytesIO(content(exported(screen, "Excel file"))))
    facts = {label.value: value.value for label, value in book["About"].iter_rows(min_row=3, max_col=2)}
    assert facts["Version"] == version
    rows = [[cell.value for cell in row] for row in book["Forecast"].iter_rows(min_row=2)]
    return {short(row[0]): demands(row[6], *row[1:4]) for row in rows}


def demands(opened: str, *values: str | float) -> tuple[str, ...]:
    """Values of a file as the page writes them."""
    return tuple(formats.units(float(value)) if opened == "yes" else "closed" for value in values)


def expect_told(screen: Screen, before: int, earlier: Days, later: Days) -> None:
    """Expect *What changed* to name the new sales, and the changed days as both versions have them."""
    told = screen.page.get_by_test_id("stExpander")
    expect(told).to_contain_text(
        re.compile(rf"What changed since .* \(version {before}\): \d+ of \d+ days changed.*new sales added")
    )
    told.get_by_text("What changed").click()
    moved = screen.rows(CHANGED)
    assert moved
    for row in moved:
        assert (row["Before"], row["Now"]) == (earlier[row["Day"]][1], later[row["Day"]][1])


def expect_reviewed(screen: Screen, store: str) -> None:
    """Expect the queue to have a store, and no other, under *Reviewed*."""
    screen.go_to("My stores")
    screen.page.get_by_role("radio", name="Reviewed 1").click()
    expect(screen.grid).to_contain_text("Reviewed by Local user at")
    assert [row["Store"] for row in screen.rows("Stores with state and reason")] == [store]


def test_the_planners_morning(sample_server: Server, visit: Visit) -> None:
    """A store that needs attention, its new sales, what they changed, its exported numbers; reviewed.

    Nothing is loaded again: the page sees by itself that sales have come in.
    """
    screen = visit(sample_server)
    store, item = choose_a_store(sample_server, screen)
    before, earlier = screen.version(), on_the_page(screen)
    screen.mark()
    day = sales_arrive(sample_server, store, item)
    expect(screen.strip).to_contain_text(f"Sales through {short(day)}")
    expect(screen.strip).to_contain_text("Behind")

    screen.refresh.click()
    expect(screen.strip).to_contain_text("Fresh")
    expect(screen.table(DAYS)).not_to_contain_text(short(day))
    version, later = screen.version(), on_the_page(screen)
    assert version > before
    assert len(later) == 28
    expect_told(screen, before, earlier, later)
    assert in_the_csv(screen, version) == later
    assert in_the_workbook(screen, version) == later

    screen.press("review")
    expect(screen.page.locator(".st-key-review")).to_have_text(re.compile("Reviewed$"))
    expect_reviewed(screen, store)
    assert screen.is_marked()
    assert screen.address == {}
