"""Waiting times of a planner in a real browser, against a minimal Streamlit page in the same run.

``python -m benchmarks.pages [--rounds 5] [--choices 8] [--stores 1115] [--json]``. Chromium and real servers
on this machine with the same settings; `drawing` defines when content counts as visible. Everything is opened
once before it is timed. The product and the floor alternate; a round is one fresh browser on each.

Another store
    From the press on the store in the picker until its chart is drawn; the server has the page's content
    cached. The floor is `floor_app`: a picker and one chart, taken from the product.
First visit
    From the first visit of a fresh browser, which has no scripts yet, to a store's page until its chart is
    drawn.
Queue
    *My stores* with many stores, all of them in the table. Opened by its link from another page, against the
    floor's page opened by a link (`floor_links`: two pages, the other one empty); and in a fresh browser,
    against the floor's first visit.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks import drawing, floor_figures
from benchmarks.furnishing import furnish, synthetic_sales
from benchmarks.serving import Served, serving
from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings

ENGINE = "seasonal_naive"
STORES, ITEMS, DAYS, VERSIONS = 35, 3, 500, 4
"""Size of the data for the store pages; `VERSIONS` is the number of versions per store."""

QUEUE_DAYS = 60
CALM_MS = 3000
"""Pause before the next press, so that the opening of the page is complete."""

CHOICE, FIRST, QUEUE, LINK = "another store", "first visit", "queue", "by its link"
FLOOR_CHOICE, FLOOR_FIRST, FLOOR_LINK = f"floor: {CHOICE}", f"floor: {FIRST}", f"floor: {LINK}"
QUEUE_LINK, QUEUE_FIRST = f"{QUEUE}, {LINK}", f"{QUEUE}, {FIRST}"
RATIOS = (
    (CHOICE, FLOOR_CHOICE, 1.4),
    (FIRST, FLOOR_FIRST, 1.3),
    (QUEUE_LINK, FLOOR_LINK, 2.0),
    (QUEUE_FIRST, FLOOR_FIRST, 2.0),
)
"""Pairs that are compared, and the largest allowed ratio."""

Seen = defaultdict[str, list[float]]
"""Milliseconds by action."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--choices", type=int, default=8, help="of another store, a round and server")
    parser.add_argument("--stores", type=int, default=1115, help="in the queue")
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="storecast-pages-") as folder:
        seen = measure(Path(folder), parsed.rounds, parsed.choices, parsed.stores)
    loads = {"load average before": before, "load average": os.getloadavg()[0]}
    if parsed.json:
        print(json.dumps({**figures(seen), **loads}))
        return
    print(table(seen))
    print("\n".join(f"{name:<28}{value:>8.1f}" for name, value in loads.items()))


def measure(folder: Path, rounds: int, choices: int, stores: int) -> Seen:
    """Prepare and start the servers, and measure them alternately."""
    homes = {name: folder / name for name in ("ours", "floor", "queue")}
    for home in homes.values():
        home.mkdir()
    _prepare(homes, stores)
    seen: Seen = defaultdict(list)
    with ExitStack() as stack:
        ours = stack.enter_context(serving("streamlit_app.py", homes["ours"], STORECAST_ENGINE=ENGINE))
        floor = stack.enter_context(serving("benchmarks/floor_app.py", homes["floor"]))
        links = stack.enter_context(serving("benchmarks/floor_links.py", homes["floor"]))
        queue = stack.enter_context(serving("streamlit_app.py", homes["queue"], STORECAST_ENGINE=ENGINE))
        browser = stack.enter_context(drawing.chromium())
        turns: list[Callable[[Seen], None]] = [
            lambda record: _stores(browser, f"{ours.address}/store_forecast", "", choices, record),
            lambda record: _stores(browser, f"{floor.address}/", "floor: ", choices, record),
            lambda record: _links(browser, links, choices, record),
            lambda record: _queue(browser, queue, stores, choices, record),
        ]
        for take in turns:
            take(defaultdict(list))
        for number in range(rounds):
            for take in turns if number % 2 else turns[::-1]:
                take(seen)
    return seen


def _prepare(homes: dict[str, Path], stores: int) -> None:
    """Fill the state folders; the floor's has the charts of the product."""
    with Storecast(Settings(home=homes["ours"], engine=ENGINE)) as storecast:
        sales = synthetic_sales(STORES, ITEMS, DAYS)
        furnish(storecast, homes["ours"], sales, VERSIONS)
        floor_figures.write(storecast, homes["floor"])
    with Storecast(Settings(home=homes["queue"], engine=ENGINE)) as storecast:
        sales = synthetic_sales(stores, 1, QUEUE_DAYS, eventful=False)
        furnish(storecast, homes["queue"], sales)


def _stores(browser: Browser, address: str, prefix: str, choices: int, seen: Seen) -> None:
    """Open the page of the first store in a fresh browser, and choose one store after another."""
    with drawing.session(browser) as page:
        seen[prefix + FIRST].append(drawing.visit(page, f"{address}?store=1", drawing.CHART, "1"))
        for number in range(2, choices + 2):
            page.wait_for_timeout(CALM_MS if number == 2 else CALM_MS / 4)  # noqa: PLR2004
            seen[prefix + CHOICE].append(drawing.choose(page, "Store", str(number), drawing.CHART))


def _queue(browser: Browser, served: Served, stores: int, choices: int, seen: Seen) -> None:
    """Open My stores in a fresh browser, and by its link from another page."""
    with drawing.session(browser) as page:
        seen[QUEUE_FIRST].append(drawing.visit(page, served.address, drawing.TABLE, stores))
        drawing.counted(page, stores)
        for _ in range(choices // 2):
            _leave(page, "Sales data")
            link = page.get_by_role("link", name="My stores")
            seen[QUEUE_LINK].append(drawing.press(page, link, drawing.TABLE, stores))
            drawing.counted(page, stores)


def _links(browser: Browser, served: Served, choices: int, seen: Seen) -> None:
    """Open the floor's page by its link from another page."""
    with drawing.session(browser) as page:
        drawing.visit(page, served.address, drawing.CHART, "1")
        for _ in range(choices // 2):
            _leave(page, "Nothing")
            page.evaluate("window.seenBefore = undefined")
            link = page.get_by_role("link", name="Floor")
            seen[FLOOR_LINK].append(drawing.press(page, link, drawing.CHART, "1"))


def _leave(page: Page, to: str) -> None:
    page.wait_for_timeout(CALM_MS / 4)
    page.get_by_role("link", name=to).click()
    page.get_by_role("heading", name=to).wait_for()
    page.wait_for_timeout(CALM_MS / 4)


def figures(seen: Seen) -> dict[str, float]:
    """Medians in milliseconds, and the ratios."""
    medians = {name: statistics.median(values) for name, values in seen.items()}
    ratios = {f"{name}, ratio": medians[name] / medians[floor] for name, floor, _most in RATIOS}
    return {**{f"{name}, ms": value for name, value in medians.items()}, **ratios}


def table(seen: Seen) -> str:
    """A table with one line per action and one per ratio."""
    lines = [f"{'':<28}{'n':>5}{'median':>9}{'quartiles':>15}  ms"]
    for name, values in sorted(seen.items()):
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        lines.append(f"{name:<28}{len(values):>5}{middle:>9.0f}{f'{low:.0f} – {high:.0f}':>15}")
    ratios = figures(seen)
    lines += [
        f"{f'{name} / {floor}':<44}{ratios[f'{name}, ratio']:>6.2f}  of {most:g}"
        for name, floor, most in RATIOS
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
