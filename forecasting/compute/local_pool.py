"""Runs on worker processes of this machine."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor, ShutdownExecutorError

from forecasting.compute.handover import GRACE_SECONDS, each_done
from forecasting.compute.local_workers import LocalWorkers
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import Done, always

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

AHEAD = 1
"""Tasks handed over beyond one for each worker, so that none waits for its next one."""


class LocalPool(Generic[TaskT, ResultT]):
    """Runs `work` in niced worker processes; implements `forecasting.core.ports.Compute`.

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
    grace
        Seconds that a task nobody wants any more may go on before the workers are replaced.
    """

    def __init__(
        self, work: Callable[[TaskT], ResultT], processes: int, grace: float = GRACE_SECONDS
    ) -> None:
        self._work = work
        self._processes = processes
        self._grace = grace
        self._workers = LocalWorkers(processes)
        self._numbers = count()

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
            self._workers.call(_get_ready, self._work, prepare)

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[Done[TaskT, ResultT]]:
        """Yield each task as it is done, in any order; one that raises leaves the others alone.

        A few tasks at a time are handed over: who comes with another `run` waits for no more than those.
        Where `wanted` says no it ends when the tasks under way have, or after the grace, with the workers
        replaced; closing the iterator early does the same in the background.

        Raises
        ------
        ComputeLost
            If a worker process died, the workers were replaced under another `run`, or the pool was closed;
            nothing is known about the tasks not yet yielded. The next `run` starts new workers.
        """
        handover = _Handover(self._work, self._processes, self._grace, self._workers, self._numbers)
        try:
            with closing(each_done(handover, tasks, wanted)) as each:
                for task, future in each:
                    yield _done(task, future)
        except BrokenProcessPool as error:
            found = str(error).partition(". ")[0]  # the rest is advice; it stays with the cause
            raise ComputeLost(f"expected every worker process to live, found: {found}") from error
        except ShutdownExecutorError as error:
            found = "the pool closed" if self._workers.closed else "them replaced: an unwanted fit hung"
            raise ComputeLost(f"expected the workers to stay until the end, found {found}") from error

    def close(self) -> None:
        """End the workers at once, whatever they do, and wait for it; a second time does nothing."""
        self._workers.close()


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that can be made once: who makes it has the task, a worker to do it or the server to drop it."""

    path: Path

    def made(self) -> bool:
        """Whether the task is the caller's now."""
        try:
            self.path.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class _Handover(Generic[TaskT, ResultT]):
    """The way of one run's tasks to the workers; implements `handover.Handover`."""

    def __init__(
        self,
        work: Callable[[TaskT], ResultT],
        processes: int,
        grace: float,
        workers: LocalWorkers,
        numbers: Iterator[int],
    ) -> None:
        self.room = processes + AHEAD
        self._work = work
        self._grace = grace
        self._workers = workers
        self._numbers = numbers
        self._handed = WeakKeyDictionary[Future[ResultT | None], tuple[Claim, ProcessPoolExecutor]]()

    def hand_over(self, task: TaskT) -> Future[ResultT | None]:
        claim = Claim(self._workers.folder() / f"task-{next(self._numbers)}")
        future, executor = self._workers.call(_do, claim, self._work, task)
        self._handed[future] = claim, executor
        return future

    def look(self) -> None:
        """Nothing: workers that die end their tasks."""

    def let_go(self, futures: Collection[Future[ResultT | None]], *, wait_for_them: bool) -> None:
        begun = [future for future in futures if not future.done() and not self._taken_back(future)]
        if wait_for_them:
            self._replace_hanging(begun)
        elif begun:
            threading.Thread(
                target=self._replace_hanging, args=(begun,), name="compute-grace", daemon=True
            ).start()

    def _taken_back(self, future: Future[ResultT | None]) -> bool:
        """Claim a task before a worker does; one that was done just now leaves the claim to be removed."""
        claim, _executor = self._handed[future]
        taken = claim.made()
        if taken:
            future.add_done_callback(lambda _done: claim.path.unlink(missing_ok=True))
        return taken

    def _replace_hanging(self, begun: Collection[Future[ResultT | None]]) -> None:
        hanging = wait(begun, self._grace).not_done
        for executor in {self._handed[future][1] for future in hanging}:
            log.warning("an unwanted fit went on for %g s; the workers are replaced", self._grace)
            self._workers.replace(executor)


def _done(task: TaskT, future: Future[ResultT | None]) -> Done[TaskT, ResultT]:
    """What became of a task; that of a pool that has died is raised."""
    error = future.exception()
    if error is None:
        return Done(task, future.result())
    if isinstance(error, BrokenProcessPool | ShutdownExecutorError) or not isinstance(error, Exception):
        raise error
    return Done(task, error=error)


def _do(claim: Claim, work: Callable[[TaskT], ResultT], task: TaskT) -> ResultT | None:
    """Do a task in a worker, unless the server has taken it back."""
    if not claim.made():
        claim.path.unlink()
        return None
    try:
        return work(task)
    finally:
        claim.path.unlink(missing_ok=True)


def _get_ready(_work: object, prepare: Callable[[], object] | None) -> None:
    """Having received `work`, a worker has imported its module."""
    if prepare is not None:
        prepare()
