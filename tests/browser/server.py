"""The real server in a process of its own, on data and a port of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, RefreshRun, RunState
from tests.browser.engine import ENGINE, VARIABLE, Gate
from tests.house import LAST, sales
from tests.kinds import require_slow_kind
from tests.processes import ROOT, Process, until

FIRST = LAST - timedelta(days=119)
START_SECONDS = 60.0
APP = "streamlit_app.py"
LEVELS = {"101": 100.0, "102": 50.0}
"""Mean demand of the products stores sell; a store's total is their sum."""

SMALL = "10"
"""The store that sells the first product only."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a process on this state folder, free of what the developer's shell sets."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORECAST", "STREAMLIT"))
    }
    own = {
        "PYTHONPATH": str(ROOT),
        "STORECAST_HOME": str(home),
        "STORECAST_ENGINE": ENGINE,
        "STORECAST_PROCESSES": "2",
        VARIABLE: str(home / "gate"),
    }
    return {**kept, **own, **more}


def command(home: Path, *arguments: str, **more: str) -> str:
    """Run ``python -m forecasting`` on a state folder and return what it prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "forecasting", *arguments],
        cwd=ROOT,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def furnish(home: Path, stores: Sequence[str]) -> Path:
    """Import 120 days of sales of these stores and return `home`."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "sales.csv"
    frames = [
        sales(store, item, level, FIRST, LAST)
        for store in stores
        for item, level in list(LEVELS.items())[: 1 if store == SMALL else None]
    ]
    pd.concat(frames).to_csv(file, index=False)
    imported(home, file)
    return home


def imported(home: Path, file: Path, kind: str = "sales", url: str = "") -> None:
    """Import a file with an engine that nothing is pooled for, so that no run is asked for."""
    with Storecast(Settings(home=home, engine="seasonal_naive", database_url=url)) as storecast:
        storecast.services.imports.import_file(LOCAL_USER, file, kind)


def trained(home: Path, engine: str, store: str | None = None, url: str = "") -> None:
    """Press Refresh of a store, or of all of a few, and work the runs here, without another process."""
    settings = Settings(home=home, engine=engine, processes=0, database_url=url)
    with Storecast(settings) as storecast:
        services = storecast.services
        if store is None:
            services.refreshing.refresh_all(LOCAL_USER)
        else:
            services.refreshing.refresh(LOCAL_USER, store)
        storecast.start_worker()
        until(
            lambda: not any(run.state.active for run in services.runs.recent(LOCAL_USER)),
            START_SECONDS,
            "no run",
        )
        states = {run.state for run in services.runs.recent(LOCAL_USER)}
    assert states == {RunState.SUCCEEDED}


class Server(Process):
    """`streamlit run` of the dashboard on a state folder.

    Parameters
    ----------
    home
        The state folder; the server's output goes to ``server.log`` in it.
    port
        By default a free one.
    script
        What to run; by default the dashboard.
    more
        Environment variables on top.
    """

    def __init__(self, home: Path, port: int | None = None, script: str = APP, **more: str) -> None:
        require_slow_kind("the dashboard's server")
        self.home = home
        self.gate = Gate(home / "gate")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = environment(home, STREAMLIT_SERVER_PORT=str(self.port), **more)
        super().__init__(["-m", "streamlit", "run", script], env, home / "server.log")

    def wait_for_port(self) -> None:
        """Wait until it accepts connections, without asking it anything."""
        self._wait_for(lambda: accepts(self.port), "an open port")

    def wait_for_health(self) -> None:
        """Wait until it says that it is well."""
        self._wait_for(self._is_healthy, "a healthy server")

    def _wait_for(self, holds: Callable[[], bool], expected: str) -> None:
        until(lambda: self.exit_code is not None or holds(), START_SECONDS, expected)
        assert self.exit_code is None, self.log

    def _is_healthy(self) -> bool:
        try:
            return self.ask("GET", "/_stcore/health").text == "ok"
        except httpx2.TransportError:
            return False

    def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Send one request over a connection of its own."""
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=20) as client:
            return client.request(method, path, **more)

    def runs(self, store: str) -> list[RefreshRun]:
        """The ledger's runs of a store, newest first, as another process sees them."""
        with Storecast(Settings(home=self.home)) as storecast:
            return storecast.services.runs.recent(LOCAL_USER, store=store)


@contextmanager
def serving(home: Path, port: int | None = None, script: str = APP, **more: str) -> Iterator[Server]:
    """Start a server, which need not be ready yet, and end it afterwards in any case."""
    server = Server(home, port, script, **more)
    try:
        yield server
    finally:
        server.gate.release()
        server.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
