"""Runs on the workers of a Dask cluster, which may be many machines."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, wait
from contextlib import closing
from typing import Generic, TypeVar
from uuid import uuid4

from distributed import Client
from distributed.client import ClosedClientError, FutureCancelledError

from forecasting.compute import dask_work
from forecasting.compute.dask_handover import GIVEN_UP, DaskHandover
from forecasting.compute.dask_link import DaskLink
from forecasting.compute.handover import GRACE_SECONDS, LOOK_SECONDS, each_done
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import Done, always

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

PATIENCE_SECONDS = 30.0
"""How long a scheduler may take to answer, and a cluster may be without a worker."""


class DaskCluster(Generic[TaskT, ResultT]):
    """Runs `work` on the workers of a Dask scheduler; implements `forecasting.core.ports.Compute`.

    The scheduler and its workers are the operator's and outlive this object; all of them can import this
    package, and the workers read the same history files. It connects at the first `run` or `warm`, and anew
    where the scheduler was lost. What a worker did that dies is done by another one. All methods may be
    called from any thread.

    Parameters
    ----------
    work
        A function of an importable module.
    address
        The scheduler's, such as ``tcp://10.0.0.5:8786``.
    patience
        Seconds the scheduler may take to answer, and the cluster may be without a worker.
    grace
        Seconds that a task nobody wants any more may go on before its worker ends, for a nanny to replace.
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
        self._link = DaskLink(address, patience)

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Connect, and let the workers there are import what fits need, without waiting for it.

        Parameters
        ----------
        prepare
            As in `LocalPool.warm`.

        Raises
        ------
        ComputeLost
            If this is closed. A scheduler that is not there yet is logged: the first `run` tries again.
        """
        self._link.start(self._warm(prepare))

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[Done[TaskT, ResultT]]:
        """Yield each task as it is done, in any order; one that raises leaves the others alone.

        A few tasks for each thread of the cluster are handed over at a time, and those of a small run go
        first. Where `wanted` says no it ends when the tasks under way have, or after the grace, with the
        workers that hang ended; closing the iterator early does the same in the background.

        Raises
        ------
        ComputeLost
            If there is no scheduler or no worker, a task has killed several, or this was closed; nothing is
            known about the tasks not yet yielded.
        """
        if not tasks:
            return
        try:
            client = self._connected(wanted)
            if client is None:
                return
            handover = DaskHandover(
                self._link,
                client,
                self._work,
                (self._name, uuid4().hex),
                len(tasks),
                self._patience,
                self._grace,
            )
            handover.look()
            with closing(each_done(handover, tasks, wanted)) as each:
                for _, future in each:
                    yield future.result()
        except (CancelledError, ClosedClientError, OSError, *GIVEN_UP) as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Disconnect, with the workers left to end what they do; a second time does nothing."""
        self._link.close(lambda client: client.run(dask_work.let_go, self._name, self._grace))

    def _connected(self, wanted: Callable[[], bool]) -> Client | None:
        """Return the client, or None where the run is not wanted any more before it is connected."""
        connecting = self._link.start(self._link.client())
        while wait([connecting], LOOK_SECONDS).not_done:
            if not wanted():
                connecting.cancel()
                return None
        return connecting.result()

    async def _warm(self, prepare: Callable[[], object] | None) -> None:
        try:
            client = await self._link.client()
        except OSError as error:
            log.warning("%s", self._lost(error))
            return
        futures = [
            client.submit(dask_work.get_ready, self._work, prepare, pure=False, workers=[worker])
            for worker in await client.nthreads()
        ]
        await asyncio.gather(*(future.exception() for future in futures))

    def _lost(self, error: Exception) -> ComputeLost:
        if self._link.closed:
            return ComputeLost("expected the workers to stay until the end, found the pool closed")
        if isinstance(error, GIVEN_UP):
            found = str(error).partition(". ")[0]  # the rest is advice; it stays with the cause
            return ComputeLost(f"expected Dask workers to live, found: {found}")
        where = f"expected the Dask scheduler at {self._address}"
        if isinstance(error, FutureCancelledError):
            return ComputeLost(f"{where} to keep its tasks, found one cancelled: {error.reason}")
        return ComputeLost(f"{where} to answer, found: {error}")
