"""The worker processes of a pool on this machine: how they begin, are replaced, and end."""

import os
import shutil
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor, ShutdownExecutorError

from forecasting.core.errors import ComputeLost

AnyT = TypeVar("AnyT")

NICENESS = 10
"""Added to the workers' niceness, so that pages stay quick while fits run."""

PARENT_CHECK_SECONDS = 0.5
"""How often a worker looks whether its server is still there."""

FEEDER_SECONDS = 5.0
"""How long is waited for the thread that hands tasks to ended workers to see that they have."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class LocalWorkers:
    """Worker processes that start at the first call and stay.

    Parameters
    ----------
    processes
        Their number, at least 1.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self.closed = False

    def folder(self) -> Path:
        """Return the folder of the workers' temporary files, which goes with them.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        with self._lock:
            return self._own_folder()

    def call(
        self, function: Callable[..., AnyT], *arguments: object
    ) -> tuple[Future[AnyT], ProcessPoolExecutor]:
        """Let a worker call a function, new ones where the old ones have died; tell also whose it is.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        executor = self._started()
        try:
            return executor.submit(function, *arguments), executor
        except (BrokenProcessPool, ShutdownExecutorError):
            self.replace(executor)
        executor = self._started()
        return executor.submit(function, *arguments), executor

    def replace(self, executor: ProcessPoolExecutor) -> None:
        """End these workers, whatever they do; the next call starts new ones."""
        with self._lock:
            if self._executor is executor:
                self._executor = None
        _end(executor)

    def close(self) -> None:
        """End the workers at once and wait for it; a second time does nothing."""
        with self._lock:
            self.closed = True
            executor, self._executor = self._executor, None
            folder, self._folder = self._folder, None
            if executor is not None:
                _end(executor)
            if folder is not None:
                folder.cleanup()

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            folder = self._own_folder()
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    max_workers=self._processes,
                    env=_ONE_THREAD | {"TMPDIR": str(folder)},
                    initializer=_begin,
                    initargs=(os.getpid(), str(folder)),
                )
            return self._executor

    def _own_folder(self) -> Path:
        if self.closed:
            raise ComputeLost("expected an open pool, found it closed")
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="storecast-workers-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        folder.mkdir(mode=0o700, exist_ok=True)  # systems tidy up what has lain in /tmp for days
        return folder


def _end(executor: ProcessPoolExecutor) -> None:
    """Kill an executor's workers, and wait until nothing of it is left.

    Loky (3.7) doesn't wait for the thread that feeds its queue, a daemon, which may be the last to hold the
    queue's semaphores: were Python to end while it gives them back, loky's tracker would find them half
    given back and warn of a leak.
    """
    queue = executor._call_queue  # noqa: SLF001 – there is no other way to it
    executor.shutdown(wait=True, kill_workers=True)
    feeder = getattr(queue, "_thread", None)  # there is none before the first task
    if feeder is not None:
        feeder.join(FEEDER_SECONDS)


def _begin(server: int, folder: str) -> None:
    """First thing a worker does."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(server, folder), name="parent-watch", daemon=True).start()


def _end_with(server: int, folder: str) -> None:
    """End this process once its parent is another one than the server."""
    tick = threading.Event()
    while os.getppid() == server:
        tick.wait(PARENT_CHECK_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
