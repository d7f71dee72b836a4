"""Calls that may hang, such as a query on a locked database, with a time limit for each caller."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")


class SharedCall(Generic[ResultT]):
    """Runs a function in a thread of its own and shares each result among all who ask meanwhile.

    At most one call runs at a time. The thread is a daemon, so a call that hangs does not keep the process
    from ending.

    Parameters
    ----------
    function
        Called without arguments, once for all callers that wait at the same time.
    """

    def __init__(self, function: Callable[[], ResultT]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._pending: Future[ResultT] | None = None

    async def result(self, timeout: float) -> ResultT:  # noqa: ASYNC109 - a call that is shared cannot be cancelled
        """Wait up to `timeout` seconds for the result; raises what the function raised.

        Raises
        ------
        TimeoutError
            If there is no result in time. The call goes on for later callers.
        """
        return await asyncio.wait_for(asyncio.wrap_future(self._running_call()), timeout)

    def _running_call(self) -> Future[ResultT]:
        with self._lock:
            if self._pending is None or self._pending.done():
                self._pending = Future()
                self._pending.set_running_or_notify_cancel()  # so that no caller can cancel it for the others
                threading.Thread(
                    target=self._call, args=(self._pending,), name="shared call", daemon=True
                ).start()
            return self._pending

    def _call(self, pending: Future[ResultT]) -> None:
        try:
            result = self._function()
        except Exception as error:  # noqa: BLE001 - passed on to every caller
            pending.set_exception(error)
        else:
            pending.set_result(result)
