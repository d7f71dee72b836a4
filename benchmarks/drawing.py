"""Time until something is visible, by Chromium's own clock.

The page is checked at every frame; the end of the first frame that shows the content counts. A press is timed
from its event in the page, a first visit from the start of its navigation.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, sync_playwright

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-quic", "--no-first-run", "--disable-component-update",
)  # fmt: skip
PATIENCE_MS = 60_000
SIZE = ViewportSize(width=1366, height=768)

CHART = """(store) => {
    const chart = document.querySelector(".st-key-forecast_chart");
    const named = chart?.querySelector("[aria-label]")?.getAttribute("aria-label") ?? "";
    const lines = [...(chart?.querySelectorAll(".js-line") ?? [])].map((line) => line.getAttribute("d"));
    const told = named.includes(`store ${store},`) && lines.length > 1 ? lines.join() : "";
    return told !== window.seenBefore ? told : "";
}"""
"""The lines of a store's chart, once it is drawn and they differ from the previous ones."""

TABLE = """() => {
    const table = document.querySelector(".st-key-queue canvas[data-testid=data-grid-canvas]");
    const painted = () => {
        const row = table.getContext("2d").getImageData(8, 56, 64, 40).data;
        return row.some((value, at) => value !== row[at % 4]);
    };
    return table && painted() ? "table" : "";
}"""
"""Whether the table of the queue exists and its first row is painted.

The number of rows is in its accessible description, which the grid writes a fifth of a second later;
`counted` reads that.
"""

WATCH = """(() => {
    const look = SEEN, asked = ASKED;
    let began = BEGAN;
    if (began === null)
        addEventListener("click", () => { began = performance.now(); }, {capture: true, once: true});
    window.drawn = new Promise((tell) => {
        const watch = () => {
            const found = began === null ? "" : look(asked);
            if (!found) return requestAnimationFrame(watch);
            window.seenBefore = found;
            scheduler.postTask(() => tell(performance.now() - began), {priority: "user-blocking"});
        };
        requestAnimationFrame(watch);
    });
})()"""


DRAWN = """(patience) => Promise.race([
    window.drawn, new Promise((_, give_up) => setTimeout(give_up, patience, "not drawn")),
])"""


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Return the path of Debian's Chromium.

    Raises
    ------
    SystemExit
        If it is not on the path.
    """
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("expected chromium on the path, found none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        yield browser
        browser.close()


@contextmanager
def session(browser: Browser) -> Iterator[Page]:
    """Open a fresh browser window, without cache and cookies."""
    context: BrowserContext = browser.new_context(
        viewport=SIZE, locale="en-GB", timezone_id="Europe/Berlin", color_scheme="light"
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


def visit(page: Page, address: str, seen: str, asked: object) -> float:
    """Open an address in a new window; return milliseconds until the content is visible."""
    page.add_init_script(_watch(seen, asked, since="0"))
    page.goto(address, wait_until="commit")
    return _drawn(page)


def press(page: Page, target: Locator, seen: str, asked: object) -> float:
    """Click; return milliseconds until the content is visible."""
    target.wait_for()
    page.evaluate(_watch(seen, asked, since="null"))
    target.click()
    return _drawn(page)


def counted(page: Page, rows: int) -> None:
    """Wait until the table of the queue reports this number of rows."""
    page.locator(f'.st-key-queue table[aria-rowcount="{rows + 1}"]').wait_for(state="attached")


def choose(page: Page, label: str, option: str, seen: str) -> float:
    """Choose an option in a picker; return milliseconds from the press until its content is visible."""
    picker = page.get_by_role("combobox", name=label)
    picker.click()
    picker.fill(option)
    return press(page, page.get_by_role("option", name=option, exact=True), seen, option)


def _watch(seen: str, asked: object, *, since: str) -> str:
    return WATCH.replace("SEEN", seen).replace("ASKED", json.dumps(asked)).replace("BEGAN", since)


def _drawn(page: Page) -> float:
    took: float = page.evaluate(DRAWN, PATIENCE_MS)
    return took
