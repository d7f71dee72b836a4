"""Many ask, one trains: in the browser and over HTTP."""

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx2
import pytest
from playwright.sync_api import expect

from forecasting.core.domain import RunState
from tests.browser.conftest import Visit
from tests.browser.screen import STORE_PAGE, Screen
from tests.browser.server import LEVELS, Server, until
from tests.house import LAST

pytestmark = pytest.mark.browser

SERIES = len(LEVELS) + 1
TOTAL_ONLY = 1.1 * sum(LEVELS.values())
"""Demand that only the store's total is above."""


def trainings(server: Server) -> float:
    """How often a store was trained since the gate was closed: a training backtests each series once."""
    backtest = LAST - timedelta(days=28)
    return server.gate.fits().count(backtest.isoformat()) / SERIES


def press_together(screens: Sequence[Screen]) -> None:
    """Press Refresh in every session at the same instant."""
    instant = time.time() + 0.5
    for screen in screens:
        screen.press_at(instant)


def test_four_sessions_press_refresh_and_share_one_training(server: Server, visit: Visit) -> None:
    """All see its progress and, without a reload, its result; a fifth press runs nothing."""
    screens = [visit(server, f"{STORE_PAGE}?store=1") for _ in range(4)]
    for screen in screens:
        screen.expect_forecast()
        screen.mark()
    known = {run.run_id for run in server.runs("1")}
    before = screens[0].version()
    server.gate.hold(below=TOTAL_ONLY)

    press_together(screens)
    for screen in screens:
        expect(screen.progress).to_contain_text(f"1 of {SERIES} series")
        expect(screen.strip).to_contain_text("Running")
        expect(screen.refresh).to_be_disabled()
        screen.expect_version(before)
        screen.expect_forecast()

    server.gate.release()
    asked = [run for run in server.runs("1") if run.run_id not in known]
    assert len(asked) == 1
    until(lambda: not server.runs("1")[0].state.active, 20, "the run ended")
    done = server.runs("1")[0]
    assert (done.run_id, done.state, done.done, done.total) == (
        asked[0].run_id, RunState.SUCCEEDED, SERIES, SERIES,
    )  # fmt: skip
    assert done.version is not None
    assert done.version > before
    for screen in screens:
        screen.expect_version(done.version)
        screen.expect_forecast()
        expect(screen.strip).to_contain_text("Fresh")
        expect(screen.refresh).to_be_enabled()
        assert screen.is_marked()
    assert trainings(server) == 1

    fifth = visit(server, f"{STORE_PAGE}?store=1")
    fifth.expect_version(done.version)
    fifth.refresh.click()
    expect(fifth.main).to_contain_text(
        re.compile("Trained .+ ago, within the 2-day tolerance, .+: nothing was run")
    )
    fifth.expect_version(done.version)
    assert server.runs("1")[0] == done
    assert trainings(server) == 1


def test_four_simultaneous_requests_over_http_share_one_training(server: Server) -> None:
    """One trains, three join the same run; the answer to a fifth says that its forecast is fresh."""
    server.gate.hold()
    together = threading.Barrier(4)

    def ask(_caller: int) -> httpx2.Response:
        together.wait()
        return server.ask("POST", "/training", json={"store_number": 2})

    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(ask, range(4)))
    assert [answer.status_code for answer in answers] == [202] * 4
    bodies = [answer.json() for answer in answers]
    assert sorted(body["verdict"] for body in bodies) == ["attached", "attached", "attached", "retrain"]
    (run_id,) = {body["run_id"] for body in bodies}
    until(lambda: run(server, run_id)["total"] == SERIES, 20, "the run has begun")
    assert (run(server, run_id)["state"], run(server, run_id)["done"]) == ("running", 0)

    server.gate.release()
    until(lambda: run(server, run_id)["state"] == "succeeded", 20, "the run succeeded")
    assert trainings(server) == 1
    fifth = server.ask("POST", "/training", json={"store_number": 2})
    assert fifth.status_code == 200
    assert fifth.json()["verdict"] == "fresh"
    assert "run_id" not in fifth.json()
    assert trainings(server) == 1


def run(server: Server, run_id: str) -> dict[str, object]:
    """A run as `GET /training/{run_id}` tells it."""
    answer: dict[str, object] = server.ask("GET", f"/training/{run_id}").raise_for_status().json()
    return answer
