"""An asyncio event loop in a thread of its own, for client libraries that need a running one."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

AnyT = TypeVar("AnyT")


class LoopThread:
    """Runs coroutines on behalf of other threads. The thread starts at once and ends with `stop`."""

    def __init__(self, name: str) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def start(self, coroutine: Coroutine[Any, Any, AnyT]) -> Future[AnyT]:
        """Schedule a coroutine and return its future. Must not be called after `stop`."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self, timeout: float) -> None:
        """Cancel the coroutines that still run, and wait up to `timeout` seconds for the thread to end."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(timeout)

    def _serve(self) -> None:
        with self._runner as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        await self._stopped.wait()
