"""The connection to a Dask scheduler: opened on first use, and opened again after it was lost."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from distributed import Client

from forecasting.compute import dask_worker
from forecasting.compute.dask_internals import is_connected, is_reconnecting
from forecasting.compute.loop_thread import LoopThread
from forecasting.core.errors import ComputeLost

AnyT = TypeVar("AnyT")

CONNECT_SECONDS = 2.0
"""Timeout of one attempt to connect, and of the client's own attempts to reach a lost scheduler again."""

RETRY_SECONDS = 0.1
"""Pause between two attempts to connect."""

CLOSE_SECONDS = 1.0
"""Timeout for the workers to answer a farewell, and for the client to close."""


class DaskConnection:
    """A client of a Dask scheduler, with the thread whose event loop it lives in.

    `start` and `close` may be called from any thread; coroutines run in the connection's own.

    Parameters
    ----------
    address
        The scheduler's, such as ``tcp://10.0.0.5:8786``.
    patience
        Seconds the scheduler may take to answer.

    Attributes
    ----------
    closed
        Whether `close` was called.
    """

    def __init__(self, address: str, patience: float) -> None:
        self.address = address
        self.closed = False
        self._patience = patience
        # Reentrant: a run may be garbage-collected, and so abandoned, in a thread that holds the lock.
        self._lock = threading.RLock()
        self._loop: LoopThread | None = None
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        logging.getLogger("distributed").setLevel(logging.WARNING)  # its default reports every connection

    def start(self, coroutine: Coroutine[Any, Any, AnyT]) -> Future[AnyT]:
        """Schedule a coroutine in the connection's thread and return its future.

        Raises
        ------
        ComputeLost
            If the connection is closed.
        """
        with self._lock:
            if self.closed:
                coroutine.close()
                raise ComputeLost("expected an open pool, found it closed")
            if self._loop is None:
                self._loop = LoopThread("dask-client")
            return self._loop.start(coroutine)

    async def client(self) -> Client:
        """Return the connected client; connect first where needed.

        Raises
        ------
        OSError
            If no scheduler answered within the patience.
        """
        async with self._connecting:
            await self._wait_while_reconnecting()
            if self._client is None or not is_connected(self._client):
                self._client = await self._connect_patiently()
                with suppress(OSError):  # a worker does not answer, or the scheduler was lost again
                    await asyncio.wait_for(
                        self._client.run(dask_worker.limit_threads, on_error="ignore"), CLOSE_SECONDS
                    )
            return self._client

    def close(self, farewell: Callable[[Client], Awaitable[object]]) -> None:
        """Send the workers a farewell, cancel pending coroutines and disconnect. A second call does nothing.

        Parameters
        ----------
        farewell
            Called with the client if it is connected.
        """
        with self._lock:
            self.closed = True
            loop, self._loop = self._loop, None
        if loop is not None:
            wait([loop.start(self._disconnect(farewell))], CONNECT_SECONDS + 2 * CLOSE_SECONDS)
            loop.stop(CLOSE_SECONDS)

    async def _connect_patiently(self) -> Client:
        end = monotonic() + self._patience
        while True:
            try:
                return await self._connect()
            except OSError:
                if monotonic() > end:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    async def _connect(self) -> Client:
        timeout = min(CONNECT_SECONDS, self._patience)
        client = Client(self.address, asynchronous=True, set_as_default=False, timeout=timeout)
        try:
            await client
        finally:
            if not is_connected(client):
                await client.close()
        return client

    async def _wait_while_reconnecting(self) -> None:
        """Wait while the client tries to reach a lost scheduler again; it closes itself if it fails."""
        while self._client is not None and is_reconnecting(self._client):  # noqa: ASYNC110 – it has no event
            await asyncio.sleep(RETRY_SECONDS)

    async def _disconnect(self, farewell: Callable[[Client], Awaitable[object]]) -> None:
        await self._wait_while_reconnecting()
        if self._client is not None and is_connected(self._client):
            with suppress(OSError):  # includes a timeout
                await asyncio.wait_for(farewell(self._client), CLOSE_SECONDS)
            await self._client.close(timeout=CLOSE_SECONDS)
