"""Fits in the process itself: for workers of one process each, as many as there are cores."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

from forecasting.core.errors import ComputeLost
from forecasting.core.ports import Done, always

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

LOOK_SECONDS = 0.5
"""How often a run looks whether it is still wanted while a task goes on."""

GRACE_SECONDS = 10.0
"""How long a task that nobody wants any more is waited for."""


class InProcess(Generic[TaskT, ResultT]):
    """Runs `work` in a thread of this process, a task at a time; implements `forecasting.core.ports.Compute`.

    There are no children to send anything to and nothing else to look after, so that a core fits more than
    with a pool of one. In return a fit that kills its process takes this one along, whose runs another worker
    takes over; and one that hangs keeps its thread until the process ends.

    Parameters
    ----------
    work
        What to do with a task.
    grace
        Seconds a task that nobody wants any more is waited for.
    """

    def __init__(self, work: Callable[[TaskT], ResultT], grace: float = GRACE_SECONDS) -> None:
        self._work = work
        self._grace = grace
        self._closed = threading.Event()

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """See `ports.Compute.warm`."""
        self._require_open()
        if prepare is not None:
            _begun(lambda _nothing: prepare(), None)

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[Done[TaskT, ResultT]]:
        """See `ports.Compute.run`; the tasks are done in their order."""
        for task in tasks:
            self._require_open()
            if not wanted():
                return
            future = _begun(self._work, task)
            while not wait([future], LOOK_SECONDS).done:
                self._require_open()
                if not wanted():
                    wait([future], self._grace)
                    return
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield Done(task, error=error) if error is not None else Done(task, future.result())

    def close(self) -> None:
        """Let runs end with `ComputeLost`; a task under way ends by itself, or with the process."""
        self._closed.set()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise ComputeLost("expected to go on fitting, found it closed")


def _begun(work: Callable[[TaskT], ResultT], task: TaskT) -> Future[ResultT]:
    """Begin a task in a thread of its own, for which nobody waits at the end of the process."""
    future: Future[ResultT] = Future()

    def do() -> None:
        try:
            future.set_result(work(task))
        except BaseException as error:  # noqa: BLE001 - it is the future's, as in any pool
            future.set_exception(error)

    threading.Thread(target=do, name="fit", daemon=True).start()
    return future
