"""One real server and one Chromium for the folder; a fresh window for every visit."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from forecasting.history.sample import sample_files
from tests.browser.screen import Screen
from tests.browser.server import SMALL, Server, command, furnish, imported, serving, trained
from tests.browser.windows import PATIENCE_MS, Windows
from tests.house import LAST, plan

STORES = ("1", "2", "3", SMALL)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-quic", "--no-first-run", "--disable-component-update",
)  # fmt: skip
NAIVE = {"STORECAST_ENGINE": "seasonal_naive"}
BUSY = "17"
"""The sample's store with everything to tell: two versions and three alerts."""
CLOSED_IN_DAYS, SAMPLE_ITEMS = (7, 8, 11), ("101", "109", "110")

Visit = Callable[..., Screen]
"""Opens an address in a window of its own."""


@pytest.fixture(scope="package")  # not the session: its event loop would be in the way of other tests
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without it tests are skipped, except where CI promises it."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("expected chromium on the path (.ci/run installs it), found none")
        pytest.skip("there is no chromium on this machine")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose stores were trained with another engine, so that the first press on each trains again.

    That it ends cleanly is checked as well.
    """
    home = furnish(tmp_path_factory.mktemp("shared"), STORES)
    trained(home, "seasonal_naive")
    with serving(home) as server:
        server.wait_for_health()
        yield server
        server.terminate()


@pytest.fixture(scope="package")
def sample_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the sample, every store trained, and one of them once more for a plan that came later.

    Tests load its next days and refresh its stores, in any order.
    """
    home = tmp_path_factory.mktemp("sample")
    for sample, kind in zip(sample_files(), ("sales", "plan"), strict=True):
        imported(home, sample, kind)
    command(home, "refresh", "--all", **NAIVE)
    closures = [
        plan(BUSY, day, day, item=item, is_open=0, holiday="Building works")
        for item in SAMPLE_ITEMS
        for day in (LAST + timedelta(days=ahead) for ahead in CLOSED_IN_DAYS)
    ]
    file = home / "works.csv"
    pd.concat(closures).to_csv(file, index=False)
    imported(home, file, "plan")
    trained(home, "seasonal_naive", BUSY)
    with serving(home, **NAIVE) as server:
        server.wait_for_health()
        yield server


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The shared server; whatever a test does to it must not make it log a traceback."""
    assert shared_server.exit_code is None, f"the server has ended with {shared_server.exit_code}"
    before = len(shared_server.log)
    yield shared_server
    shared_server.gate.release()
    assert "Traceback" not in shared_server.log[before:]


@pytest.fixture(scope="package")
def windows(chromium: Browser) -> Windows:
    """The windows of all tests."""
    return Windows(chromium)


@pytest.fixture
def visit(windows: Windows) -> Iterator[Visit]:
    """Open an address of a server in a window of its own.

    `spoilt` tells that the test changes the window so that no other test can use it; `other` are options of
    Playwright's.
    """
    used = []

    def visit(server: Server, path: str = "/", *, spoilt: bool = False, **other: Any) -> Screen:
        kind, page = windows.take(server.url, other)
        used.append((kind, page, spoilt))
        screen = Screen(page)
        screen.page.goto(path, wait_until="commit")
        return screen

    yield visit
    for kind, page, spoilt in used:
        if spoilt:
            page.context.close()
        else:
            windows.give_back(kind, page)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with three stores that nothing has been trained for."""
    return furnish(tmp_path / "home", STORES[:3])
