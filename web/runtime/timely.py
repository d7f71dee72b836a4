"""Asking what may hang: a database that is locked, a disk that does not answer."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")


class Timely(Generic[ResultT]):
    """Asks in a thread, and waits no longer than told.

    However many want to know, only one question is under way at a time; who comes meanwhile shares its
    answer. The thread is a daemon: one that hangs keeps no server from ending.
    """

    def __init__(self, ask: Callable[[], ResultT]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._answer: Future[ResultT] | None = None

    async def answer(self, seconds: float) -> ResultT:
        """The answer, or what the question raised.

        Raises
        ------
        TimeoutError
            If there is none in time.
        """
        return await asyncio.wait_for(asyncio.wrap_future(self._under_way()), seconds)

    def _under_way(self) -> Future[ResultT]:
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                self._answer.set_running_or_notify_cancel()  # who goes away can't cancel it
                threading.Thread(target=self._do, args=(self._answer,), name="timely", daemon=True).start()
            return self._answer

    def _do(self, answer: Future[ResultT]) -> None:
        try:
            result = self._ask()
        except Exception as error:  # noqa: BLE001 - nothing is swallowed: who asked gets it
            answer.set_exception(error)
        else:
            answer.set_result(result)
