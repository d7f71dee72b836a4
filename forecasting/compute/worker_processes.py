"""The worker processes of a pool on this machine: how they start, are replaced, and end."""

import os
import shutil
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from loky import BrokenProcessPool, ProcessPoolExecutor

from forecasting.compute.loky_internals import ShutdownExecutorError, feeder_of
from forecasting.core.errors import ComputeLost

AnyT = TypeVar("AnyT")

NICENESS = 10
"""Added to the workers' niceness, so that pages stay quick while fits run."""

PARENT_CHECK_SECONDS = 0.5
"""How often a worker checks that its server still runs."""

FEEDER_SECONDS = 5.0
"""How long to wait, after the workers have ended, for the thread that sent tasks to them."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerProcesses:
    """Worker processes that start at the first call and stay until they are replaced or closed.

    All methods may be called from any thread.

    Parameters
    ----------
    number
        How many workers to run, at least 1.

    Attributes
    ----------
    closed
        Whether `close` was called.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self.closed = False

    def folder(self) -> Path:
        """Return the folder of the workers' temporary files, which `close` deletes.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        with self._lock:
            return self._existing_folder()

    def call(
        self, function: Callable[..., AnyT], *arguments: object
    ) -> tuple[Future[AnyT], ProcessPoolExecutor]:
        """Call a function in a worker. Workers that have died are replaced first.

        Returns
        -------
        The future result, and the executor that owns it: pass that one to `replace` if the call hangs.

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
        """Kill this executor's workers, whatever they are doing; the next call starts new ones."""
        with self._lock:
            if self._executor is executor:
                self._executor = None
        _kill(executor)

    def close(self) -> None:
        """Kill the workers and wait until they have ended. A second call does nothing."""
        with self._lock:
            self.closed = True
            executor, self._executor = self._executor, None
            folder, self._folder = self._folder, None
            if executor is not None:
                _kill(executor)
            if folder is not None:
                folder.cleanup()

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            folder = self._existing_folder()
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    max_workers=self._number,
                    env=_ONE_THREAD | {"TMPDIR": str(folder)},
                    initializer=_initialize_worker,
                    initargs=(os.getpid(), str(folder)),
                )
            return self._executor

    def _existing_folder(self) -> Path:
        if self.closed:
            raise ComputeLost("expected an open pool, found it closed")
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="storecast-workers-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        folder.mkdir(mode=0o700, exist_ok=True)  # some systems delete what has been in /tmp for days
        return folder


def _kill(executor: ProcessPoolExecutor) -> None:
    """Kill an executor's workers, and wait until its processes and threads have ended.

    Loky does not wait for its feeder thread, a daemon that may be the last to hold the queue's semaphores.
    If Python exits while that thread releases them, loky's resource tracker warns of leaked semaphores.
    """
    feeder = feeder_of(executor)
    executor.shutdown(wait=True, kill_workers=True)
    if feeder is not None:
        feeder.join(FEEDER_SECONDS)


def _initialize_worker(server: int, folder: str) -> None:
    """Lower this worker's priority, ignore Ctrl-C, and make it end when its server does."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with, args=(server, folder), name="parent-watch", daemon=True).start()


def _exit_with(server: int, folder: str) -> None:
    """Exit this process, and delete its folder, as soon as the server is no longer its parent."""
    tick = threading.Event()
    while os.getppid() == server:
        tick.wait(PARENT_CHECK_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
