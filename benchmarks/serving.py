"""A real server for benchmarks: `streamlit run` in another process, bound to this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
TICK = 0.1
LOG_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Served:
    """A running server.

    Attributes
    ----------
    home
        The state folder.
    process
        The server process; the worker processes are its children.
    port
        Port on `HOST`.
    log
        File with its output.
    """

    home: Path
    process: psutil.Popen
    port: int
    log: Path

    @property
    def address(self) -> str:
        """Its address, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def tracebacks(self) -> int:
        """Number of tracebacks it has printed so far."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")

    def cpu_seconds(self) -> float:
        """CPU seconds of the server process, without its worker processes."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Environment of a process on this state folder, without the shell's own Storecast variables."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORECAST", "STREAMLIT"))
    }
    own = {"PYTHONPATH": str(ROOT), "STORECAST_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return {**kept, **own, **more}


@contextmanager
def serving(script: str, home: Path, **more: str) -> Iterator[Served]:
    """Start ``streamlit run script`` in the project folder, wait until it is healthy, and always end it.

    Parameters
    ----------
    script
        Path relative to the project; ``.streamlit/config.toml`` applies to any script.
    home
        The state folder, which also receives the output of the server.
    more
        Additional environment variables.

    Raises
    ------
    SystemExit
        If the server does not start.
    """
    port, log = free_port(), home / "server.log"
    env = environment(home, STREAMLIT_SERVER_PORT=str(port), STREAMLIT_SERVER_ADDRESS=HOST, **more)
    with log.open("wb") as output:
        process = psutil.Popen(
            [sys.executable, "-m", "streamlit", "run", script],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the benchmark alone, which then ends the server
        )
    try:
        served = Served(home, process, port, log)
        _wait_for_health(served)
        yield served
    finally:
        end(process)


def end(process: psutil.Popen) -> None:
    """End a process and its children: first with a request to terminate, then by force."""
    family = [process, *process.children(recursive=True)] if process.is_running() else []
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    _gone, left = psutil.wait_procs(family, STOP_SECONDS)
    for each in left:
        each.kill()
    process.wait(STOP_SECONDS)


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_health(served: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(served.port):
        if served.process.poll() is not None or time.monotonic() > deadline:
            told = served.log.read_text(errors="replace")[-LOG_TAIL:]
            raise SystemExit(f"expected a healthy server within {START_SECONDS:g} s, found:\n{told}")
        time.sleep(TICK)


def _is_healthy(port: int) -> bool:
    try:
        with httpx2.Client(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
            return client.get("/_stcore/health").text == "ok"
    except httpx2.TransportError:
        return False
