"""What an operator's probes, scraper and log collector meet, and the end of the process: the real server."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, RunState
from forecasting.storage.database import FILE
from tests.browser.engine import Gate
from tests.browser.server import Server, environment, serving
from tests.processes import ROOT, STOP_SECONDS, until

pytestmark = pytest.mark.browser

SESSIONS = 5
CLEAN_SECONDS = 8.0
"""The last resort ends the process later than this: a stop that needs it is not clean."""


@pytest.fixture
def trained(home: Path) -> Iterator[Server]:
    """A server that logs JSON and has trained its three stores."""
    with serving(home, STORECAST_LOG_FORMAT="json") as server:
        server.wait_for_health()
        until(lambda: value(server, "storecast_stores", state="fresh") == 3, 30, "three fresh stores")
        yield server


def value(server: Server, name: str, **labels: str) -> float:
    """One figure of a scrape."""
    answer = server.ask("GET", "/metrics")
    (found,) = [
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if (sample.name, sample.labels) == (name, labels)
    ]
    return float(found)


def records(server: Server) -> list[dict[str, Any]]:
    """Its log: every line of standard error is one object."""
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


def test_a_server_at_work_is_live_ready_and_measured(trained: Server) -> None:
    """The three paths beside the pages, with GET and HEAD; no page answers in their place."""
    assert trained.ask("GET", "/healthz").json() == {"status": "live"}
    ready = trained.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert value(trained, "storecast_up") == 1
    assert value(trained, "storecast_refresh_runs", state="succeeded") >= 3
    for path in ("/healthz", "/readyz", "/metrics"):
        assert trained.ask("HEAD", path).status_code == 200
        assert trained.ask("POST", path).status_code == 405


def test_the_log_of_a_refresh_names_run_and_scope(trained: Server) -> None:
    """From its start to its end, under the id the ledger has."""
    (run,) = trained.runs("1")
    told = [each for each in records(trained) if each.get("run_id") == run.run_id]
    assert [each["event"] for each in told] == ["run started", "run published"]
    assert {(each["scope"], each["level"]) for each in told} == {("store:1", "info")}
    assert told[-1]["version"] == str(run.version)


def test_all_that_is_logged_is_json(trained: Server) -> None:
    """Ours, uvicorn's and Streamlit's, from the start to the stop; only Streamlit's greeting is not."""
    trained.terminate()
    log = trained.log
    assert "Traceback" not in log
    assert {"forecasting.refresh.outcome_recorder", "web.runtime.lifespan"} <= {
        each["logger"] for each in records(trained)
    }
    first = next(number for number, line in enumerate(log.splitlines()) if line.startswith("{"))
    strays = [line for line in log.splitlines()[first:] if line.strip() and not line.startswith("{")]
    assert [
        line for line in strays if not line.lstrip().startswith(("You can now", "URL:", "Stopping"))
    ] == []


def test_a_database_that_is_taken_away_is_told(trained: Server) -> None:
    """The process lives, is not ready, and can be scraped."""
    for file in trained.home.glob(f"{FILE}*"):
        file.rename(file.with_name(f"away-{file.name}"))
    answer = trained.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert "is missing" in answer.json()["checks"]["database"]["detail"]
    assert value(trained, "storecast_up") == 0
    assert trained.ask("GET", "/healthz").status_code == 200


def test_a_server_that_could_not_start_says_why(home: Path) -> None:
    """To its probe as to its pages."""
    with serving(home, STORECAST_NIGHTLY="noon") as server:
        server.wait_for_health()
        answer = server.ask("GET", "/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["start"]["detail"].startswith("STORECAST_NIGHTLY: expected a time")
        assert server.ask("GET", "/healthz").status_code == 200


@contextmanager
def sessions(server: Server, number: int) -> Iterator[None]:
    """So many open pages, as far as the server can tell."""
    url = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(
                connect(url, origin=Origin(server.url), subprotocols=[Subprotocol("streamlit")], proxy=None)
            )
        yield


@contextmanager
def half_a_request(server: Server) -> Iterator[None]:
    """A client that sends the beginning of a body and then nothing."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        head = f"POST /forecast HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 100\r\n"
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
        yield


@pytest.fixture
def busy(home: Path) -> Iterator[Server]:
    """A server in the middle of a fit that does not end by itself, with open sessions."""
    Gate(home / "gate").hold()
    with serving(home) as server:
        server.wait_for_health()
        with sessions(server, SESSIONS):
            until(lambda: server.gate.fits() != [], 30, "a fit has begun")
            yield server


def stopped(server: Server) -> None:
    """Stop it, and check that it ended by itself in time and gave its run back."""
    took = server.terminate()
    print(f"stopped in {took:.1f} s")  # noqa: T201 - `pytest -s` measures
    assert took < CLEAN_SECONDS
    assert "Timeout (" not in server.log  # of the last resort
    (interrupted,) = server.runs("1")
    assert (interrupted.state, interrupted.error) == (RunState.QUEUED, "")


def test_a_stop_is_clean_whatever_is_under_way(busy: Server) -> None:
    """Open sessions and a fit: gone in time, no traceback, the run given back."""
    stopped(busy)
    assert "Traceback" not in busy.log


def test_a_client_that_never_ends_its_request_does_not_hold_up_the_stop(busy: Server) -> None:
    """It is cut off after a moment."""
    with half_a_request(busy):
        stopped(busy)
    assert "graceful shutdown exceeded" in busy.log


def test_a_worker_of_its_own_logs_and_stops_like_the_server(home: Path) -> None:
    """JSON on standard error, with run id and scope; nothing on standard output; gone within ten seconds."""
    command = [sys.executable, "-m", "forecasting", "worker"]
    pipe = subprocess.PIPE
    env = environment(home, STORECAST_LOG_FORMAT="json", STORECAST_ENGINE="seasonal_naive")
    with (
        Storecast(Settings(home=home, engine="seasonal_naive")) as storecast,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True) as worker,
    ):
        run = storecast.services.refreshing.refresh(LOCAL_USER, "1").run
        assert run is not None
        until(
            lambda: not storecast.services.runs.get(LOCAL_USER, run.run_id).state.active,
            30,
            "the run has ended",
        )
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        printed, logged = worker.communicate(timeout=STOP_SECONDS)
        assert time.monotonic() - began < CLEAN_SECONDS
    told = [json.loads(line) for line in logged.splitlines()]
    assert (worker.returncode, printed) == (0, "")
    assert told[0]["event"] == "running refreshes until stopped"
    assert "stopping" in [each["event"] for each in told]  # the run's thread may have the last word
    about = [(each["event"], each["run_id"], each["scope"]) for each in told if "run_id" in each]
    assert about == [(event, run.run_id, "store:1") for event in ("run started", "run published")]
