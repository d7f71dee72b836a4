"""The connection to a Dask scheduler, made when it is needed and anew where it was lost."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from distributed import Client

from forecasting.compute import dask_work
from forecasting.compute.loop_thread import LoopThread
from forecasting.core.errors import ComputeLost

AnyT = TypeVar("AnyT")

CONNECT_SECONDS = 2.0
"""How long one attempt to connect may take, and how long a lost scheduler is looked for before it is one."""

RETRY_SECONDS = 0.1
"""Pause between two attempts."""

CLOSE_SECONDS = 1.0
"""How long workers may take to answer, and the client to close."""


class DaskLink:
    """A client of a scheduler, with the thread it lives in.

    `start` and `close` may be called from any thread; coroutines run in the link's own.

    Parameters
    ----------
    address
        The scheduler's.
    patience
        Seconds it may take to answer.
    """

    def __init__(self, address: str, patience: float) -> None:
        self.address = address
        self.closed = False
        self._patience = patience
        self._lock = threading.RLock()  # a run that is collected lets go in whatever thread that happens
        self._loop: LoopThread | None = None
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        logging.getLogger("distributed").setLevel(logging.WARNING)  # it tells of each connection by default

    def start(self, coroutine: Coroutine[Any, Any, AnyT]) -> Future[AnyT]:
        """Let a coroutine run in the link's thread.

        Raises
        ------
        ComputeLost
            If the link is closed.
        """
        with self._lock:
            if self.closed:
                coroutine.close()
                raise ComputeLost("expected an open pool, found it closed")
            if self._loop is None:
                self._loop = LoopThread("dask-client")
            return self._loop.start(coroutine)

    async def client(self) -> Client:
        """Return the connected client.

        Raises
        ------
        OSError
            If no scheduler has answered for as long as patience lasts.
        """
        async with self._connecting:
            await self._settle()
            if self._client is None or self._client.status != "running":
                self._client = await self._connected()
                with suppress(OSError):  # a worker that does not answer, or a scheduler lost again
                    await asyncio.wait_for(
                        self._client.run(dask_work.begin, on_error="ignore"), CLOSE_SECONDS
                    )
            return self._client

    def close(self, goodbye: Callable[[Client], Awaitable[object]]) -> None:
        """Say goodbye and disconnect, with what is under way cancelled; a second time does nothing.

        Parameters
        ----------
        goodbye
            Called with the client, if it is connected.
        """
        with self._lock:
            self.closed = True
            loop, self._loop = self._loop, None
        if loop is not None:
            wait([loop.start(self._end(goodbye))], CONNECT_SECONDS + 2 * CLOSE_SECONDS)
            loop.stop(CLOSE_SECONDS)

    async def _connected(self) -> Client:
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
            if client.status != "running":
                await client.close()
        return client

    async def _settle(self) -> None:
        """Wait while the client that has lost its scheduler looks for it, after which it closes itself."""
        while self._client is not None and self._client.status == "connecting":  # noqa: ASYNC110 – it has no event
            await asyncio.sleep(RETRY_SECONDS)

    async def _end(self, goodbye: Callable[[Client], Awaitable[object]]) -> None:
        await self._settle()
        if self._client is not None and self._client.status == "running":
            with suppress(OSError):  # a timeout is one, too
                await asyncio.wait_for(goodbye(self._client), CLOSE_SECONDS)
            await self._client.close(timeout=CLOSE_SECONDS)
