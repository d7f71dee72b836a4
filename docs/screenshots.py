"""Take screenshots of every page, in both themes and two sizes: ``make screenshots``.

They go to ``docs/screenshots``. The sample is loaded and trained in a folder of its own, as of a few mornings
up to its last one. Then the clock stands still, and Chromium opens each page of the real server. A file is
kept if the new screenshot shows no difference. On one machine that is so for every page but Activity, which
says how long each run took.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from benchmarks.drawing import chromium
from benchmarks.serving import ROOT, Served, environment, serving
from docs.sample_morning import OPENED
from forecasting.history.sample import sample_files

FOLDER = ROOT / "docs" / "screenshots"
PAGES: Mapping[str, str] = {
    "queue": "/",
    "store": "/store_forecast?store=17",
    "product": "/store_forecast?store=17&item=101",
    "compare": "/compare?store1=17&store2=19",
    "accuracy": "/accuracy",
    "sales_data": "/sales_data",
    "activity": "/activity",
}
SIZES = {"": (1366, 768), "_1920": (1920, 1080)}
THEMES = ("light", "dark")
DAYS_BEFORE = (28, 7, 0)
"""Days before the screenshots on which the stores are trained, so that there is a track record."""

PATIENCE_MS, PAUSE_MS, MOST_SHOTS = 30_000, 150, 40
COLOURS = 256
UNSEEN = 32
"""Colour levels, of 255, by which the edges of letters differ from run to run."""


def main() -> None:
    """Take the screenshots of all pages, or of those named as arguments."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pages = {name: PAGES[name] for name in sys.argv[1:] or PAGES}
    with (
        tempfile.TemporaryDirectory() as folder,
        sample_server(Path(folder)) as served,
        chromium("--hide-scrollbars") as browser,
    ):
        for theme in THEMES:
            for suffix, size in SIZES.items():
                for name, path in pages.items():
                    file = FOLDER / f"{name}_{theme}{suffix}.png"
                    taken = compress(take_screenshot(browser, served, path, theme, size))
                    changed = not file.exists() or looks_different(file.read_bytes(), taken)
                    if changed:
                        file.write_bytes(taken)
                    kept = "" if changed else ", unchanged"
                    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB{kept}")


@contextmanager
def sample_server(home: Path) -> Iterator[Served]:
    """A running server on the trained sample."""
    sales, plan = sample_files()
    sold = pd.read_parquet(sales)
    _at(home, OPENED.date() - timedelta(days=DAYS_BEFORE[0]), "plan", str(plan))
    for days in DAYS_BEFORE:
        morning = OPENED.date() - timedelta(days=days)
        file = home / "sales.parquet"
        sold[pd.to_datetime(sold["date"]) < pd.Timestamp(morning)].to_parquet(file, index=False)
        _at(home, morning, "import", str(file))
        _at(home, morning, "refresh", "--all")
    with serving("docs/screenshot_app.py", home) as served:
        yield served


def _at(home: Path, morning: date, *arguments: str) -> None:
    """Run a command of Storecast as of a morning."""
    env = environment(
        home, STORECAST_PROCESSES="0"
    )  # one store after the other, so that versions are the same each time
    command = [sys.executable, "-m", "docs.sample_morning", morning.isoformat(), *arguments]
    subprocess.run(command, cwd=ROOT, env=env, check=True)  # noqa: S603 - our own command line


def take_screenshot(browser: Browser, served: Served, path: str, theme: str, size: tuple[int, int]) -> bytes:
    """Open a page and take a screenshot once it has come to rest."""
    width, height = size
    context = browser.new_context(
        base_url=served.address,
        viewport={"width": width, "height": height},
        color_scheme=theme,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = context.new_page()
        page.goto(path)
        page.wait_for_selector('[data-testid="stMain"] [data-testid="stElementContainer"]')
        return wait_until_still(page)
    finally:
        context.close()


def wait_until_still(page: Page) -> bytes:
    """Take screenshots until two in a row are equal while no script runs, and return the last.

    Raises
    ------
    SystemExit
        If the page does not come to rest.
    """
    page.mouse.move(0, 0)
    before = b""
    for _attempt in range(MOST_SHOTS):
        page.wait_for_timeout(PAUSE_MS)
        now = page.screenshot(animations="disabled", caret="hide")
        rests = page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').count()
        if rests and not page.get_by_test_id("stSkeleton").count() and now == before:
            return now
        before = now
    raise SystemExit(f"{page.url}: expected a page that comes to rest, found it moving")


def compress(content: bytes) -> bytes:
    """Reduce a screenshot to 256 colours: a third of the bytes, without a visible difference."""
    with Image.open(io.BytesIO(content)) as image:
        buffer = io.BytesIO()
        chosen = image.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=0)
        chosen.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def looks_different(one: bytes, other: bytes) -> bool:
    """Whether two screenshots differ by more than the edges of letters."""
    with Image.open(io.BytesIO(one)) as before, Image.open(io.BytesIO(other)) as after:
        if before.size != after.size:
            return True
        difference = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
        return any(high > UNSEEN for _low, high in difference.getextrema())


if __name__ == "__main__":
    main()
