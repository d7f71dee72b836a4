"""What a planner sees and does in one browser session."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

PRESS = """at => {
    const press = () => document.querySelector('.st-key-refresh button').click();
    setTimeout(press, at - Date.now());
}"""
"""Click the Refresh button at an instant, whatever Playwright thinks of it."""


CELLS = (
    "table => [...table.querySelectorAll('tr')].map(row => [...row.children].map(cell => cell.textContent))"
)

ALL = "All products"

STORE_PAGE = "/store_forecast"
"""Where Store forecast is, as long as another page is the router's default: that one is at ``/`` only."""


class Screen:
    """One session's window.

    Attributes
    ----------
    page
        Playwright's page, for what is not named here.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main = page.get_by_test_id("stMain")
        self.alert = page.get_by_test_id("stAlert")
        self.chart = page.get_by_role("figure", name="Line chart of store")
        self.grid = page.get_by_test_id("stDataFrame")
        self.tiles = page.locator(".tile")
        self.strip = self.main.get_by_test_id("stMarkdown").filter(has_text=re.compile("Sales through"))
        self.progress = page.get_by_test_id("stProgress")
        self.refresh = page.locator(".st-key-refresh button")

    @property
    def address(self) -> dict[str, str]:
        """The query parameters of the address."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query).items()}

    def picker(self, label: str) -> Locator:
        """The field of a picker, ``"Store"`` or ``"Product"``."""
        return self.page.get_by_role("combobox", name=label)

    def pick(self, label: str, choice: str) -> None:
        """Choose in a picker."""
        self.picker(label).click()
        self.page.get_by_role("option", name=choice, exact=True).click()

    def press(self, button: str) -> None:
        """Press the button of this key."""
        self.page.locator(f".st-key-{button} button").locator("visible=true").click()

    def go_to(self, title: str) -> None:
        """Follow a link of the navigation."""
        self.page.get_by_test_id("stTopNavLink").filter(has_text=title).click()

    def expect_choice(self, store: str, item: str) -> None:
        """Expect both pickers to show this, and its chart below."""
        expect(self.picker("Store")).to_have_value(store)
        expect(self.picker("Product")).to_have_value(item)
        name = item.lower() if item == ALL else f"product {item}"
        expect(self.page.get_by_role("figure", name=f"Line chart of store {store}, {name}:")).to_be_visible()
        self.expect_sold()

    def expect_sold(self) -> None:
        """Expect the chart with what was sold."""
        expect(self._in_chart("sold")).to_have_count(1)

    def expect_forecast(self) -> None:
        """Expect the chart with sales and forecast, and the figures."""
        self.expect_sold()
        expect(self._in_chart("expected")).to_have_count(1)
        expect(self.tiles).to_have_count(4)

    def _in_chart(self, word: str) -> Locator:
        """Where the chart says this; for a blink the chart before may still be there as well."""
        return self.chart.get_by_text(word, exact=True).filter(visible=True)

    def expect_drawn(self) -> None:
        """Expect the page's script to have ended, and nothing to stand for what is still to be drawn."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.main.get_by_test_id("stElementContainer").first).to_be_visible()
        expect(self.main.get_by_test_id("stSkeleton")).to_have_count(0)

    def expect_version(self, version: int) -> None:
        """Expect the strip to name this version."""
        expect(self.strip).to_contain_text(re.compile(rf"version {version}\b"))

    def version(self) -> int:
        """The version the strip names."""
        expect(self.strip).to_contain_text("version")
        found = re.search(r"version (\d+)", self.strip.inner_text())
        assert found is not None
        return int(found[1])

    def press_at(self, instant: float) -> None:
        """Press Refresh at an instant (seconds since the epoch)."""
        self.page.evaluate(PRESS, instant * 1000)

    def table(self, name: str) -> Locator:
        """The table of this name."""
        return self.page.get_by_role("region", name=name)

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a table as far as it is drawn, by column."""
        expect(self.table(name).locator("tbody tr").first).to_be_attached()
        titles, *rows = self.table(name).evaluate(CELLS)
        return [dict(zip(titles, row, strict=True)) for row in rows]

    def open_row(self, number: int = 0) -> None:
        """Choose a row of the queue."""
        expect(self.grid).to_be_visible()
        self.grid.click(position={"x": 18, "y": 60 + 46 * number})

    def expect_part(self, part: str, number: int) -> None:
        """Expect so many stores in a part of the queue."""
        expect(self.page.get_by_role("radio", name=f"{part} {number}", exact=True)).to_be_visible()

    def mark(self) -> None:
        """Leave a mark that a reload would remove."""
        self.page.evaluate("window.mark = true")

    def is_marked(self) -> bool:
        """Whether the page has not been loaded again since `mark`."""
        return bool(self.page.evaluate("window.mark === true"))
