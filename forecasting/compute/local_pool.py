"""Worker processes on this machine."""

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor, ShutdownExecutorError

from forecasting.errors import ComputeLost
from forecasting.ports import Done

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
AnyT = TypeVar("AnyT")

NICENESS = 10
"""Added to the workers' niceness, so that pages stay quick while fits run."""

AHEAD = 1
"""Tasks handed over beyond one for each worker, so that none waits for its next one."""

PARENT_CHECK_SECONDS = 0.5
"""How often a worker looks whether its server is still there."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class LocalPool(Generic[TaskT, ResultT]):
    """Runs `work` in niced worker processes; implements `forecasting.ports.Compute`.

    The workers start at the first `run` or `warm` and stay. They never run the server's main module (loky
    starts plain interpreters), ignore Ctrl-C, use one BLAS thread each, put their temporary files into one
    folder that goes with the pool, and end by themselves when the server is gone, however it went. All
    methods may be called from any thread; several `run` share the workers.

    Parameters
    ----------
    work
        A function of an importable module.
    processes
        Number of workers, at least 1.
    """

    def __init__(self, work: Callable[[TaskT], ResultT], processes: int) -> None:
        self._work = work
        self._processes = processes
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._closed = False

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Start the workers without waiting for them, so that the first `run` finds them ready.

        Each imports the module of `work`, and calls `prepare` where given (such as
        ``functools.partial(importlib.import_module, "prophet")``); an error in it is left to the fits to
        meet again.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        for _ in range(self._processes):
            self._submit(_get_ready, self._work, prepare)

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[Done[TaskT, ResultT]]:
        """Yield each task as it is done, in any order; one that raises leaves the others alone.

        A few tasks at a time are handed over: who comes with another `run` waits for no more than those, and
        closing the iterator early leaves the rest undone.

        Raises
        ------
        ComputeLost
            If a worker process died or the pool was closed; nothing is known about the tasks not yet yielded.
            After a death the next `run` starts new workers.
        """
        waiting, pending = iter(tasks), dict[Future[ResultT], TaskT]()
        try:
            for task in islice(waiting, self._processes + AHEAD):
                pending[self._submit(self._work, task)] = task
            while pending:
                future = next(as_completed(tuple(pending)))
                done = pending.pop(future)
                for task in islice(waiting, 1):
                    pending[self._submit(self._work, task)] = task
                yield _done(done, future)
        except BrokenProcessPool as error:
            found = str(error).partition(". ")[0]  # the rest is advice; it stays with the cause
            raise ComputeLost(f"expected every worker process to live, found: {found}") from error
        except ShutdownExecutorError as error:
            raise ComputeLost("expected the workers to stay until the end, found the pool closed") from error

    def close(self) -> None:
        """End the workers at once, whatever they do, and wait for it; a second time does nothing."""
        with self._lock:
            self._closed = True
            executor, self._executor = self._executor, None
            folder, self._folder = self._folder, None
            if executor is not None:
                executor.shutdown(wait=True, kill_workers=True)
            if folder is not None:
                folder.cleanup()

    def _submit(self, function: Callable[..., AnyT], *arguments: object) -> Future[AnyT]:
        """Submit, to new workers where the old ones have died."""
        executor = self._started()
        future: Future[AnyT]
        try:
            future = executor.submit(function, *arguments)
        except BrokenProcessPool:
            self._discard(executor)
            future = self._started().submit(function, *arguments)
        return future

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise ComputeLost("expected an open pool, found it closed")
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="storecast-workers-", ignore_cleanup_errors=True)
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    max_workers=self._processes,
                    env=_ONE_THREAD | {"TMPDIR": self._folder.name},
                    initializer=_begin,
                    initargs=(os.getpid(), self._folder.name),
                )
            return self._executor

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._executor is broken:
                self._executor = None
        broken.shutdown(wait=True, kill_workers=True)


def _done(task: TaskT, future: "Future[ResultT]") -> Done[TaskT, ResultT]:
    """What became of a task; that of a pool that has died is raised."""
    error = future.exception()
    if error is None:
        return Done(task, future.result())
    if isinstance(error, BrokenProcessPool | ShutdownExecutorError) or not isinstance(error, Exception):
        raise error
    return Done(task, error=error)


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


def _get_ready(_work: object, prepare: Callable[[], object] | None) -> None:
    """Having received `work`, a worker has imported its module."""
    if prepare is not None:
        prepare()
