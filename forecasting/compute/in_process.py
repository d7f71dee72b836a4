"""Fits in the worker's own process, for deployments that start one worker process per core."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

from forecasting.compute.dispatch import GRACE_SECONDS, POLL_SECONDS
from forecasting.core.errors import ComputeLost
from forecasting.core.ports import TaskOutcome, always

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class InProcess(Generic[TaskT, ResultT]):
    """Runs `work` in a thread of this process, one task at a time; implements `core.ports.Compute`.

    Nothing is sent between processes, so one core fits more series than with a pool of one. The price: a fit
    that crashes its process ends this one too, and another worker takes over its runs. A fit that hangs keeps
    its thread until the process ends.

    Parameters
    ----------
    work
        The function that does a task.
    grace
        Seconds to wait for the current task after its run was cancelled.
    """

    def __init__(self, work: Callable[[TaskT], ResultT], grace: float = GRACE_SECONDS) -> None:
        self._work = work
        self._grace = grace
        self._closed = threading.Event()

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """See `ports.Compute.warm`."""
        self._require_open()
        if prepare is not None:
            _start_in_thread(lambda _nothing: prepare(), None)

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[TaskOutcome[TaskT, ResultT]]:
        """See `ports.Compute.run`; tasks are done in the order given."""
        for task in tasks:
            self._require_open()
            if not wanted():
                return
            future = _start_in_thread(self._work, task)
            while not wait([future], POLL_SECONDS).done:
                self._require_open()
                if not wanted():
                    wait([future], self._grace)
                    return
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield TaskOutcome(task, error=error) if error is not None else TaskOutcome(task, future.result())

    def close(self) -> None:
        """Fail every run with `ComputeLost`. A task in progress ends by itself or with the process."""
        self._closed.set()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise ComputeLost("expected an open pool, found it closed")


def _start_in_thread(work: Callable[[TaskT], ResultT], task: TaskT) -> Future[ResultT]:
    """Start a task in a daemon thread, which does not hold up the end of the process."""
    future: Future[ResultT] = Future()

    def do() -> None:
        try:
            future.set_result(work(task))
        except BaseException as error:  # noqa: BLE001 – passed on to the future, as every executor does
            future.set_exception(error)

    threading.Thread(target=do, name="fit", daemon=True).start()
    return future
