"""Send one run's tasks to a Dask cluster."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Generic, TypeVar

from distributed import Client

from forecasting.compute import dask_worker
from forecasting.compute.dask_connection import DaskConnection
from forecasting.compute.dask_internals import GIVEN_UP, ClosedClientError, is_connected, thread_count
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import TaskOutcome

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

TASKS_PER_THREAD = 2
"""Tasks of one run submitted for each thread of the cluster: one in progress and one that waits."""

ASK_SECONDS = 0.1
"""How often to ask the workers whether abandoned tasks have ended."""


@dataclass
class DaskDispatcher(Generic[TaskT, ResultT]):
    """Implements `dispatch.Dispatcher`.

    Attributes
    ----------
    owners
        Globally unique names of the pool and of the run.
    size
        Number of tasks in the whole run. Smaller runs have priority.
    patience, grace
        As in `DaskCluster`.
    """

    connection: DaskConnection
    client: Client
    work: Callable[[TaskT], ResultT]
    owners: tuple[str, str]
    size: int
    patience: float
    grace: float
    _threads: int = 0
    _alive_at: float = field(default_factory=monotonic)
    _task_numbers: Iterator[int] = field(default_factory=count)

    @property
    def capacity(self) -> int:
        """A few tasks for each thread of the cluster; 1 while it has none."""
        return max(1, TASKS_PER_THREAD * self._threads)

    def submit(self, task: TaskT) -> Future[TaskOutcome[TaskT, ResultT]]:
        """Submit a task; the future completes when its result has been fetched."""
        return self.connection.start(self._complete(task))

    def check_workers(self) -> None:
        """Check that the scheduler is connected and has had a worker within the patience.

        Raises
        ------
        ConnectionError
            If the connection to the scheduler is lost.
        ComputeLost
            If the cluster has had no worker for too long.
        """
        if not is_connected(self.client):
            raise ConnectionError("the connection lost")
        self.connection.start(self._count_threads()).result()
        if monotonic() - self._alive_at > self.patience:
            raise ComputeLost(
                f"{self.connection.address}: expected a Dask worker, found none for {self.patience:g} s"
            )

    def abandon(self, futures: Collection[Future[TaskOutcome[TaskT, ResultT]]], *, blocking: bool) -> None:
        """Cancel the tasks. Dask drops those that have not started; workers that hang in one exit."""
        for future in futures:
            future.cancel()
        if not futures:
            return
        with suppress(ComputeLost):  # the pool is closed, which abandons every run
            abandoning = self.connection.start(self._abandon())
            if blocking:
                wait([abandoning])

    async def _complete(self, task: TaskT) -> TaskOutcome[TaskT, ResultT]:
        await self._count_threads()
        future = self.client.submit(
            dask_worker.do_owned,
            self.owners,
            self.work,
            task,
            key=(f"storecast-{self.owners[-1]}", next(self._task_numbers)),  # makes each run a task group
            priority=-self.size,
        )
        try:
            error = await future.exception()
            if isinstance(error, GIVEN_UP):
                raise error
            return TaskOutcome(task, error=error) if error else TaskOutcome(task, await future)
        finally:
            future.release()

    async def _count_threads(self) -> None:
        self._threads = thread_count(self.client)
        if self._threads:
            self._alive_at = monotonic()

    async def _abandon(self) -> None:
        end = monotonic() + self.grace + ASK_SECONDS
        with suppress(OSError, ClosedClientError):  # the scheduler is gone, or a worker does not answer
            while is_connected(self.client):
                if (left := end - monotonic()) <= 0:
                    log.warning("a cancelled fit kept running for %g s; its Dask worker exits", self.grace)
                    return
                asking = self.client.run(dask_worker.abandon, self.owners[-1], self.grace, on_error="ignore")
                if not any((await asyncio.wait_for(asking, left)).values()):
                    return
                await asyncio.sleep(ASK_SECONDS)
