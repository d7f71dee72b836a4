"""Runs on the workers of a Dask cluster, which may span many machines."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, wait
from contextlib import closing
from typing import Generic, TypeVar
from uuid import uuid4

from distributed import Client

from forecasting.compute import dask_worker
from forecasting.compute.dask_connection import DaskConnection
from forecasting.compute.dask_dispatcher import DaskDispatcher
from forecasting.compute.dask_internals import GIVEN_UP, ClosedClientError, FutureCancelledError
from forecasting.compute.dispatch import GRACE_SECONDS, POLL_SECONDS, iterate_completed
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import TaskOutcome, always

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

PATIENCE_SECONDS = 30.0
"""How long a scheduler may take to answer, and how long a cluster may have no worker."""


class DaskCluster(Generic[TaskT, ResultT]):
    """Runs `work` on the workers of a Dask scheduler; implements `forecasting.core.ports.Compute`.

    The operator owns the scheduler and its workers, which outlive this object. All of them must be able to
    import this package, and the workers must be able to read the history files. The connection is opened at
    the first `run` or `warm`, and opened again if the scheduler was lost. When a worker dies, Dask gives its
    tasks to another one. All methods may be called from any thread.

    Parameters
    ----------
    work
        A function of an importable module.
    address
        The scheduler's, such as ``tcp://10.0.0.5:8786``.
    patience
        Seconds the scheduler may take to answer, and the cluster may have no worker.
    grace
        Seconds a task may keep running after its run was cancelled. Then its worker exits, and its nanny
        starts a new one.
    """

    def __init__(
        self,
        work: Callable[[TaskT], ResultT],
        address: str,
        patience: float = PATIENCE_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._work = work
        self._address = address
        self._patience = patience
        self._grace = grace
        self._name = uuid4().hex
        self._connection = DaskConnection(address, patience)

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Connect, and make the present workers import what fits need, without waiting for either.

        A scheduler that cannot be reached is only logged; the first `run` tries again.

        Parameters
        ----------
        prepare
            As in `LocalPool.warm`.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        self._connection.start(self._warm(prepare))

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[TaskOutcome[TaskT, ResultT]]:
        """Yield each task when it completes, in any order. A task that raises does not affect the others.

        Only a few tasks for each thread of the cluster are submitted at a time. Smaller runs have priority.
        When `wanted` returns False the run ends after the tasks in progress, or after the grace, when the
        workers that hang exit. Closing the iterator early does the same in the background.

        Raises
        ------
        ComputeLost
            If the scheduler or all workers are missing, a task has killed several workers, or the pool was
            closed. Nothing is known about the tasks not yet yielded.
        """
        if not tasks:
            return
        try:
            client = self._connect(wanted)
            if client is None:
                return
            dispatcher = DaskDispatcher(
                self._connection,
                client,
                self._work,
                (self._name, uuid4().hex),
                len(tasks),
                self._patience,
                self._grace,
            )
            dispatcher.check_workers()
            with closing(iterate_completed(dispatcher, tasks, wanted)) as completed:
                for _, future in completed:
                    yield future.result()
        except (CancelledError, ClosedClientError, OSError, *GIVEN_UP) as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Disconnect. Workers finish the tasks in progress and start no more. Safe to call twice."""
        self._connection.close(lambda client: client.run(dask_worker.abandon, self._name, self._grace))

    def _connect(self, wanted: Callable[[], bool]) -> Client | None:
        """Return the connected client, or None if the run is cancelled before it is connected."""
        connecting = self._connection.start(self._connection.client())
        while wait([connecting], POLL_SECONDS).not_done:
            if not wanted():
                connecting.cancel()
                return None
        return connecting.result()

    async def _warm(self, prepare: Callable[[], object] | None) -> None:
        try:
            client = await self._connection.client()
        except OSError as error:
            log.warning("%s", self._lost(error))
            return
        futures = [
            client.submit(dask_worker.prepare_worker, self._work, prepare, pure=False, workers=[worker])
            for worker in await client.nthreads()
        ]
        await asyncio.gather(*(future.exception() for future in futures))

    def _lost(self, error: Exception) -> ComputeLost:
        if self._connection.closed:
            return ComputeLost("expected the workers to stay until the run ends, found the pool closed")
        if isinstance(error, GIVEN_UP):
            found = str(error).partition(". ")[0]  # what follows is Dask's advice; the cause keeps it
            return ComputeLost(f"expected Dask workers to live, found: {found}")
        where = f"expected the Dask scheduler at {self._address}"
        if isinstance(error, FutureCancelledError):
            return ComputeLost(f"{where} to keep its tasks, found one cancelled: {error.reason}")
        return ComputeLost(f"{where} to answer, found: {error}")
