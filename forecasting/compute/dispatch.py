"""Send a run's tasks to the workers, a few at a time, for as long as the run is wanted."""

from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from typing import Protocol, TypeVar

TaskT = TypeVar("TaskT")
TaskT_contra = TypeVar("TaskT_contra", contravariant=True)
ResultT = TypeVar("ResultT")

POLL_SECONDS = 0.5
"""How often a run that waits for a result checks that it is still wanted."""

GRACE_SECONDS = 10.0
"""How long a task may keep running after its run was cancelled; then its worker is replaced."""


class Dispatcher(Protocol[TaskT_contra, ResultT]):
    """Sends one run's tasks to one kind of worker."""

    @property
    def capacity(self) -> int:
        """How many of the run's tasks may be with the workers at the same time."""
        ...

    def submit(self, task: TaskT_contra) -> Future[ResultT]:
        """Send a task to the workers.

        Raises
        ------
        ComputeLost
            If there are no workers and none can be started.
        """
        ...

    def check_workers(self) -> None:
        """Check that the workers are still there. Called every `POLL_SECONDS` while no task completes.

        Raises
        ------
        ComputeLost
            If the submitted tasks will never complete.
        """
        ...

    def abandon(self, futures: Collection[Future[ResultT]], *, blocking: bool) -> None:
        """Withdraw tasks that have not started, and replace workers that hang in one that has.

        Parameters
        ----------
        blocking
            Whether to return only when both are done. Otherwise they are done in the background.
        """
        ...


def iterate_completed(
    dispatcher: Dispatcher[TaskT, ResultT], tasks: Sequence[TaskT], wanted: Callable[[], bool]
) -> Generator[tuple[TaskT, Future[ResultT]]]:
    """Submit tasks as capacity allows, and yield each with its future when it completes, in any order.

    Tasks that are still with the workers at the end are abandoned, whether the run was cancelled, lost its
    workers or was closed early.

    Raises
    ------
    ComputeLost
        If the dispatcher raises it.
    """
    waiting, pending, cancelled = iter(tasks), dict[Future[ResultT], TaskT](), False

    def fill() -> None:
        for task in islice(waiting, max(0, dispatcher.capacity - len(pending))):
            pending[dispatcher.submit(task)] = task

    try:
        while not (cancelled := not wanted()):
            fill()
            if not pending:
                return
            future = next(iter(wait(pending, POLL_SECONDS, FIRST_COMPLETED).done), None)
            if future is None:
                dispatcher.check_workers()
                continue
            task = pending.pop(future)
            fill()  # keeps the workers busy while the caller handles this result
            yield task, future
    finally:
        dispatcher.abandon(tuple(pending), blocking=cancelled)
