"""How the tasks of a run reach workers: a few at a time, for as long as they are wanted."""

from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from typing import Protocol, TypeVar

TaskT = TypeVar("TaskT")
TaskT_contra = TypeVar("TaskT_contra", contravariant=True)
ResultT = TypeVar("ResultT")

LOOK_SECONDS = 0.5
"""How often is looked, while no task is done, whether they are still wanted."""

GRACE_SECONDS = 10.0
"""How long a task that nobody wants any more may go on before its worker is replaced."""


class Handover(Protocol[TaskT_contra, ResultT]):
    """The way of one run's tasks to the workers."""

    @property
    def room(self) -> int:
        """How many of the run's tasks may be with the workers together."""
        ...

    def hand_over(self, task: TaskT_contra) -> Future[ResultT]:
        """Give a task to the workers.

        Raises
        ------
        ComputeLost
            If there are none to be had.
        """
        ...

    def look(self) -> None:
        """Called every `LOOK_SECONDS` while no task is done.

        Raises
        ------
        ComputeLost
            If none will be.
        """
        ...

    def let_go(self, futures: Collection[Future[ResultT]], *, wait_for_them: bool) -> None:
        """Take back tasks that have not begun, and replace the workers that hang in one that has.

        Parameters
        ----------
        wait_for_them
            Return when that is done; else it is done in the background.
        """
        ...


def each_done(
    handover: Handover[TaskT, ResultT], tasks: Sequence[TaskT], wanted: Callable[[], bool]
) -> Generator[tuple[TaskT, Future[ResultT]]]:
    """Hand tasks over as there is room, and yield each as it is done, in any order.

    However it ends, at the last task, unwanted, lost or closed early: what is with the workers is let go.

    Raises
    ------
    ComputeLost
        As the handover does.
    """
    waiting, pending, unwanted = iter(tasks), dict[Future[ResultT], TaskT](), False

    def fill() -> None:
        for task in islice(waiting, max(0, handover.room - len(pending))):
            pending[handover.hand_over(task)] = task

    try:
        while not (unwanted := not wanted()):
            fill()
            if not pending:
                return
            future = next(iter(wait(pending, LOOK_SECONDS, FIRST_COMPLETED).done), None)
            if future is None:
                handover.look()
                continue
            task = pending.pop(future)
            fill()  # so that no worker waits while the caller looks at this one
            yield task, future
    finally:
        handover.let_go(tuple(pending), wait_for_them=unwanted)
