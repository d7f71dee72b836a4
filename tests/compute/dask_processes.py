"""A real Dask cluster: a scheduler and workers, each a process (or a nanny with one) on a loopback port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distributed import Client

from tests.browser.server import accepts, free_port, until
from tests.kinds import require_slow_kind

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0


class DaskProcesses:
    """A scheduler and workers in processes of their own, which a test may kill.

    Parameters
    ----------
    folder
        Their working folder. The package is not in it; they find it by PYTHONPATH.
    environment
        Additional variables. The number of BLAS threads is never set.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        require_slow_kind("a Dask cluster")
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("OMP", "STORECAST"))
        }
        self._environment = {**kept, "PYTHONPATH": str(ROOT), **environment}
        self._started: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> "subprocess.Popen[bytes]":
        """Start a scheduler on the port and wait for it. It gives a task up at three killed workers."""
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--dashboard-address", "127.0.0.1:0"]
        started = self._start("scheduler", options, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="2")
        until(lambda: accepts(self.port), START_SECONDS, "a Dask scheduler")
        self.scheduler = started
        return started

    def start_worker(self, *, nanny: bool = False) -> "subprocess.Popen[bytes]":
        """Start a worker of one thread, without waiting for it."""
        options = [self.address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
        options += ["--local-directory", str(self.folder), "--nanny" if nanny else "--no-nanny"]
        started = self._start("worker", options)
        self.workers.append(started)
        return started

    def complete(self, number: int) -> None:
        """Start workers until `number` of them live, and wait until they have joined."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < number:
            self.start_worker()
        self.wait_for_workers(number)

    def tasks(self) -> int:
        """Return how many unfinished tasks the scheduler has."""
        with Client(self.address, set_as_default=False) as client:
            counted: int = client.run_on_scheduler(_unfinished)
            return counted

    def wait_for_workers(self, number: int) -> None:
        """Wait until the scheduler has `number` workers."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=START_SECONDS)

    def _start(self, what: str, options: list[str], **environment: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{what}.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", *options],
                cwd=self.folder,
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(started)
        return started

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a process and its children, as if its machine failed."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process in self.workers:
            self.workers.remove(process)

    def close(self) -> None:
        """Kill the remaining processes."""
        for process in self._started:
            if process.poll() is None:
                self.kill(process)


def _unfinished(dask_scheduler: Any) -> int:
    return sum(task.state in ("processing", "queued", "no-worker") for task in dask_scheduler.tasks.values())


@contextmanager
def dask_processes(folder: Path, **environment: str) -> Iterator[DaskProcesses]:
    """Start a scheduler; kill every process at the end."""
    cluster = DaskProcesses(folder, **environment)
    try:
        yield cluster
    finally:
        cluster.close()
