"""The real server in a process of its own, on data and a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd

from forecasting.bootstrap import Storecast
from forecasting.domain import LOCAL_USER, RefreshRun
from forecasting.settings import Settings
from tests.browser.engine import ENGINE, VARIABLE, Gate
from tests.house import LAST, sales

ROOT = Path(__file__).resolve().parents[2]
FIRST = LAST - timedelta(days=119)
START_SECONDS = 60.0
STOP_SECONDS = 10.0
TICK = 0.05
LEVELS = {"101": 100.0, "102": 50.0}
"""Mean demand of the products stores sell; a store's total is their sum."""

SMALL = "10"
"""The store that sells the first product only."""


def until(holds: Callable[[], bool], seconds: float, expected: str) -> float:
    """Wait for a condition and return how long it took, in seconds.

    Raises
    ------
    TimeoutError
        If it does not come to hold in time.
    """
    began, pause = time.monotonic(), threading.Event()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"expected within {seconds:g} s: {expected}")
        pause.wait(TICK)
    return time.monotonic() - began


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
    command(home, "import", str(file))
    return home


class Server:
    """`streamlit run streamlit_app.py` on a state folder.

    Parameters
    ----------
    home
        The state folder; the server's output goes to ``server.log`` in it.
    port
        By default a free one.
    more
        Environment variables on top.
    """

    def __init__(self, home: Path, port: int | None = None, **more: str) -> None:
        self.home = home
        self.gate = Gate(home / "gate")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = environment(home, STREAMLIT_SERVER_PORT=str(self.port), **more)
        with (home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that every process it leaves behind can be told by its session
            )

    @property
    def log(self) -> str:
        """All it has printed."""
        return (self.home / "server.log").read_text(errors="replace")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

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
            return storecast.service.runs(LOCAL_USER, store=store)

    def processes(self) -> list[int]:
        """Ids of the server and of all that came of it and still live."""
        return [pid for pid in _pids() if _session(pid) == self._process.pid]

    def terminate(self) -> float:
        """Send SIGTERM; return the seconds until it has exited and nothing of it is left.

        Raises
        ------
        TimeoutError
            If that takes longer than an operator's ten seconds.
        """
        self._process.send_signal(signal.SIGTERM)
        gone = f"the server and its workers gone, found {self.processes()}"
        return until(lambda: self.exit_code is not None and not self.processes(), STOP_SECONDS, gone)

    def close(self) -> None:
        """End whatever is left, at once."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)


@contextmanager
def serving(home: Path, port: int | None = None, **more: str) -> Iterator[Server]:
    """Start a server, which need not be ready yet, and end it afterwards in any case."""
    server = Server(home, port, **more)
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


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _session(pid: int) -> int | None:
    """The session of a living process; None for one that is gone or only waits to be reaped."""
    try:
        state, _parent, _group, session, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(session)
