"""The port for running fits outside the server process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class TaskOutcome(Generic[TaskT, ResultT]):
    """A finished task with its result, or with the exception it raised."""

    task: TaskT
    result: ResultT | None = None
    error: Exception | None = None


def always() -> bool:
    """Return True: the run is wanted to its end."""
    return True


class Compute(Protocol[TaskT, ResultT]):
    """Runs fits outside the server process."""

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Make the workers import what fits need, without waiting for them.

        Parameters
        ----------
        prepare
            Called in each worker. An error in it is ignored here; the fits will meet it again.

        Raises
        ------
        ComputeLost
            If the pool is closed.
        """
        ...

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[TaskOutcome[TaskT, ResultT]]:
        """Yield each task once it is done, in any order. A task that raises does not affect the others.

        Parameters
        ----------
        wanted
            Called between tasks, and at least every half second while none finishes. Once it returns False
            the iterator ends without the remaining tasks. Tasks under way are waited for briefly; workers
            still busy after that are replaced.

        Raises
        ------
        ComputeLost
            If workers were lost. Tasks not yet yielded may or may not have run.
        """
        ...

    def close(self) -> None:
        """Release the workers, even busy ones."""
        ...
