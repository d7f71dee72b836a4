"""The way of one run's tasks to a Dask cluster."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Generic, TypeVar

from distributed import Client, KilledWorker
from distributed.client import ClosedClientError
from distributed.scheduler import NoValidWorkerError, NoWorkerError

from forecasting.compute import dask_work
from forecasting.compute.dask_link import DaskLink
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import Done

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

TASKS_PER_THREAD = 2
"""Tasks of a run with the cluster together: for each thread one under way and one that waits."""

ASK_SECONDS = 0.1
"""How often workers are asked whether they are done with what was let go."""

GIVEN_UP = (KilledWorker, NoValidWorkerError, NoWorkerError)
"""How Dask ends a task that it does not try again."""


@dataclass
class DaskHandover(Generic[TaskT, ResultT]):
    """Implements `handover.Handover`.

    Attributes
    ----------
    owners
        Names, unique in the world, of the pool and of the run.
    size
        The run's tasks in all: the fewer, the earlier their turn.
    patience, grace
        As in `DaskCluster`.
    """

    link: DaskLink
    client: Client
    work: Callable[[TaskT], ResultT]
    owners: tuple[str, str]
    size: int
    patience: float
    grace: float
    _threads: int = 0
    _alive_at: float = field(default_factory=monotonic)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def room(self) -> int:
        """A few tasks for each thread; one where there is none yet."""
        return max(1, TASKS_PER_THREAD * self._threads)

    def hand_over(self, task: TaskT) -> Future[Done[TaskT, ResultT]]:
        """Submit a task and gather its result."""
        return self.link.start(self._done(task))

    def look(self) -> None:
        """Check that there are a scheduler and a worker."""
        if self.client.status != "running":
            raise ConnectionError("the connection lost")
        self.link.start(self._count()).result()
        if monotonic() - self._alive_at > self.patience:
            raise ComputeLost(
                f"{self.link.address}: expected a Dask worker, found none for {self.patience:g} s"
            )

    def let_go(self, futures: Collection[Future[Done[TaskT, ResultT]]], *, wait_for_them: bool) -> None:
        """Cancel the tasks, which Dask does where they have not begun; workers end themselves that hang."""
        for future in futures:
            future.cancel()
        if not futures:
            return
        with suppress(ComputeLost):  # closed, which lets go of all runs
            letting = self.link.start(self._let_go())
            if wait_for_them:
                wait([letting])

    async def _done(self, task: TaskT) -> Done[TaskT, ResultT]:
        await self._count()
        future = self.client.submit(
            dask_work.do,
            self.owners,
            self.work,
            task,
            key=(f"storecast-{self.owners[-1]}", next(self._numbers)),  # each run is a task group of its own
            priority=-self.size,
        )
        try:
            error = await future.exception()
            if isinstance(error, GIVEN_UP):
                raise error
            return Done(task, error=error) if error else Done(task, await future)
        finally:
            future.release()

    async def _count(self) -> None:
        """Note the cluster's threads, of which the client is told every other second."""
        self._threads = self.client.scheduler_info().get("total_threads", 0)
        if self._threads:
            self._alive_at = monotonic()

    async def _let_go(self) -> None:
        end = monotonic() + self.grace + ASK_SECONDS
        with suppress(OSError, ClosedClientError):  # nobody to ask, or a worker that does not answer
            while self.client.status == "running":
                if (left := end - monotonic()) <= 0:
                    log.warning("an unwanted fit went on for %g s; its Dask worker ends", self.grace)
                    return
                asking = self.client.run(dask_work.let_go, self.owners[-1], self.grace, on_error="ignore")
                if not any((await asyncio.wait_for(asking, left)).values()):
                    return
                await asyncio.sleep(ASK_SECONDS)
