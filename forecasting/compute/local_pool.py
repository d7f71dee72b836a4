"""Runs on worker processes of this machine."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from itertools import count
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from loky import BrokenProcessPool, ProcessPoolExecutor

from forecasting.compute.dispatch import GRACE_SECONDS, iterate_completed
from forecasting.compute.loky_internals import ShutdownExecutorError
from forecasting.compute.task_claim import TaskClaim, do_claimed, prepare_worker
from forecasting.compute.worker_processes import WorkerProcesses
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import TaskOutcome, always

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

AHEAD = 1
"""Tasks submitted beyond one for each worker, so that a worker that finishes finds the next one waiting."""


class LocalPool(Generic[TaskT, ResultT]):
    """Runs `work` in low-priority worker processes; implements `forecasting.core.ports.Compute`.

    The workers start at the first `run` or `warm` and stay. They are plain interpreters started by loky and
    never execute the server's main module. They ignore Ctrl-C and use one BLAS thread each. Their temporary
    files are in a folder that is deleted with the pool. They exit when the server dies, even by SIGKILL.
    All methods may be called from any thread; concurrent runs share the workers.

    Parameters
    ----------
    work
        A function of an importable module.
    processes
        Number of workers, at least 1.
    grace
        Seconds a task may keep running after its run was cancelled; then the workers are replaced.
    """

    def __init__(
        self, work: Callable[[TaskT], ResultT], processes: int, grace: float = GRACE_SECONDS
    ) -> None:
        self._work = work
        self._number = processes
        self._grace = grace
        self._workers = WorkerProcesses(processes)
        self._task_numbers = count()

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Start the workers without waiting for them, so that the first `run` finds them ready.

        Each worker imports the module of `work` and calls `prepare`, if given (such as
        ``functools.partial(importlib.import_module, "prophet")``). An error in `prepare` is ignored here; the
        fits will raise it again.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        for _ in range(self._number):
            self._workers.call(prepare_worker, self._work, prepare)

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[TaskOutcome[TaskT, ResultT]]:
        """Yield each task when it completes, in any order. A task that raises does not affect the others.

        Only a few tasks are submitted at a time, so concurrent runs wait for no more than those. If `wanted`
        returns False the run ends after the tasks in progress, or after the grace with the workers replaced.
        Closing the iterator early does the same in the background.

        Raises
        ------
        ComputeLost
            If a worker process died, the workers were replaced because of a concurrent run, or the pool was
            closed. Nothing is known about the tasks not yet yielded. The next `run` starts new workers.
        """
        dispatcher = _LocalDispatcher(
            self._work, self._number, self._grace, self._workers, self._task_numbers
        )
        try:
            with closing(iterate_completed(dispatcher, tasks, wanted)) as completed:
                for task, future in completed:
                    yield _outcome(task, future)
        except BrokenProcessPool as error:
            found = str(error).partition(". ")[0]  # what follows is loky's advice; the cause keeps it
            raise ComputeLost(f"expected every worker process to live, found: {found}") from error
        except ShutdownExecutorError as error:
            found = (
                "the pool closed"
                if self._workers.closed
                else "them replaced because a cancelled fit did not stop"
            )
            raise ComputeLost(f"expected the workers to stay until the run ends, found {found}") from error

    def close(self) -> None:
        """Kill the workers, whatever they are doing, and wait until they have ended. Safe to call twice."""
        self._workers.close()


class _LocalDispatcher(Generic[TaskT, ResultT]):
    """Sends one run's tasks to the worker processes; implements `dispatch.Dispatcher`."""

    def __init__(
        self,
        work: Callable[[TaskT], ResultT],
        processes: int,
        grace: float,
        workers: WorkerProcesses,
        task_numbers: Iterator[int],
    ) -> None:
        self.capacity = processes + AHEAD
        self._work = work
        self._grace = grace
        self._workers = workers
        self._task_numbers = task_numbers
        self._submitted = WeakKeyDictionary[Future[ResultT | None], tuple[TaskClaim, ProcessPoolExecutor]]()

    def submit(self, task: TaskT) -> Future[ResultT | None]:
        claim = TaskClaim(self._workers.folder() / f"task-{next(self._task_numbers)}")
        future, executor = self._workers.call(do_claimed, claim, self._work, task)
        self._submitted[future] = claim, executor
        return future

    def check_workers(self) -> None:
        """Do nothing: when a worker dies, loky fails its futures."""

    def abandon(self, futures: Collection[Future[ResultT | None]], *, blocking: bool) -> None:
        started = [future for future in futures if not future.done() and not self._withdraw(future)]
        if blocking:
            self._replace_hanging(started)
        elif started:
            threading.Thread(
                target=self._replace_hanging, args=(started,), name="compute-grace", daemon=True
            ).start()

    def _withdraw(self, future: Future[ResultT | None]) -> bool:
        """Claim a task before a worker does; its file is deleted when a worker has skipped the task."""
        claim, _executor = self._submitted[future]
        acquired = claim.acquire()
        if acquired:
            future.add_done_callback(lambda _done: claim.path.unlink(missing_ok=True))
        return acquired

    def _replace_hanging(self, started: Collection[Future[ResultT | None]]) -> None:
        hanging = wait(started, self._grace).not_done
        for executor in {self._submitted[future][1] for future in hanging}:
            log.warning("a cancelled fit kept running for %g s; its workers are replaced", self._grace)
            self._workers.replace(executor)


def _outcome(task: TaskT, future: Future[ResultT | None]) -> TaskOutcome[TaskT, ResultT]:
    """Return a completed task with its result or its error. An error of the pool itself is raised."""
    error = future.exception()
    if error is None:
        return TaskOutcome(task, future.result())
    if isinstance(error, BrokenProcessPool | ShutdownExecutorError) or not isinstance(error, Exception):
        raise error
    return TaskOutcome(task, error=error)
