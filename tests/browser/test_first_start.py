"""The first minutes of a new installation."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from forecasting.core.domain import RunState
from tests.browser.conftest import Visit
from tests.browser.engine import Gate
from tests.browser.screen import STORE_PAGE
from tests.browser.server import Server, serving, until

pytestmark = pytest.mark.browser


@pytest.fixture
def starting(home: Path) -> Iterator[Server]:
    """A server on freshly imported sales whose first training waits for its release."""
    Gate(home / "gate").hold()
    with serving(home) as server:
        yield server


def wait_for_a_fit(server: Server) -> None:
    """Wait until a worker process is in the middle of the first training."""
    until(lambda: server.gate.fits() != [], 30, "a fit has begun")


def test_the_pages_are_usable_at_once_while_the_stores_train(starting: Server, visit: Visit) -> None:
    """Sales and progress are there before any forecast is; the forecasts then appear by themselves."""
    starting.wait_for_health()
    first, second = (visit(starting, f"{STORE_PAGE}?store={store}") for store in (1, 3))
    for screen in (first, second):
        screen.expect_sold()
        expect(screen.chart.get_by_text("expected")).to_have_count(0)
        screen.mark()
    expect(first.progress).to_contain_text("Training: 0 of 3 series, requested by Storecast")
    expect(second.progress).to_contain_text(re.compile("Training: 0 of \\d series, requested by Storecast"))
    assert starting.ask("POST", "/forecast", json={"store_number": 1}).status_code == 409

    first.pick("Product", "102")
    first.expect_choice("1", "102")

    starting.gate.release()
    for screen in (first, second):
        screen.expect_forecast()
        expect(screen.strip).to_contain_text(re.compile(r"Fresh.*version \d"))
        assert screen.is_marked()


def test_a_stop_while_training_is_clean_and_a_restart_finishes_the_run(home: Path, visit: Visit) -> None:
    """SIGTERM leaves no process after 10 s, the run goes back to the queue, and an open page lives on."""
    Gate(home / "gate").hold()
    with serving(home) as server:
        server.wait_for_health()
        screen = visit(server, f"{STORE_PAGE}?store=1")
        screen.expect_sold()
        wait_for_a_fit(server)
        assert len(server.processes()) > 1
        server.terminate()
        (interrupted,) = server.runs("1")
        assert (interrupted.state, interrupted.error) == (RunState.QUEUED, "")

    with serving(home, server.port) as again:
        screen.expect_forecast()
        (finished,) = again.runs("1")
        assert (finished.run_id, finished.state) == (interrupted.run_id, RunState.SUCCEEDED)
        screen.expect_version(finished.version or 0)
