"""Everything can be done without a mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BUSY, Visit
from tests.browser.screen import ALL, STORE_PAGE, Screen
from tests.browser.server import Server

pytestmark = pytest.mark.browser

QUEUE = "Stores with state and reason; choose a row, or press Shift and Space on it, to open the store"
MOST_STEPS = 60
FADE_MS = 3_000
"""How long a border may take to change its colour."""

FOCUSED = """() => {
    const it = document.activeElement;
    if (!it.matches("a, button, input")) return [[], false];
    const words = it.getAttribute("aria-label") || it.getAttribute("placeholder") || it.innerText || "";
    const around = [it, it.parentElement, it.closest("[role=group]"), ...it.querySelectorAll("*")];
    const styles = around.filter(Boolean).map(each => getComputedStyle(each));
    const seen = styles.some(each => each.outlineStyle !== "none" || each.boxShadow !== "none"
        || each.borderColor === "rgb(15, 108, 189)");
    return [words.split("\\n").map(each => each.trim()), seen];
}"""
"""What has the focus, and whether an outline, a shadow or the accent on its border shows that."""


def step_to(page: Page, label: str) -> None:
    """Press Tab until a control has the focus; it must be seen to have it."""
    walked = []
    for _step in range(MOST_STEPS):
        page.keyboard.press("Tab")
        words, _seen = page.evaluate(FOCUSED)
        walked.append(words)
        if label in words:
            page.wait_for_function(f"() => ({FOCUSED})()[1]", timeout=FADE_MS)
            return
    pytest.fail(f"expected to come to {label}, came by {walked}")


def opened(server: Server, visit: Visit, path: str) -> Screen:
    """A page on which nothing has the focus yet."""
    screen = visit(server, path)
    expect(screen.chart.first).to_be_visible()
    return screen


def test_a_store_is_chosen_stepped_through_and_exported(server: Server, visit: Visit) -> None:
    """Tab, arrows, Enter; Escape closes what was opened."""
    screen = opened(server, visit, f"{STORE_PAGE}?store=2")
    page = screen.page
    step_to(page, "Store")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="3", exact=True)).to_have_attribute("data-focused", "true")
    page.keyboard.press("Enter")
    screen.expect_choice("3", ALL)
    step_to(page, "Product")
    step_to(page, "Previous store")
    page.keyboard.press("Enter")
    screen.expect_choice("2", ALL)
    step_to(page, "Export")
    page.keyboard.press("Enter")
    step_to(page, "Excel file")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("forecast_store_2_all_")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Excel file")).to_have_count(0)
    step_to(page, "Refresh forecast")


def test_how_many_are_compared_is_chosen(server: Server, visit: Visit) -> None:
    """And whether on one scale."""
    screen = opened(server, visit, "/compare")
    page = screen.page
    step_to(page, "Same scale")
    page.keyboard.press("Space")
    expect(page.get_by_role("switch", name="Same scale")).not_to_be_checked()
    expect(page).to_have_url(re.compile("same_scale=false"))
    step_to(page, "2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(3)


def test_a_store_of_the_queue_is_opened(sample_server: Server, visit: Visit) -> None:
    """Tab to the table, arrows to a row, Shift and Space: Streamlit's own way of choosing one."""
    page = visit(sample_server, "/").page
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    step_to(page, "Search store")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name=re.compile("^All 1"))).to_be_visible()
    step_to(page, f"Fullscreen: {QUEUE}")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page).to_have_url(re.compile(r"/store_forecast\?store=\d+"))


def test_a_store_is_reviewed_refreshed_and_asked_why(sample_server: Server, visit: Visit) -> None:
    """Buttons, toggle, what changed, and the day that is explained; from top to bottom by Tab alone."""
    screen = opened(sample_server, visit, f"{STORE_PAGE}?store={BUSY}")
    page, keys = screen.page, screen.page.keyboard
    step_to(page, "Next store")
    keys.press("Enter")
    expect(page).not_to_have_url(re.compile(f"store={BUSY}"))
    keys.press("Shift+Tab")
    keys.press("Enter")  # Previous store
    screen.expect_choice(BUSY, ALL)
    for before, after in (("Mark reviewed", "Reviewed"), ("Reviewed", "Mark reviewed")):
        step_to(page, before)
        keys.press("Enter")
        expect(page.locator(".st-key-review")).to_have_text(re.compile(f"{after}$"))
        keys.press("Shift+Tab")
    for _press in range(2):  # where sales have come in, the first rolls it forward
        step_to(page, "Refresh forecast")
        keys.press("Enter")
        expect(screen.strip).to_contain_text("Fresh")
        keys.press("Shift+Tab")
    told = re.compile("Trained .+ ago, within the 2-day tolerance, .+: nothing was run")
    expect(screen.main).to_contain_text(told)
    step_to(page, "Previous forecast")
    keys.press("Space")
    expect(page.get_by_role("switch", name="Previous forecast")).to_be_checked()
    step_to(page, "Day")
    shown = page.get_by_role("combobox", name="Day").input_value()
    expect(page.get_by_role("img", name=f"What {shown} is made of")).to_be_visible()
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.get_by_role("combobox", name="Day")).not_to_have_value(shown)
    shown = page.get_by_role("combobox", name="Day").input_value()
    expect(page.get_by_role("img", name=f"What {shown} is made of")).to_be_visible()
